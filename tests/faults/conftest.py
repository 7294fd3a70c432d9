"""The undisturbed run, and copies of it to spoil."""

from tests.workflow.conftest import finished, project

__all__ = ["finished", "project"]
