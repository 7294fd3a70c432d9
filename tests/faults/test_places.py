"""Folders that cannot be written, or come from elsewhere."""

import shutil
import subprocess

import pytest

from tests.workflow.project import Project

pytestmark = pytest.mark.workflow


def read_only(project: Project, command: list[str]) -> subprocess.CompletedProcess[str]:
    """The command, where the results lie on a disk that cannot be written, whoever runs it."""
    mounted = 'mount --bind results results && mount -o remount,ro,bind results && exec "$@"'
    return subprocess.run(
        ["unshare", "--user", "--map-root-user", "--mount", "sh", "-c", mounted, "sh", *command],
        cwd=project.folder,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )


def test_a_read_only_results_folder_is_told_before_anything_runs(project: Project) -> None:
    if not shutil.which("unshare") or read_only(project, ["true"]).returncode:
        pytest.skip("no user namespaces here, by which a folder becomes read-only for root too")
    command = project.command("--cores", "1", real=True)  # a forked process would not see the mount
    assert "Nothing to be done" in read_only(project, [*command, "--dry-run"]).stdout
    project.result("tables/table2.tsv").unlink()
    before = project.artifacts()
    done = read_only(project, command)
    assert done.returncode != 0
    assert "Traceback" not in done.stdout
    assert "Error: results/tiny cannot be written: check who owns it, and whether its disk is read-only." in done.stdout
    project.edit("config/tiny.yaml", "grid: [0.5, 0.8]", "grid: [0.5, 0.9]")
    done = read_only(project, [*command, "--dry-run"])
    assert "Traceback" not in done.stdout
    assert "Error: the plan cannot be written: " in done.stdout and "read-only" in done.stdout
    assert project.artifacts() == before


def test_results_from_another_machine_are_current(finished: Project, project: Project) -> None:
    """With their times, as `rsync -a` brings them; without Snakemake's own notes."""
    shutil.rmtree(project.path(".snakemake"))
    assert project.planned() == set()


def test_results_that_lost_their_times_are_current_after_a_touch(finished: Project, project: Project) -> None:
    shutil.rmtree(project.path(".snakemake"))
    results = project.path("results")
    shutil.move(results, project.path("elsewhere"))
    shutil.copytree(project.path("elsewhere"), results, copy_function=shutil.copyfile)
    project.run("--touch")
    assert project.planned() == set()
    assert project.content() == finished.content()
