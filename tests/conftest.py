"""Settings of all tests; finished runs of the tiny configurations, each made once, and private copies to change."""

from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import settings

from tests.workflow.project import Project, new_project

# Machines are busy and differ: a property is about results, never about time.
settings.register_profile("tauspeech", deadline=None)
settings.load_profile("tauspeech")


@pytest.fixture(scope="session")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Project:
    project = new_project(tmp_path_factory.mktemp("finished") / "project")
    project.run()
    return project


@pytest.fixture(scope="session")
def finished_lors(tmp_path_factory: pytest.TempPathFactory) -> Project:
    project = new_project(tmp_path_factory.mktemp("finished-lors") / "project", "lors_tiny.yaml")
    project.run()
    return project


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
