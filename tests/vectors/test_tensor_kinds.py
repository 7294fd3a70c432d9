"""Special tensors: tied weights, counters, flags, statistics of batch normalisation, frozen tensors, types."""

import math

import numpy as np
import pytest
import torch

from tauspeech.vectors.files import storage
from tests.vectors.lab import EVERY_METHOD, Lab

WORDS = 11


def numbers(seed: int, *shape: int) -> torch.Tensor:
    return torch.tensor(np.random.default_rng(seed).standard_normal(shape), dtype=torch.float32)


# Word embeddings that are the output layer too. In one of the two families the first by name is stored, in the other
# the second.
FAMILIES = [("model.embed.weight", "proj_out.weight"), ("model.embed.weight", "lm_head.weight")]
TIED = {"vocab_size": WORDS, "tie_word_embeddings": True}


def language_model(seed: int, once: str, twice: str | None = None) -> dict[str, torch.Tensor]:
    words = numbers(seed, WORDS, 4)
    return {once: words, "model.layer.weight": numbers(seed + 50, 6, 4)} | ({twice: words.clone()} if twice else {})


@pytest.mark.parametrize(("words", "output"), FAMILIES)
@pytest.mark.parametrize("base", ["once", "twice"])
def test_tied_weights_are_one_tensor_however_often_files_have_it(lab, words, output, base):
    for seed, name in enumerate(["base", *"ab"]):
        lab.model(f"{name}-once", language_model(seed, words), config=TIED)
        lab.model(f"{name}-twice", language_model(seed, words, output), config=TIED)
    for count in ("once", "twice"):
        lab.vector(f"b-{count}", f"base-{base}", f"b-{count}")
    for method, options in EVERY_METHOD:

        def merged(of_a: str, of_b: str, method=method, options=options) -> dict[str, torch.Tensor]:
            vectors = [{"path": of_a, "id": "a", "weight": 0.3}, {"path": of_b, "id": "b", "weight": 0.6}]
            return lab.merge(method, vectors, options, base=f"base-{base}").tensors

        expected = merged(f"a-{base}", f"b-{base}")
        assert expected.keys() == {words, "model.layer.weight"} | ({output} if base == "twice" else set())
        if base == "twice":
            assert torch.equal(expected[words], expected[output])
        if method == "task_arithmetic":
            exact = language_model(0, words)[words]
            exact = (
                exact
                + 0.3 * (language_model(1, words)[words] - exact)
                + 0.6 * (language_model(2, words)[words] - exact)
            )
            assert torch.allclose(expected[words], exact, atol=1e-6)
        for of_a, of_b in (("a-once", "b-twice"), ("a-twice", "b-once.safetensors"), ("a-once", "b-twice.safetensors")):
            found = merged(of_a, of_b)
            assert found.keys() == expected.keys()
            assert all(torch.equal(found[name], expected[name]) for name in found), method


@pytest.mark.parametrize(("words", "output"), FAMILIES)
def test_a_reference_may_have_tied_weights_once_or_twice(lab, words, output):
    for seed, name in enumerate(("base", "syn", "real")):
        lab.model(f"{name}-twice", language_model(seed, words, output), config=TIED)
        lab.model(name, language_model(seed, words), config=TIED)
    plain = lab.merge("task_arithmetic", [{"path": "real", "reference": "syn", "weight": 0.5}])
    for base in ("base", "base-twice"):
        for reference in ("syn", "syn-twice"):
            for path in ("real", "real-twice"):
                out = lab.merge("task_arithmetic", [{"path": path, "reference": reference, "weight": 0.5}], base=base)
                for name in out.tensors:
                    assert torch.equal(out.tensors[name], plain.tensors[words if name == output else name])


@pytest.mark.parametrize(("words", "output"), FAMILIES)
def test_tied_weights_that_diverged_are_refused(lab, words, output):
    lab.model("base", language_model(0, words, output), config=TIED)
    lab.model("a", language_model(1, words, output) | {output: numbers(9, WORDS, 4)}, config=TIED)
    with lab.refused("tied in .*base but differ in .*a; save .* tied weights, or set tie_word_embeddings to false"):
        lab.merge("average", ["a"])


@pytest.mark.parametrize(("words", "output"), FAMILIES)
def test_what_was_never_tied_is_merged_apart(lab, words, output):
    untied = {"vocab_size": WORDS, "tie_word_embeddings": False}
    base = language_model(0, words, output)  # equal by chance, or at the start of training
    tuned = language_model(1, words, output) | {output: numbers(9, WORDS, 4)}
    lab.model("base", base, config=untied)
    lab.model("a", tuned, config=untied)
    out = lab.merge("task_arithmetic", [{"path": "a", "weight": 0.5}])
    for name in (words, output):
        assert torch.allclose(out.tensors[name], (base[name] + tuned[name]) / 2)


def test_matrices_that_are_equal_at_the_start_are_not_tied_words(lab):
    alike = numbers(3, 5, 5)
    base = {
        "a.weight": alike,
        "b.weight": alike.clone(),
        "c.gamma": torch.ones(WORDS, 2),
        "d.gamma": torch.ones(WORDS, 2),
    }
    tuned = {name: values + 0.1 * (i + 1) for i, (name, values) in enumerate(base.items())}
    lab.model("base", base, config=TIED)
    lab.model("a", tuned, config=TIED)
    out = lab.merge("task_arithmetic", ["a"])
    assert all(torch.allclose(out.tensors[name], tuned[name]) for name in tuned)


# Counters, flags, indices.


def test_counters_stay_the_bases(lab):
    for steps, name in ((100, "base"), (250, "a"), (30, "b")):
        counted = {"norm.num_batches_tracked": torch.tensor(steps), "norm.weight": numbers(steps, 3)}
        lab.model(name, counted | {"seen": torch.tensor(steps > 50), "positions": torch.arange(4)})
    for method, options in EVERY_METHOD:
        out = lab.merge(method, ["a", "b"], options).tensors
        assert out["norm.num_batches_tracked"].dtype == torch.int64 and out["norm.num_batches_tracked"].item() == 100
        assert out["seen"].dtype == torch.bool and out["seen"].item()
        assert out["positions"].tolist() == [0, 1, 2, 3]
    assert lab.merge("average", ["a"], dtype="bfloat16").tensors["norm.num_batches_tracked"].dtype == torch.int64
    lab.vector("v", "base", "a")
    assert lab.merge("average", ["v.safetensors"]).tensors["norm.num_batches_tracked"].item() == 100


OTHERS = {
    "int64": torch.arange(4),
    "int8": torch.arange(4, dtype=torch.int8),
    "uint8": torch.arange(4, dtype=torch.uint8),
    "bool": torch.tensor([True, False, False]),
    "float64": torch.linspace(0, 1, 4, dtype=torch.float64),
    "F8_E4M3": torch.linspace(0, 1, 4).to(torch.float8_e4m3fn),
    "F8_E5M2": torch.linspace(0, 1, 4).to(torch.float8_e5m2),
}


@pytest.mark.parametrize("kind", OTHERS)
def test_other_types_are_copied_and_must_not_differ(lab, kind):
    tensor = OTHERS[kind]
    other = tensor.view(torch.uint8).flip(0).view(tensor.dtype)
    lab.model("base", {"x": numbers(0, 3), "codes": tensor})
    lab.model("a", {"x": numbers(1, 3), "codes": tensor})
    lab.model("b", {"x": numbers(1, 3), "codes": other})
    for dtype in ("base", "bfloat16"):
        kept = lab.merge("task_arithmetic", ["a"], dtype=dtype).tensors["codes"]
        assert kept.dtype == tensor.dtype and torch.equal(kept.view(torch.uint8), tensor.view(torch.uint8))
    with lab.refused(rf"Tensor codes is {kind}\[{len(tensor)}\] and differs between .*b and .*base"):
        lab.merge("task_arithmetic", ["b"])


def test_a_scalar_of_another_float_type_is_no_counter(lab):
    for value, name in ((1.0, "base"), (2.0, "a")):
        lab.model(name, {"x": numbers(0, 3), "temperature": torch.tensor(value, dtype=torch.float64)})
    with lab.refused(r"Tensor temperature is float64\[\] and differs"):
        lab.merge("task_arithmetic", ["a"])


# Statistics of batch normalisation.


def with_statistics(seed: int, dtype: torch.dtype = torch.float32, size: float = 1.0) -> dict[str, torch.Tensor]:
    """Variances from tiny to large."""
    generator = np.random.default_rng(seed)
    spread = size * 10.0 ** generator.uniform(-12, 6, 64)
    tensors = {
        "norm.running_mean": generator.standard_normal(64),
        "norm.running_var": spread,
        "norm.weight": generator.standard_normal(64),
        "layer.weight": generator.standard_normal((8, 8)),
    }
    return {name: torch.tensor(values).to(dtype) for name, values in tensors.items()}


STATISTICS = ("norm.running_mean", "norm.running_var")


def four_models(lab: Lab, dtype: torch.dtype = torch.float32, size: float = 1.0) -> dict[str, dict[str, np.ndarray]]:
    content = {name: with_statistics(seed, dtype, size) for seed, name in enumerate(["base", *"abc"])}
    for name, tensors in content.items():
        lab.model(name, tensors)
    return {n: {key: tensor.double().numpy() for key, tensor in tensors.items()} for n, tensors in content.items()}


def assert_between(values: np.ndarray, *ends: np.ndarray, rounding: float = 2.0**-22) -> None:
    """In float32, the difference to a large variance may lose the digits of a tiny one."""
    largest = np.max(np.abs(ends), axis=0)
    assert np.all(values >= np.min(ends, axis=0) - rounding * largest)
    assert np.all(values <= np.max(ends, axis=0) + rounding * largest)


@pytest.mark.parametrize(("method", "options"), EVERY_METHOD)
@pytest.mark.parametrize("scale", [0.25, 1.0, 3.0])
def test_statistics_are_averaged_and_never_pruned_or_extrapolated(lab, method, options, scale):
    models = four_models(lab)
    vectors = [{"path": "a", "weight": 0.25}, {"path": "b", "weight": 0.75}, {"path": "c", "weight": -0.4}]
    out = lab.merge(method, vectors, options, scale=scale)
    for name in STATISTICS:
        base, a, b = (models[key][name] for key in ("base", "a", "b"))
        mean = 0.25 * a + 0.75 * b  # a negative weight takes no data away
        # An average's weights are shares of their sum, which here is 0.6.
        reach = min(1.0, scale / 0.6 if method == "average" else scale)
        expected = base + reach * (mean - base)
        largest = np.max(np.abs([base, a, b]), axis=0)
        assert np.all(np.abs(out[name] - expected) <= 2.0**-22 * largest)
        assert_between(out[name], base, a, b)
    assert np.all(out["norm.running_var"] > 0)
    assert out.receipt["tensors"].get("norm.running_var") is None


@pytest.mark.parametrize(("method", "options"), EVERY_METHOD[1:])
def test_no_positive_weight_leaves_the_statistics_alone(lab, method, options):
    models = four_models(lab)
    out = lab.merge(method, [{"path": "a", "weight": -0.5}, {"path": "b", "weight": -2}], options, scale=2)
    for name in STATISTICS:
        np.testing.assert_array_equal(out[name], models["base"][name])
    assert not np.array_equal(out["layer.weight"], models["base"]["layer.weight"])


def test_a_negative_scale_leaves_the_statistics_alone(lab):
    models = four_models(lab)
    out = lab.merge("task_arithmetic", ["a"], scale=-1.5)
    for name in STATISTICS:
        np.testing.assert_array_equal(out[name], models["base"][name])


def test_statistics_of_a_foreign_difference_say_nothing(lab):
    """In theta_T + (theta_real - theta_syn) only the base carries statistics of the target's data."""
    models = four_models(lab)
    foreign = {"path": "b", "reference": "c"}
    for vectors in ([foreign], [{"merge": {"method": "average", "vectors": [foreign]}}]):
        out = lab.merge("task_arithmetic", vectors)
        for name in STATISTICS:
            np.testing.assert_array_equal(out[name], models["base"][name])
        both = lab.merge("task_arithmetic", [{"path": "a"}, *vectors])
        only = lab.merge("task_arithmetic", ["a"])
        for name in STATISTICS:
            np.testing.assert_array_equal(both[name], only[name])


def test_a_reference_that_is_the_base_is_not_foreign(lab):
    four_models(lab)
    plain = lab.merge("task_arithmetic", ["a", "b"])
    named = lab.merge("task_arithmetic", [{"path": "a", "reference": "base"}, "b"])
    assert named.bytes == plain.bytes


@pytest.mark.parametrize(("method", "options"), EVERY_METHOD)
def test_statistics_of_a_merge_of_merges_stay_between_the_models(lab, method, options):
    models = four_models(lab)
    inner = {
        "method": method,
        "options": options,
        "scale": 3,
        "vectors": [{"path": "a"}, {"path": "b", "weight": -0.5}],
    }
    out = lab.merge("task_arithmetic", [{"merge": inner, "weight": 2}, {"path": "c", "weight": 2}])
    for name in STATISTICS:
        expected = (models["a"][name] + models["c"][name]) / 2
        largest = np.max([np.abs(each[name]) for each in models.values()], axis=0)
        assert np.all(np.abs(out[name] - expected) <= 2.0**-21 * largest)
    assert np.all(out["norm.running_var"] > 0)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float16, torch.bfloat16])
def test_variances_stay_positive_and_between_in_every_type(lab, dtype):
    size = 1e-6 if dtype == torch.float16 else 1.0
    models = {name: with_statistics(seed, dtype, size) for seed, name in enumerate(["base", *"ab"])}
    for tensors in models.values():
        tensors["norm.running_var"] = tensors["norm.running_var"].clamp(min=2.0**-20)
    for name, tensors in models.items():
        lab.model(name, tensors)
    wide = {n: tensors["norm.running_var"].double().numpy() for n, tensors in models.items()}
    for scale in (0.3, 1.0):
        out = lab.merge("task_arithmetic", ["a", {"path": "b", "weight": 0.5}], scale=scale)
        variances = out["norm.running_var"]
        assert np.all(variances > 0)
        assert_between(variances, *wide.values(), rounding=2.0**-8 if dtype != torch.float16 else 2.0**-10)


def test_statistics_take_no_part_in_the_cut_through_a_whole_vector(lab):
    """They are larger than all else, and a tenth of the entries."""
    for value, name in enumerate(("base", "a")):
        ramp = value * torch.arange(1, 91, dtype=torch.float32)
        lab.model(name, {"x": ramp[:40], "norm.running_var": torch.full((10,), 1 + 1e6 * value), "y": ramp[40:]})
    out = lab.merge("ties", ["a"], {"keep": 0.3})
    assert np.count_nonzero(out["x"]) == 0 and np.flatnonzero(out["y"]).tolist() == list(range(23, 50))
    assert np.all(out["norm.running_var"] == 1e6 + 1)


def test_a_tiny_variance_beside_a_large_one_stays_positive(lab):
    for value, name in ((1e10, "base"), (1e-10, "a"), (1e-38, "b")):
        lab.model(name, {"norm.running_var": torch.full((3,), value)})
    for method, options in EVERY_METHOD:
        assert np.all(lab.merge(method, ["a", "b"], options, scale=5)["norm.running_var"] > 0)


def test_small_variances_of_float16_are_not_raised(lab):
    """All of these are less than the smallest normal number of float16."""
    for value, name in ((1e-6, "base"), (3e-6, "a")):
        lab.model(name, {"norm.running_var": torch.full((3,), value).half()})
    out = lab.merge("task_arithmetic", [{"path": "a", "weight": 0.5}])
    np.testing.assert_allclose(out["norm.running_var"], 2e-6, atol=2.0**-24)


# Frozen tensors.


@pytest.mark.parametrize(("method", "options"), EVERY_METHOD)
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_what_was_frozen_keeps_its_bytes(lab, method, options, dtype):
    frozen = torch.tensor([-0.0, 0.0, 1.5, -3e-41, 1e30]).to(dtype)
    for seed, name in enumerate(["base", *"ab"]):
        half = torch.cat([frozen, numbers(seed, 5).to(dtype)])
        lab.model(name, {"frozen": frozen, "half": half, "scale": torch.tensor(-0.0).to(dtype)})
    out = lab.merge(method, ["a", {"path": "b", "weight": -0.4}], options, scale=0.7).tensors
    assert out["frozen"].view(torch.uint8).tolist() == frozen.view(torch.uint8).tolist()
    assert out["half"][:5].view(torch.uint8).tolist() == frozen.view(torch.uint8).tolist()
    assert math.copysign(1, out["scale"].item()) == -1


# Types of numbers.

TYPES = {"float32": torch.float32, "float16": torch.float16, "bfloat16": torch.bfloat16}


def mixed(seed: int) -> dict[str, torch.Tensor]:
    tensors = {name: numbers(seed, 40, 30).to(dtype) for name, dtype in TYPES.items()}
    return tensors | {"count": torch.tensor(seed), "large": (1e4 * numbers(seed, 50)).half()}


@pytest.mark.parametrize("dtype", ["base", *TYPES])
def test_output_has_the_types_of_the_base_or_the_one_asked_for(lab, dtype):
    base, tuned = mixed(0), mixed(1)
    lab.model("base", base)
    lab.model("a", {name: each.float() if each.is_floating_point() else each for name, each in tuned.items()})
    out = lab.merge("task_arithmetic", [{"path": "a", "weight": 0.3}], dtype=dtype).tensors
    for name, tensor in base.items():
        if name == "count":
            assert out[name].dtype == torch.int64 and out[name].item() == 0
            continue
        assert out[name].dtype == (tensor.dtype if dtype == "base" else TYPES[dtype])
        change = (tuned[name].float() - tensor.float()).double()
        exact = tensor.double() + 0.3 * change.float().double()
        # To the nearest of its type, but for the rounding of the change itself.
        expected = (tensor.double() + (0.3 * change).float().double()).numpy()
        assert np.array_equal(out[name].double().numpy(), nearest(expected, out[name].dtype))
        assert torch.allclose(out[name].double(), exact, rtol=2.0**-7)


def nearest(values: np.ndarray, dtype: torch.dtype) -> np.ndarray:
    """Rounding half to even by its definition, without a conversion to the type."""
    digits, smallest = {
        torch.float32: (24, -149), torch.float16: (11, -24), torch.bfloat16: (8, -133)
    }[dtype]  # fmt: skip
    exponents = np.frexp(values)[1]
    steps = np.ldexp(1.0, np.maximum(exponents - digits, smallest))
    return np.rint(values / steps) * steps


@pytest.mark.parametrize(
    ("stored", "dtype"), [("F16", torch.float16), ("BF16", torch.bfloat16), ("F32", torch.float32)]
)
def test_rounding_is_to_the_nearest_and_halves_to_even(stored, dtype):
    generator = np.random.default_rng(1)
    bits = generator.integers(0, 1 << 32, 200_000, dtype=np.uint32)
    bits[: 1 << 16] = np.arange(1 << 16, dtype=np.uint32) << 16  # every bfloat16, and every half between two of them
    bits[1 << 16 : 1 << 17] = bits[: 1 << 16] | 0x8000
    values = bits.view(np.float32)
    values = values[np.isfinite(values)]
    expected = torch.tensor(values).to(dtype)
    assert np.array_equal(storage.narrowed(values, stored), expected.view(torch.uint8).numpy())
    back = storage.widened(storage.narrowed(values, stored), stored)
    assert np.array_equal(back, expected.float().numpy())


@pytest.mark.parametrize(
    ("stored", "dtype"), [("F16", torch.float16), ("BF16", torch.bfloat16), ("F32", torch.float32)]
)
def test_float64_is_rounded_only_once(stored, dtype):
    """Rounding twice must not move a number to the middle of two first."""
    generator = np.random.default_rng(2)
    ends = nearest(generator.standard_normal(5000) * 10.0 ** generator.integers(-4, 5, 5000), dtype)
    following = nearest(ends * (1 + 2.0**-6), dtype)
    values = np.concatenate([(ends + following) / 2 * (1 + sign * 2.0**-40) for sign in (-1, 0, 1)])
    out = storage.widened(storage.narrowed(values, stored), stored)
    assert np.array_equal(out, nearest(values, dtype))


def test_the_rounding_loss_is_what_the_type_lost_of_the_change(lab):
    base = {"x": numbers(0, 60, 50), "half": numbers(1, 300).half(), "frozen": numbers(2, 400)}
    tuned = {"x": base["x"] + 1e-3 * numbers(3, 60, 50), "half": numbers(4, 300), "frozen": base["frozen"]}
    tuned["x"][:20] = base["x"][:20]
    lab.model("base", base)
    lab.model("a", tuned)
    losses = {}
    for dtype in ("base", "bfloat16", "float16", "float32"):
        out = lab.merge("task_arithmetic", [{"path": "a", "weight": 0.5}], dtype=dtype)
        lost = moved = 0.0
        for name in ("x", "half"):
            change = 0.5 * (tuned[name] - base[name].float()).double()
            error = out.tensors[name].double() - (base[name].double() + change)
            if out.tensors[name].dtype != torch.float32:
                lost += float(error[change != 0].square().sum())
                moved += float(change.square().sum())
        losses[dtype] = out.receipt["rounding_loss"]
        assert losses[dtype] == pytest.approx(math.sqrt(lost / moved) if moved else 0, rel=1e-3)
    assert losses["float32"] == 0 < losses["base"] < losses["float16"] < losses["bfloat16"]


def test_a_number_too_large_for_float16_is_refused(lab):
    lab.model("base", {"x": torch.tensor([60000.0]), "y": torch.tensor([70000.0])})
    lab.model("a", {"x": torch.tensor([60010.0]), "y": torch.tensor([70000.0])})
    lab.model("b", {"x": torch.tensor([70000.0]), "y": torch.tensor([70000.0])})
    with lab.refused("Tensor y overflows float16; lower the scale or write float32"):
        lab.merge("task_arithmetic", ["a"], dtype="float16")
    assert lab.merge("task_arithmetic", ["b"], dtype="bfloat16")["x"] == pytest.approx(70000, rel=0.01)
    lab.model("half", {"x": torch.tensor([60000.0]).half(), "y": torch.tensor([1.0]).half()})
    with lab.refused("Tensor x overflows float16"):
        lab.merge("task_arithmetic", [{"path": "b", "reference": "base"}], base="half")
