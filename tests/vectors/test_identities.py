"""Identities that hold for all numbers."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from tauspeech.vectors.execution import Execution
from tauspeech.vectors.sources import Sources
from tauspeech.vectors.sweep import Sweep
from tests.vectors.lab import EVERY_METHOD, Lab, Output, chunks_of

# However busy the machine is, it is results that are tested.
repeatable = settings(derandomize=True, max_examples=20, suppress_health_check=[HealthCheck.too_slow])

# Tensors of any finite numbers whose differences float32 can hold.
numbers = st.floats(-(2.0**126), 2.0**126, width=32)
shapes = array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=5)


@st.composite
def models(draw, count: int) -> list[dict[str, np.ndarray]]:
    """Models of the same few tensors."""
    kinds = draw(st.lists(shapes, min_size=1, max_size=3))
    return [
        {f"x{i}": draw(arrays(np.float32, shape, elements=numbers)) for i, shape in enumerate(kinds)}
        for _ in range(count)
    ]


@contextmanager
def lab_with(*contents: dict[str, np.ndarray]) -> Iterator[Lab]:
    """A base and fine-tunes a, b, c."""
    with tempfile.TemporaryDirectory() as folder:
        lab = Lab(Path(folder))
        for name, content in zip(["base", *"abc"], contents, strict=False):
            lab.model(name, content, config={"tie_word_embeddings": False})
        yield lab


def same(out: Output, content: dict[str, np.ndarray]) -> bool:
    """Equal bit by bit: 0 and -0 differ."""
    return all(out.tensors[name].numpy().tobytes() == values.tobytes() for name, values in content.items())


def ulps(where: np.ndarray) -> np.ndarray:
    return np.spacing(np.abs(where).astype(np.float32)).astype(np.float64)


@given(models(4), st.lists(st.floats(-0.3, 0.3), min_size=3, max_size=3), st.integers(0, 2**40))
@repeatable
def test_keeping_everything_is_task_arithmetic(contents, weights, seed):
    with lab_with(*contents) as lab:
        vectors = [{"path": key, "weight": weight} for key, weight in zip("abc", weights, strict=True)]
        expected = lab.merge("task_arithmetic", vectors).bytes
        for method, options in (
            ("dare", {"keep": 1}),
            ("magnitude", {"keep": 1.0}),
            ("svd", {"rank": 1}),
            ("lors", {"rank": 1, "keep": 0.3}),
            ("lors", {"rank": 0.3, "keep": 1.0}),
        ):
            assert lab.merge(method, vectors, options, seed=seed).bytes == expected, method


@given(models(2), st.sampled_from(["global", "tensor"]), st.floats(-1, 1))
@repeatable
def test_one_vector_elects_itself(contents, scope, weight):
    with lab_with(*contents) as lab:
        vectors = [{"path": "a", "weight": weight}]
        ties = lab.merge("ties", vectors, {"keep": 1, "scope": scope})
        assert ties.bytes == lab.merge("task_arithmetic", vectors).bytes


@given(models(2))
@repeatable
def test_a_vector_leads_from_the_base_to_the_fine_tune_and_back(contents):
    base, tuned = contents
    with lab_with(base, tuned) as lab:
        there = lab.merge("task_arithmetic", ["a"])
        for name in base:
            # The difference is rounded where it is largest: one unit in the last place of the larger of the two.
            larger = np.maximum(np.abs(base[name]), np.abs(tuned[name]))
            assert np.all(np.abs(there[name] - tuned[name]) <= ulps(larger))
        assert same(lab.merge("task_arithmetic", ["a"], scale=0), base)
        assert same(lab.merge("task_arithmetic", ["a", {"path": "a", "weight": -1}]), base)
        assert same(lab.merge("task_arithmetic", ["base"]), base)


def test_a_fine_tune_near_its_base_comes_back_within_one_ulp(lab):
    generator = np.random.default_rng(1)
    base = {"x": generator.standard_normal((300, 70)).astype(np.float32)}
    tuned = {"x": base["x"] + 1e-3 * generator.standard_normal((300, 70), np.float32)}
    lab.model("base", base)
    lab.model("a", tuned)
    for method, options in (
        ("task_arithmetic", {}),
        ("average", {}),
        ("ties", {"keep": 1}),
        ("lors", {"rank": 1, "keep": 0}),
    ):
        np.testing.assert_array_max_ulp(lab.merge(method, ["a"], options).tensors["x"].numpy(), tuned["x"], 1)


@given(models(4))
@repeatable
def test_an_average_is_the_mean_of_the_fine_tunes(contents):
    base, *tuned = contents
    with lab_with(*contents) as lab:
        mean = lab.merge("average", ["a", "b", "c"])
        for name in base:
            exact = sum(each[name].astype(np.float64) for each in tuned) / 3
            largest = np.max([np.abs(each[name]) for each in contents], axis=0)
            assert np.all(np.abs(mean[name] - exact) <= 3 * ulps(largest))
        assert lab.merge("average", [{"path": key, "weight": 4} for key in "abc"]).bytes == mean.bytes
        half = lab.merge("average", [{"path": "a", "weight": -2}])
        assert half.bytes == lab.merge("task_arithmetic", ["a"]).bytes


@given(models(3), st.sampled_from([0.05, 0.3, 0.77]), st.sampled_from([0.05, 0.3, 0.77]))
@repeatable
def test_lors_without_one_half_is_the_other(contents, rank, keep):
    with lab_with(*contents) as lab:
        vectors = [{"path": "a", "weight": 0.3}, {"path": "b", "weight": -0.2}]
        sparse = lab.merge("lors", vectors, {"rank": 0, "keep": keep})
        assert sparse.bytes == lab.merge("magnitude", vectors, {"keep": keep}).bytes
        low = lab.merge("lors", vectors, {"rank": rank, "keep": 0})
        assert low.bytes == lab.merge("svd", vectors, {"rank": rank}).bytes
        nothing = lab.merge("lors", vectors, {"rank": 0, "keep": 0})
        assert same(nothing, contents[0])


@given(models(3), st.floats(-0.5, 0.5), st.floats(-0.5, 0.5))
@repeatable
def test_a_merge_of_one_vector_is_that_vector(contents, one, other):
    with lab_with(*contents) as lab:
        plain = [{"path": "a", "weight": one}, {"path": "b", "weight": other, "id": "z"}]
        inner = {"method": "task_arithmetic", "vectors": [{"path": "b"}]}
        nested = [{"path": "a", "weight": one}, {"merge": inner, "weight": other, "id": "z"}]
        for method, options in EVERY_METHOD:
            # An average divides by the sum of its weights.
            if method != "average" or one + other != 0:
                expected = lab.merge(method, plain, options, scale=2**-20)
                assert lab.merge(method, nested, options, scale=2**-20).bytes == expected.bytes, method


@given(models(4), st.lists(st.floats(-0.3, 0.3), min_size=3, max_size=3), st.floats(-1, 1))
@repeatable
def test_weights_and_scale_are_one_factor(contents, weights, scale):
    with lab_with(*contents) as lab:
        by_weight = [{"path": key, "weight": weight * scale} for key, weight in zip("abc", weights, strict=True)]
        by_scale = [{"path": key, "weight": weight} for key, weight in zip("abc", weights, strict=True)]
        for method, options in (("task_arithmetic", {}), ("magnitude", {"keep": 0.5}), ("dare", {"keep": 0.5})):
            one, other = lab.merge(method, by_weight, options), lab.merge(method, by_scale, options, scale=scale)
            for name in contents[0]:
                largest = np.max([np.abs(each[name].astype(np.float64)) for each in contents], axis=0)
                assert np.all(np.abs(one[name] - other[name]) <= 8 * ulps(largest))


@pytest.mark.parametrize(("method", "options"), EVERY_METHOD)
def test_a_sweep_is_the_merge_at_each_scale(lab, method, options):
    generator = np.random.default_rng(3)
    kinds = {"x.weight": (30, 20), "x.conv": (4, 3, 2), "x.scalar": (), "x.nothing": (0, 2), "x.running_var": (20,)}
    for name in ("base", *"ab"):
        content = {key: np.asarray(generator.random(shape), np.float32) for key, shape in kinds.items()}
        content["x.weight"][:5] = -0.0
        lab.model(name, content)
    vectors = [{"path": "a", "weight": 0.6}, {"path": "b", "weight": {"x.conv": 0, "default": 1.5}}]
    with chunks_of(64):
        sources = Sources(lab.recipe(method, vectors, options), Execution())
        sweep = Sweep(sources.base, sources.phi(), sources.execution)
    for scale in (0.0, 0.35, 1.0, 1.7, -0.4):
        out = lab.merge(method, vectors, options, scale=scale, dtype="float32")
        assert same(out, dict(sweep.at(scale)))
        assert {name for name, _ in sweep.at(scale)} == kinds.keys()
