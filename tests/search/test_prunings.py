"""The search for ratios: what it tries, that each try is what a merge would make, and what it takes."""

import numpy as np
import pytest
from choose_ratios import best, points

from tauspeech.vectors.execution import Execution
from tauspeech.vectors.prunings import Prunings
from tests.vectors import references
from tests.vectors.references import assert_rounded

PAPERS = [0.01, 0.02, 0.03, 0.05], [0.1, 0.2, 0.4, 0.6]
SHAPES = {"tall": (60, 21), "wide": (12, 50), "conv": (6, 4, 3), "square": (30, 30), "bias": (17,), "norm.weight": (5,)}
SHAPES |= {"scalar": (), "nothing": (0, 3), "norm.running_var": (5,)}


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
    return Prunings(lab.recipe("task_arithmetic", ["tau.safetensors"]), ranks, keeps, Execution(threads))


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
def test_every_try_is_the_model_that_a_merge_would_make(lab, models, ranks, keeps, threads):
    prunings = searched(lab, ranks, keeps, threads)
    for point in points(ranks, keeps):
        merged = lab.merge(point["method"], ["tau.safetensors"], options_of(point))
        tried = dict(prunings.at(point["rank"], point["keep"]))
        assert tried.keys() == merged.tensors.keys()
        for name, values in tried.items():
            assert values.shape == SHAPES[name]
            assert values.tobytes() == merged.tensors[name].numpy().tobytes(), (point, name)


def test_every_try_is_the_papers_formula(lab, models):
    base, tuned = models
    tau = references.difference(tuned, base)
    prunings = searched(lab, *PAPERS)
    for point in points(*PAPERS):
        phi = references.phi(point["method"], options_of(point), [tau], [1.0])
        for name, values in prunings.at(point["rank"], point["keep"]):
            change = tau[name] if "running" in name else phi[name]
            assert_rounded(values.astype(np.float64), base[name], change, slack=1e-6 * np.linalg.norm(tau[name]))


def test_the_order_of_the_tries_does_not_matter(lab, models):
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


# What is tried and what is taken


def test_the_papers_grids_are_covered_by_each_method_alone_and_by_both():
    ranks, keeps = PAPERS
    tried = points(ranks, keeps)
    assert [point["method"] for point in tried] == ["svd"] * 4 + ["magnitude"] * 4 + ["lors"] * 16
    places = {(point["method"], point["rank"], point["keep"]) for point in tried}
    assert places == {
        *(("svd", rank, 0) for rank in ranks),
        *(("magnitude", 0, keep) for keep in keeps),
        *(("lors", rank, keep) for rank in ranks for keep in keeps),
    }


@pytest.mark.parametrize(
    ("scores", "taken"),
    [
        ({(0.01, 0): 10.0, (0.02, 0): 30.0, (0.05, 0): 20.0}, {"rank": 0.02}),
        ({(0.01, 0): -10.0, (0.02, 0): -30.0}, {"rank": 0.01}),
        ({(0, 0.6): 5.0, (0, 0.1): 7.0, (0, 0.4): 7.0}, {"keep": 0.1}),
        ({(0.05, 0.1): 7.0, (0.01, 0.6): 7.5, (0.01, 0.1): 7.0}, {"rank": 0.01, "keep": 0.6}),
        ({(0.05, 0.2): 7.0, (0.02, 0.2): 7.0, (0.02, 0.4): 7.0}, {"rank": 0.02, "keep": 0.2}),
        ({(0.5, 0.1): 7.0, (0.1, 0.5): 7.0}, {"rank": 0.5, "keep": 0.1}),
    ],
)
def test_the_best_on_validation_is_taken_and_of_equal_ones_what_keeps_least(scores, taken):
    found = [{"rank": rank, "keep": keep, "score": score} for (rank, keep), score in scores.items()]
    assert best(found) == best(found[::-1]) == taken


def test_what_is_taken_are_options_that_a_recipe_of_the_method_has(lab, models):
    by_method = {}
    for number, point in enumerate(points(*PAPERS)):
        by_method.setdefault(point["method"], []).append(point | {"score": float(number % 3)})
    taken = {method: best(found) for method, found in by_method.items()}
    assert {method: set(options) for method, options in taken.items()} == {
        "svd": {"rank"},
        "magnitude": {"keep"},
        "lors": {"rank", "keep"},
    }
    for method, options in taken.items():
        lab.recipe(method, ["tau.safetensors"], options)  # which refuses what it does not know
