"""Settings of all tests; finished runs of the tiny configurations, each made once, and private copies to change."""

import fcntl
import os
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import settings

from tests.workflow.project import Project, new_project

# Machines are busy and differ: a property is about results, never about time.
settings.register_profile("tauspeech", deadline=None)
settings.load_profile("tauspeech")

# Files that take longest are begun first, so that two workers end together.
LONGEST = ("tests/workflow/", "tests/faults/", "tests/bad_inputs/", "tests/vectors/")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    def place(item: pytest.Item) -> int:
        found = [number for number, folder in enumerate(LONGEST) if item.nodeid.startswith(folder)]
        return found[0] if found else len(LONGEST)

    items.sort(key=place)  # stable


def made_once(
    factory: pytest.TempPathFactory, name: str, config: str, make: Callable[[Project], object] = Project.run
) -> Project:
    """A finished run, shared by all workers of this session: the first that needs it makes it."""
    folder = factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        folder = folder.parent
    project, done = Project(folder / name / "project", f"config/{config}"), folder / f"{name}.done"
    with (folder / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not done.exists():
            make(new_project(project.folder, config))
            done.touch()
    return project


@pytest.fixture(scope="session")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Project:
    return made_once(tmp_path_factory, "finished", "tiny.yaml")


@pytest.fixture(scope="session")
def finished_lors(tmp_path_factory: pytest.TempPathFactory) -> Project:
    return made_once(tmp_path_factory, "finished-lors", "lors_tiny.yaml")


@pytest.fixture
def project(finished: Project, tmp_path: Path) -> Project:
    """A copy of the finished run."""
    return finished.copied_to(tmp_path / "project")


@pytest.fixture
def lors_project(finished_lors: Project, tmp_path: Path) -> Project:
    """A copy of the finished run of the second experiment."""
    return finished_lors.copied_to(tmp_path / "project")


@pytest.fixture
def fresh(tmp_path: Path) -> Callable[[], Project]:
    """A project without results."""
    return lambda: new_project(tmp_path / "fresh")
