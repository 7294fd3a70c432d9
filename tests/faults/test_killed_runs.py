"""A run that is killed again and again ends where an undisturbed one ends, byte for byte.

`make test` does a few kills, `make test-faults` fifty; the moments come from a seed.
"""

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.faults.launch import after
from tests.workflow.project import Project, new_project

pytestmark = pytest.mark.workflow

START = 3.0  # seconds that Snakemake needs before the first job
SPREAD = 12.0  # and those among which a kill falls, of a run of one or two minutes
LONG = 50


def started(project: Project) -> subprocess.Popen[str]:
    """A run in a process group of its own, as in a terminal."""
    command = [sys.executable, "-m", "snakemake", "--configfile", project.config, "--cores", "2"]
    return subprocess.Popen(
        after("import signal; signal.signal(signal.SIGINT, signal.SIG_DFL)", command),
        cwd=project.folder,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )


def kill_all(process: subprocess.Popen[str]) -> None:
    os.killpg(process.pid, signal.SIGKILL)


def interrupt(process: subprocess.Popen[str]) -> None:
    os.killpg(process.pid, signal.SIGINT)


def terminate(process: subprocess.Popen[str]) -> None:
    process.terminate()


def disturbed(project: Project, how: list[Callable[[subprocess.Popen[str]], None]], chance: random.Random) -> int:
    """Start, stop, start again ..., then let it end. How often it was stopped before it ended by itself."""
    stopped = 0
    for stop in how:
        process = started(project)
        time.sleep(START + chance.random() * SPREAD)
        if process.poll() is None:
            stop(process)
            stopped += 1
        process.communicate(timeout=300)
        assert process.returncode is not None
        project.snakemake("--unlock")
    project.run()
    return stopped


def same(project: Project, finished: Project) -> None:
    found, expected = project.content(), finished.content()
    assert found.keys() == expected.keys(), sorted(found.keys() ^ expected.keys())
    assert [name for name in found if found[name] != expected[name]] == []
    assert project.planned() == set()
    rests = [path for path in project.result().rglob(".*") if ".part" in path.name]
    assert rests == []


def test_a_run_that_is_stopped_in_every_way_ends_as_an_undisturbed_one(finished: Project, tmp_path: Path) -> None:
    project = new_project(tmp_path / "project")
    assert disturbed(project, [kill_all, interrupt, kill_all, terminate], random.Random(1)) >= 3
    same(project, finished)


@pytest.mark.faults
@pytest.mark.timeout(3000)
def test_fifty_kills(finished: Project, tmp_path: Path) -> None:
    chance, kills, runs = random.Random(2), 0, 0
    while kills < LONG:
        project = new_project(tmp_path / f"run{runs}")
        kills += disturbed(project, [kill_all] * 10, chance)
        runs += 1
        same(project, finished)
        print(f"{kills} kills in {runs} runs", flush=True)
