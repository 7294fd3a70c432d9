"""Signed sums of vectors: negation, analogies, differences to another model, nested merges, weights of parts."""

import numpy as np
import pytest

from tests.vectors.lab import Lab
from tests.vectors.references import assert_rounded, difference, phi

SHAPES = {
    "model.encoder.layers.0.self_attn.weight": (4, 4),
    "model.encoder.layers.1.self_attn.weight": (4, 4),
    "model.encoder.layers.10.self_attn.weight": (4, 4),
    "model.encoder.conv1.bias": (5,),
    "model.decoder.layers.0.encoder_attn.weight": (4, 3),
    "model.decoder.layers.0.self_attn.weight": (3, 4),
    "proj.weight": (2, 4),
}
MODELS = ("base", "one", "two", "three", "four")


@pytest.fixture
def models(lab) -> dict[str, dict[str, np.ndarray]]:
    content = {}
    for seed, name in enumerate(MODELS):
        generator = np.random.default_rng(seed)
        content[name] = {key: generator.standard_normal(shape).astype(np.float32) for key, shape in SHAPES.items()}
        lab.model(name, content[name])
    return content


def minus(models, finetuned: str, reference: str = "base") -> dict[str, np.ndarray]:
    return difference(models[finetuned], models[reference])


def assert_is(out, models, change: dict[str, np.ndarray], base: str = "base", scale: float = 1.0) -> None:
    for name in SHAPES:
        assert_rounded(out[name], models[base][name], change[name], scale, slack=2e-7)


def test_a_negative_weight_takes_a_task_away(lab, models):
    out = lab.merge("task_arithmetic", [{"path": "one", "weight": -0.6}])
    assert_is(out, models, {name: -0.6 * tau for name, tau in minus(models, "one").items()})


def test_an_analogy_is_a_signed_sum(lab, models):
    """tau_3 + tau_2 - tau_1: language 2 of the task that 3 does in language 1."""
    taus = {name: minus(models, name) for name in MODELS[1:]}
    out = lab.merge("task_arithmetic", ["three", "two", {"path": "one", "weight": -1}])
    assert_is(out, models, {name: taus["three"][name] + taus["two"][name] - taus["one"][name] for name in SHAPES})


@pytest.mark.parametrize("as_file", [False, True])
def test_synthetic_to_real_is_a_difference_of_two_fine_tunes(lab, models, as_file):
    """theta_T,syn + lambda (theta_S,real - theta_S,syn), with the difference computed here or read from a file."""
    path = "real-less-syn.safetensors" if as_file else "two"
    if as_file:
        lab.vector("real-less-syn", base="three", finetuned="two")
    out = lab.merge("task_arithmetic", [{"path": path, "reference": "three"}], base="one", scale=0.7)
    assert_is(out, models, minus(models, "two", "three"), base="one", scale=0.7)


def test_a_vector_of_another_model_needs_its_reference(lab, models):
    lab.vector("v", base="three", finetuned="two")
    with lab.refused(
        r"v.safetensors was made from a model with fingerprint .*, but .*one has .* as the vector's reference"
    ):
        lab.merge("task_arithmetic", ["v.safetensors"], base="one")
    with lab.refused("was made from a model with fingerprint"):
        lab.merge("task_arithmetic", [{"path": "v.safetensors", "reference": "four"}], base="one")


def test_the_ensemble_of_synthetic_to_real_is_a_merge_in_a_merge(lab, models):
    """theta_T,syn + lambda / |S| sum_i (theta_i,real - theta_i,syn)."""
    pairs = [{"path": "two", "reference": "three"}, {"path": "four", "reference": "base"}]
    inner = {"merge": {"method": "average", "vectors": pairs}, "weight": 0.4}
    out = lab.merge("task_arithmetic", [inner], base="one")
    one, other = minus(models, "two", "three"), minus(models, "four", "base")
    assert_is(out, models, {name: 0.4 * (one[name] + other[name]) / 2 for name in SHAPES}, base="one")


def test_a_merge_in_a_merge_is_pruned_and_scaled_as_one_vector(lab, models):
    taus = [minus(models, name) for name in ("one", "two", "three")]
    for inner_method, inner_options in (("ties", {"keep": 0.6}), ("svd", {"rank": 0.5}), ("magnitude", {"keep": 0.3})):
        inner = {
            "method": inner_method,
            "options": inner_options,
            "scale": 0.8,
            "vectors": [{"path": "one"}, {"path": "two"}],
        }
        for method, options in (("ties", {"keep": 0.5, "scope": "tensor"}), ("lors", {"rank": 0.3, "keep": 0.2})):
            out = lab.merge(method, [{"merge": inner, "weight": 0.5}, {"path": "three", "weight": -0.25}], options)
            nested = phi(inner_method, inner_options, taus[:2], [1, 1])
            rounded = {name: (0.8 * nested[name]).astype(np.float32).astype(np.float64) for name in SHAPES}
            expected = phi(method, options, [rounded, taus[2]], [0.5, -0.25])
            for name in SHAPES:
                np.testing.assert_allclose(out[name], models["base"][name] + expected[name], atol=2e-6)


def test_merges_nest_as_deep_as_one_likes(lab, models):
    entry = {"path": "one"}
    for _ in range(6):
        entry = {"merge": {"method": "task_arithmetic", "scale": 2, "vectors": [entry]}, "weight": 0.5}
    assert lab.merge("task_arithmetic", [entry]).bytes == lab.merge("task_arithmetic", ["one"]).bytes


# Weights of parts.


def weight_of_each_tensor(lab: Lab, models, weight) -> dict[str, float]:
    out = lab.merge("task_arithmetic", [{"path": "one", "weight": weight}])
    tau = minus(models, "one")
    return {name: float(np.mean((out[name] - models["base"][name]) / tau[name])) for name in SHAPES}


@pytest.mark.parametrize(
    ("weight", "expected"),
    [
        # encoder is a whole name between dots: encoder_attn is not meant
        ({"encoder": 0.25, "decoder": 0.5}, [0.25, 0.25, 0.25, 0.25, 0.5, 0.5, 1]),
        ({"encoder": 0.25, "default": 0}, [0.25, 0.25, 0.25, 0.25, 0, 0, 0]),
        ({"default": -0.5}, [-0.5] * 7),
        ({}, [1] * 7),
        ({"encoder.layers.1": 0.5}, [1, 0.5, 1, 1, 1, 1, 1]),
        ({"model.encoder": 0.5, "proj.weight": 2}, [0.5, 0.5, 0.5, 0.5, 1, 1, 2]),
        ({"self_attn": 0.5}, [0.5, 0.5, 0.5, 1, 1, 0.5, 1]),
        # the first part that fits decides
        ({"conv1": 0.5, "encoder": 0.25}, [0.25, 0.25, 0.25, 0.5, 1, 1, 1]),
        ({"encoder": 0.25, "bias": 3, "proj": 0}, [0.25, 0.25, 0.25, 0.25, 1, 1, 0]),
        # between slashes: a regular expression, for any place in the name
        ({r"/layers\.\d\./": 0.5, "default": 0}, [0.5, 0.5, 0, 0, 0.5, 0.5, 0]),
        ({"/encoder_/": 0.5}, [1, 1, 1, 1, 0.5, 1, 1]),
        ({"/^proj/": 0.5}, [1, 1, 1, 1, 1, 1, 0.5]),
    ],
)
def test_weights_of_parts_reach_the_tensors_they_name(lab, models, weight, expected):
    assert list(weight_of_each_tensor(lab, models, weight).values()) == pytest.approx(expected, abs=1e-5)


def test_a_part_may_be_a_number(lab, models):
    found = weight_of_each_tensor(lab, models, {1: 0.5, 10: 0.25})
    assert list(found.values()) == pytest.approx([1, 0.5, 0.25, 1, 1, 1, 1], abs=1e-5)


@pytest.mark.parametrize(
    "part", ["encode", "Encoder", "layers.2", "odel.encoder", "self.attn", "/nothing/", "encoder."]
)
def test_a_part_that_no_tensor_has_is_refused(lab, models, part):
    with lab.refused(f"The weight of one names '{part}', which no tensor has in its name; see `tauspeech inspect`"):
        lab.merge("task_arithmetic", [{"path": "one", "weight": {part: 0.5}}])
    with lab.refused(f"The weight of one names '{part}'"):
        inner = {"method": "average", "vectors": [{"path": "one", "weight": {part: 0.5}}]}
        lab.merge("task_arithmetic", [{"merge": inner}])


def test_a_part_that_is_no_regular_expression_is_refused(lab, models):
    with lab.refused(r"weight' has '/\(/', which is not a valid regular expression"):
        lab.merge("task_arithmetic", [{"path": "one", "weight": {"/(/": 0.5}}])


@pytest.mark.parametrize("method", ["average", "ties", "dare", "magnitude", "svd"])
def test_every_method_takes_weights_of_parts(lab, models, method):
    options = {"ties": {"keep": 0.5}, "dare": {"keep": 0.5}, "magnitude": {"keep": 0.5}, "svd": {"rank": 0.5}}
    parts = [{"path": "one", "weight": {"encoder": 0.25, "default": 2}}, {"path": "two", "weight": {"decoder": -1}}]
    out = lab.merge(method, parts, options.get(method))
    for part, weights in (("encoder", (0.25, 1)), ("decoder", (2, -1)), ("proj", (2, 1))):
        plain = [{"path": path, "weight": weight} for path, weight in zip(("one", "two"), weights, strict=True)]
        whole = lab.merge(method, plain, options.get(method))
        for name in SHAPES:
            if part in name.split("."):
                np.testing.assert_array_equal(out[name], whole[name])
