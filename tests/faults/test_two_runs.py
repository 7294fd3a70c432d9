"""Two runs in one folder at the same time: of two names side by side, of one name refused."""

import os
import signal
import subprocess
import time
from collections.abc import Iterator

import pytest

from tests.faults.test_killed_runs import kill_all, started
from tests.workflow.project import Project

pytestmark = pytest.mark.workflow

TARGET = "tables/table1.tsv"
IN_PROGRESS = "Error: another run of results/tiny is in progress"


@pytest.fixture
def held(project: Project) -> Iterator[subprocess.Popen[str]]:
    """A run that is stopped in the middle of its only job, and goes on with SIGCONT."""
    log = project.result("logs/table/table1.log")
    log.unlink()
    project.result(TARGET).unlink()
    run = started(project, f"results/tiny/{TARGET}", real=True)
    try:
        until = time.monotonic() + 120
        while not log.exists():
            assert run.poll() is None and time.monotonic() < until, "the job did not start"
            time.sleep(0.01)
        os.killpg(run.pid, signal.SIGSTOP)
        yield run
    finally:
        if run.poll() is None:
            kill_all(run)
        run.communicate()


def of_another_name(project: Project) -> Project:
    """The same experiment under another name, of which all but the report is there."""
    other = Project(project.folder, "config/second.yaml")
    text = project.path(project.config).read_text("utf-8").replace("name: tiny", "name: second")
    other.path(other.config).write_text(text, "utf-8")
    subprocess.run(["cp", "-a", "results/tiny", "results/second"], cwd=project.folder, check=True)
    other.result("plan/.lock").unlink()
    return other


def refused(project: Project, *arguments: str) -> str:
    done = project.snakemake("--cores", "1", *arguments)
    assert done.returncode != 0, done.stdout
    assert "Traceback" not in done.stdout
    return done.stdout


def test_runs_of_two_names_go_side_by_side_and_a_second_of_one_name_is_refused(
    finished: Project, project: Project, held: subprocess.Popen[str]
) -> None:
    """Also after the end of the other run, which removes Snakemake's locks of both."""
    told = refused(project)
    assert "cannot be locked" in told and "--unlock" in told
    dry = project.snakemake("--cores", "1", "--dry-run")
    assert dry.returncode == 0 and "make_table" in dry.stdout
    locks = project.path(".snakemake/locks")
    assert any(locks.iterdir())

    other = of_another_name(project)
    told = other.run()
    assert "write_report 1/1" in told and "Traceback" not in told
    assert other.result("report.html").read_bytes() != project.result("report.html").read_bytes()
    assert other.planned() == set()

    assert not locks.is_dir() or not any(locks.iterdir())
    assert f"{IN_PROGRESS}: wait until it has ended." in refused(project)
    before = project.result("plan/plan.json").read_bytes()
    changed = project.path(project.config).read_text("utf-8")
    project.edit(project.config, "grid: [0.5, 0.8]", "grid: [0.5, 0.9]")
    assert f"{IN_PROGRESS} and its plan has changed" in refused(project)
    assert project.result("plan/plan.json").read_bytes() == before
    project.path(project.config).write_text(changed, "utf-8")

    os.killpg(held.pid, signal.SIGCONT)
    told, _ = held.communicate(timeout=120)
    assert held.returncode == 0, told[-3000:]
    project.run()
    assert project.content() == finished.content()
