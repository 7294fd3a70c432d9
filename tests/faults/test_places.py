"""Folders that are used by two runs, cannot be written, or come from elsewhere."""

import shutil
import subprocess
import sys
import time

import pytest

from tests.faults.test_killed_runs import kill_all, started
from tests.workflow.project import Project

pytestmark = pytest.mark.workflow


def test_a_second_run_in_one_folder_is_refused_and_the_first_goes_on(project: Project) -> None:
    whole = project.content()
    project.result("vectors/berlin-wall.safetensors").unlink()
    first = started(project)
    try:
        locks = project.path(".snakemake/locks")
        until = time.monotonic() + 120
        while not (locks.is_dir() and any(locks.iterdir())):
            assert first.poll() is None and time.monotonic() < until, "no lock came"
            time.sleep(0.05)
        second = project.snakemake("--cores", "1")
        assert second.returncode != 0
        assert "cannot be locked" in second.stdout
        assert "--unlock" in second.stdout
        told, _ = first.communicate(timeout=300)
    finally:
        if first.poll() is None:
            kill_all(first)
    assert first.returncode == 0, told[-3000:]
    assert project.content() == whole


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
    command = [sys.executable, "-m", "snakemake", "--configfile", project.config, "--cores", "1"]
    assert "Nothing to be done" in read_only(project, [*command, "--dry-run"]).stdout
    project.result("tables/table2.tsv").unlink()
    before = project.artifacts()
    done = read_only(project, command)
    assert done.returncode != 0
    assert "Traceback" not in done.stdout
    assert "Error: results/tiny cannot be written: look who owns it, or whether its disk is read-only." in done.stdout
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
