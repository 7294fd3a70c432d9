"""Prunings of one vector at many ratios: each is the model that a merge would make."""

from itertools import product

import numpy as np
import pytest

from tauspeech.vectors.execution import Execution
from tauspeech.vectors.prunings import Prunings
from tests.vectors import references
from tests.vectors.references import assert_rounded

PAPERS = [0.01, 0.02, 0.03, 0.05], [0.1, 0.2, 0.4, 0.6]
SHAPES = {"tall": (60, 21), "wide": (12, 50), "conv": (6, 4, 3), "square": (30, 30), "bias": (17,), "norm.weight": (5,)}
SHAPES |= {"scalar": (), "nothing": (0, 3), "norm.running_var": (5,)}


def points(ranks, keeps):
    """Every pruning with these ratios: each method alone, and both."""
    found = [{"method": "svd", "rank": rank, "keep": 0} for rank in ranks]
    found += [{"method": "magnitude", "rank": 0, "keep": keep} for keep in keeps]
    return found + [{"method": "lors", "rank": rank, "keep": keep} for rank in ranks for keep in keeps]


@pytest.fixture
def models(lab):
    """A base, and a fine-tune of it where some tensors did not move and many entries moved as far as others."""
    numbers = np.random.default_rng(3)
    base = {name: np.asarray(numbers.random(shape), np.float32) for name, shape in SHAPES.items()}
    tuned = {
        name: np.asarray(values + 0.1 * numbers.standard_normal(values.shape), np.float32)
        for name, values in base.items()
    }
    tuned["norm.weight"] = base["norm.weight"]
    tuned["norm.running_var"] = np.abs(tuned["norm.running_var"])
    tuned["square"] = base["square"] + np.float32(0.125) * numbers.integers(-2, 3, SHAPES["square"]).astype(np.float32)
    lab.model("base", base)
    lab.model("a", tuned)
    lab.vector("tau", "base", "a")
    return base, tuned


def searched(lab, ranks, keeps, threads=1):
    tried = product({0.0, *ranks}, {0.0, *keeps})
    return Prunings(lab.recipe("task_arithmetic", ["tau.safetensors"]), tried, Execution(threads))


def options_of(point):
    """As a recipe has them."""
    return {
        "svd": {"rank": point["rank"]},
        "magnitude": {"keep": point["keep"]},
        "lors": {"rank": point["rank"], "keep": point["keep"]},
    }[point["method"]]


@pytest.mark.parametrize(
    ("ranks", "keeps", "threads"), [(*PAPERS, 1), ([0.5, 0.07, 1.0], [1.0, 0.3], 2), ([1], [1], 1), ([0.1], [0.2], 1)]
)
def test_every_pruning_is_the_model_that_a_merge_would_make(lab, models, ranks, keeps, threads):
    prunings = searched(lab, ranks, keeps, threads)
    for point in points(ranks, keeps):
        merged = lab.merge(point["method"], ["tau.safetensors"], options_of(point))
        pruned = dict(prunings.at(point["rank"], point["keep"]))
        assert pruned.keys() == merged.tensors.keys()
        for name, values in pruned.items():
            assert values.shape == SHAPES[name]
            assert values.tobytes() == merged.tensors[name].numpy().tobytes(), (point, name)


def test_every_pruning_is_the_papers_formula(lab, models):
    base, tuned = models
    tau = references.difference(tuned, base)
    prunings = searched(lab, *PAPERS)
    for point in points(*PAPERS):
        phi = references.phi(point["method"], options_of(point), [tau], [1.0])
        for name, values in prunings.at(point["rank"], point["keep"]):
            change = tau[name] if "running" in name else phi[name]
            assert_rounded(values.astype(np.float64), base[name], change, slack=1e-6 * np.linalg.norm(tau[name]))


def test_the_order_of_prunings_does_not_matter(lab, models):
    prunings = searched(lab, *PAPERS)
    places = [(point["rank"], point["keep"]) for point in points(*PAPERS)]
    there = {place: {name: values.tobytes() for name, values in prunings.at(*place)} for place in places}
    back = {place: {name: values.tobytes() for name, values in prunings.at(*place)} for place in reversed(places)}
    assert there == back


def test_nothing_left_is_the_base_and_everything_left_the_fine_tune(lab, models):
    base, tuned = models
    whole = lab.merge("task_arithmetic", ["tau.safetensors"])
    prunings = searched(lab, [0, 1], [0, 1])  # as for the figure
    for name, values in prunings.at(0, 0):
        assert "running" in name or values.tobytes() == base[name].tobytes()
    for rank, keep in ((1, 0), (0, 1), (1, 1)):
        for name, values in prunings.at(rank, keep):
            assert values.tobytes() == whole.tensors[name].numpy().tobytes()
            np.testing.assert_allclose(values, tuned[name], atol=1e-6)
