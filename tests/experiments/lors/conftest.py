"""Plans of the experiment lors, in a folder of their own."""

import pytest

from tauspeech.experiments.lors.plan import plan as plan_of
from tauspeech.plan.config import complete
from tests.plan.small import folder

__all__ = ["folder"]

HIGH, LOW = ["ca", "de", "es", "fr", "it"], ["id", "nl", "pt", "ru", "sv"]
BASIS = {"name": "t", "experiment": "lors", "base": "foundation/multilingual-tiny"}
BOTH = {"high": {"languages": HIGH}, "low": {"languages": LOW}}


@pytest.fixture
def plan(folder):
    def make(**sections):
        config = BASIS | {"groups": {"high": {"languages": HIGH}}, "scoring": {"sclite": False}} | sections
        return plan_of(complete(config, "c.yaml"), folder / "results" / "t")

    return make
