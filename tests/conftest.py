"""Settings of all tests; finished runs of the tiny configurations, each made once, and private copies to change."""

from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import settings

from tests.sharing import made_once
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


@pytest.fixture(scope="session")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Project:
    return finished_run(tmp_path_factory, "tiny.yaml")


@pytest.fixture(scope="session")
def finished_lors(tmp_path_factory: pytest.TempPathFactory) -> Project:
    return finished_run(tmp_path_factory, "lors_tiny.yaml")


@pytest.fixture(scope="session")
def finished_syn2real(tmp_path_factory: pytest.TempPathFactory) -> Project:
    return finished_run(tmp_path_factory, "syn2real_tiny.yaml")


def finished_run(factory: pytest.TempPathFactory, config: str) -> Project:
    folder = made_once(factory, f"finished-{config}", lambda folder: new_project(folder / "project", config).run())
    return Project(folder / "project", f"config/{config}")


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
