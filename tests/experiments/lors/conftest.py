"""A folder of their own for plans."""

from tests.plan.small import folder

__all__ = ["folder"]
