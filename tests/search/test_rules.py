"""Rules of choice: what a search takes, from the scores of all candidates."""

import pytest

from tauspeech.search.rules import choose
from tauspeech.vectors.recipe import Recipe


def scales(curve):
    return [{"scale": scale, "score": score} for scale, score in curve.items()]


def prunings(scores, method="lors"):
    return [{"method": method, "rank": rank, "keep": keep, "score": score} for (rank, keep), score in scores.items()]


def test_without_a_rule_nothing_is_chosen():
    assert choose(None, scales({0.1: 1.0})) == {}


@pytest.mark.parametrize(
    ("curve", "tolerance", "scale"),
    [
        ({0.1: 50.0, 0.2: 79.5, 0.3: 80.5, 0.4: 81.0, 0.5: 70.0}, 2.0, 0.2),
        ({0.1: 50.0, 0.2: 79.5, 0.3: 80.5, 0.4: 81.0, 0.5: 70.0}, 0.0, 0.4),
        ({0.1: 80.0, 0.2: 80.0, 0.3: 80.0}, 0.0, 0.1),
        ({0.1: 79.0, 0.2: 80.0}, 1.0, 0.1),  # the tolerance itself is within it
        ({0.1: -30.0, 0.2: -10.0, 0.3: -9.0}, 0.5, 0.3),
        ({0.5: 80.0, 0.1: 80.0}, 0.0, 0.1),  # in any order
        ({0.7: 0.0}, 1.0, 0.7),
    ],
)
def test_the_smallest_scale_near_the_best_is_chosen(curve, tolerance, scale):
    assert choose({"kind": "smallest_scale", "tolerance": tolerance}, scales(curve)) == {"scale": scale}


def test_the_smallest_strength_near_the_best_is_chosen():
    points = [{"strength": strength, "score": score} for strength, score in ((8, 81.0), (2, 79.0), (1, 60.0))]
    assert choose({"kind": "smallest_strength", "tolerance": 2.0}, points) == {"strength": 2}


@pytest.mark.parametrize(
    ("method", "scores", "chosen"),
    [
        ("svd", {(0.01, 0): 10.0, (0.02, 0): 30.0, (0.05, 0): 20.0}, {"rank": 0.02}),
        ("svd", {(0.01, 0): -10.0, (0.02, 0): -30.0}, {"rank": 0.01}),
        ("magnitude", {(0, 0.6): 5.0, (0, 0.1): 7.0, (0, 0.4): 7.0}, {"keep": 0.1}),
        ("lors", {(0.05, 0.1): 7.0, (0.01, 0.6): 7.5, (0.01, 0.1): 7.0}, {"rank": 0.01, "keep": 0.6}),
        ("lors", {(0.05, 0.2): 7.0, (0.02, 0.2): 7.0, (0.02, 0.4): 7.0}, {"rank": 0.02, "keep": 0.2}),
        ("lors", {(0.5, 0.1): 7.0, (0.1, 0.5): 7.0}, {"rank": 0.5, "keep": 0.1}),
    ],
)
def test_the_best_ratios_are_chosen_and_of_equal_ones_those_that_keep_least(method, scores, chosen):
    found = prunings(scores, method)
    rule = {"kind": "smallest_ratios"}
    assert choose(rule, found) == choose(rule, found[::-1]) == {method: chosen}


def test_ratios_are_chosen_for_each_method_and_its_recipe_takes_them(tmp_path):
    points = [
        *prunings({(0.1, 0.0): 1.0, (0.2, 0.0): 2.0}, "svd"),
        *prunings({(0.0, 0.3): 9.0, (0.0, 0.4): 8.0}, "magnitude"),
        *prunings({(0.1, 0.3): 5.0, (0.2, 0.4): 6.0}, "lors"),
    ]
    chosen = choose({"kind": "smallest_ratios"}, points)
    assert chosen == {"svd": {"rank": 0.2}, "magnitude": {"keep": 0.3}, "lors": {"rank": 0.2, "keep": 0.4}}
    for method, options in chosen.items():
        content = {"base": "b", "method": method, "options": options, "vectors": [{"path": "v.safetensors"}]}
        assert Recipe.parse(content, tmp_path).as_mapping()["options"] == options  # which refuses unknown options


def test_the_best_weights_are_taken_and_of_equal_ones_the_smallest():
    points = [
        {"weights": {"de": de, "lc": lc}, "score": score}
        for de, lc, score in ((1, 0.5, 20), (0.4, 0.5, 20), (0.2, 0, 19))
    ]
    assert choose({"kind": "best_weights"}, points) == {"de": 0.4, "lc": 0.5}
