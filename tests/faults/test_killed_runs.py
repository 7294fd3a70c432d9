"""A run that is killed again and again ends where an undisturbed one ends, byte for byte.

`make test` does a few kills, `make test-faults` fifty; the moments come from a seed.
"""

import os
import random
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.workflow.project import Project, new_project

pytestmark = pytest.mark.workflow

FORKED, REAL = (1.0, 6.0), (3.0, 12.0)  # seconds before the first job, and those among which a kill falls
LONG = 50


def started(project: Project, *arguments: str, real: bool = False) -> subprocess.Popen[str]:
    """A run in a process group of its own, as in a terminal."""
    return subprocess.Popen(
        project.command("--cores", "2", *arguments, real=real),
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


def disturbed(
    project: Project, how: list[Callable[[subprocess.Popen[str]], None]], chance: random.Random, real: bool = False
) -> int:
    """Start, stop, start again ..., then let it end. Returns how often it was stopped before it ended by itself."""
    stopped, (start, spread) = 0, REAL if real else FORKED
    for stop in how:
        process = started(project, real=real)
        time.sleep(start + chance.random() * spread)
        if process.poll() is None:
            stop(process)
            stopped += 1
        process.communicate(timeout=300)
        assert process.returncode is not None
        project.snakemake("--unlock")
    project.run(real=real)
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
        kills += disturbed(project, [kill_all] * 10, chance, real=True)
        runs += 1
        same(project, finished)
        print(f"{kills} kills in {runs} runs", flush=True)
