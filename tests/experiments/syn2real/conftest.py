"""Plans of the experiment syn2real, in a folder of their own."""

import pytest

from tauspeech.experiments.syn2real.plan import plan as plan_of
from tauspeech.plan.config import complete
from tests.plan.small import folder

__all__ = ["folder"]

BASIS = {"name": "t", "experiment": "syn2real", "base": "foundation/english-test"}
FOUR = ["cooking", "music", "social", "weather"]


@pytest.fixture
def plan(folder):
    def make(**sections):
        return plan_of(complete(BASIS | sections, "c.yaml"), folder / "results" / "t")

    return make


def ancestors(job):
    """A job with everything that it is made of, by stage and id."""
    found, queue = {}, [job]
    while queue:
        each = queue.pop()
        if (each.stage, each.id) not in found:
            found[each.stage, each.id] = each
            queue += each.parents
    return found
