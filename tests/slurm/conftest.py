"""The run that one through Slurm is held against."""

from tests.workflow.conftest import finished

__all__ = ["finished"]
