"""The merge engine against float64 NumPy, against its identities, and against what it must refuse."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from tauspeech.errors import UserError
from tauspeech.vectors.checkpoint import fingerprint
from tauspeech.vectors.merge import apply, combine, merge
from tauspeech.vectors.methods.dare import mask
from tauspeech.vectors.methods.ties import trim
from tauspeech.vectors.task_vector import TaskVector, subtract

EVERY_METHOD = [
    ("average", {}),
    ("task_arithmetic", {}),
    ("ties", {"keep": 0.4}),
    ("ties", {"keep": 0.4, "scope": "tensor"}),
    ("dare", {"keep": 0.4}),
]


# The reference: one flat float64 array per vector, written from the papers' equations.


def reference_trim(flat, keep):
    count = math.floor(keep * flat.size + 0.5)
    first = sorted(range(flat.size), key=lambda i: (-abs(flat[i]), i))[:count]
    return np.where(np.isin(np.arange(flat.size), first), flat, 0.0)


def reference_ties(taus, alphas, keep):
    trimmed = [reference_trim(tau, keep) for tau in taus]
    elected = np.sign(sum(trimmed))
    return sum(alpha * tau * (np.sign(tau) == elected) for alpha, tau in zip(alphas, trimmed, strict=True))


def reference_dare(taus, alphas, masks, drop):
    kept = sum(alpha * kept * tau for alpha, tau, kept in zip(alphas, taus, masks, strict=True))
    return kept / (1 - drop)


def flat(tensors):
    return np.concatenate([tensors[name].double().numpy().ravel() for name in sorted(tensors)])


def assert_rounded(phi, exact):
    np.testing.assert_array_max_ulp(flat(phi).astype(np.float32), exact.astype(np.float32), maxulp=1)


def vector(tensors, base="f" * 64):
    return TaskVector(tensors, base)


def same_bytes(a, b):
    return fingerprint(a) == fingerprint(b)


@pytest.fixture
def three(toy):
    """Three vectors, on a coarse grid so that equal magnitudes and cancelling signs abound."""
    return {key: vector({n: (t * 4).round() / 4 for n, t in toy(i).items()}) for i, key in enumerate("abc")}


@pytest.fixture
def weights():
    return {"a": 0.5, "b": -1.25, "c": 0.3}


def test_task_arithmetic_is_the_weighted_sum(three, weights):
    taus = [flat(three[key].tensors) for key in "abc"]
    exact = 0.5 * taus[0] - 1.25 * taus[1] + 0.3 * taus[2]
    assert_rounded(combine("task_arithmetic", three, weights, {}, 1), exact)
    assert_rounded(combine("task_arithmetic", three, {}, {}, 1), sum(taus))


@pytest.mark.parametrize("keep", [0.01, 0.2, 0.5, 0.77, 1.0])
def test_ties_is_the_papers(three, weights, keep):
    alphas = list(weights.values())
    phi = combine("ties", three, weights, {"keep": keep}, 1)
    assert_rounded(phi, reference_ties([flat(three[key].tensors) for key in "abc"], alphas, keep))
    phi = combine("ties", three, weights, {"keep": keep, "scope": "tensor"}, 1)
    for name in phi:
        taus = [three[key].tensors[name].double().numpy().ravel() for key in "abc"]
        assert_rounded({name: phi[name]}, reference_ties(taus, alphas, keep))


def test_ties_elects_the_sign_without_the_weights():
    vectors = {key: vector({"w": torch.tensor([x])}) for key, x in {"a": 2.0, "b": -3.0}.items()}
    assert combine("ties", vectors, {"a": 1.0, "b": 0.1}, {"keep": 1.0}, 1)["w"].item() == pytest.approx(-0.3)


def test_dare_is_the_papers_given_its_masks(three, weights):
    masks = [flat({n: mask(t, 0.4, 7, key, n) for n, t in three[key].tensors.items()}) for key in "abc"]
    taus = [flat(three[key].tensors) for key in "abc"]
    exact = reference_dare(taus, list(weights.values()), masks, drop=0.6)
    assert_rounded(combine("dare", three, weights, {"keep": 0.4}, 7), exact)


def test_average_is_the_mean_of_the_fine_tuned_models(toy, model_folder):
    base = model_folder("base", toy(0))
    tuned = [{n: t + 0.1 * d for (n, t), d in zip(toy(0).items(), toy(i).values(), strict=True)} for i in (1, 2, 3)]
    vectors = {f"v{i}": subtract(model_folder(f"v{i}", each), base) for i, each in enumerate(tuned)}
    averaged = merge(toy(0), "average", vectors, {}, {}, seed=1)
    torch.testing.assert_close(averaged, {n: sum(each[n] for each in tuned) / 3 for n in averaged})
    thirds = dict.fromkeys(vectors, 1 / 3)
    assert same_bytes(averaged, merge(toy(0), "task_arithmetic", vectors, thirds, {}, seed=1))
    halved = merge(toy(0), "average", {"v0": vectors["v0"]}, {"v0": 0.5}, {}, seed=1)
    torch.testing.assert_close(halved, {n: (tuned[0][n] + toy(0)[n]) / 2 for n in halved})


repeatable = settings(deadline=None, derandomize=True)
tensor_lists = st.lists(st.floats(-(2.0**100), 2.0**100, width=32), min_size=1, max_size=40).map(torch.tensor)


@given(
    tau=tensor_lists, alpha=st.floats(-2, 2), seed=st.integers(0, 2**40), scope=st.sampled_from(["global", "tensor"])
)
@repeatable
def test_keeping_everything_is_task_arithmetic(tau, alpha, seed, scope):
    vectors, weights = {"v": vector({"w": tau})}, {"v": alpha}
    expected = combine("task_arithmetic", vectors, weights, {}, seed)
    assert torch.equal(combine("ties", vectors, weights, {"keep": 1, "scope": scope}, seed)["w"], expected["w"])
    assert torch.equal(combine("dare", vectors, weights, {"keep": 1.0}, seed)["w"], expected["w"])


@given(base=tensor_lists, data=st.data())
@repeatable
def test_scale_leads_from_the_base_to_the_fine_tuned_model(base, data):
    values = st.lists(st.floats(-(2.0**100), 2.0**100, width=32), min_size=base.numel(), max_size=base.numel())
    fine = torch.tensor(data.draw(values))
    phi = combine("task_arithmetic", {"v": vector({"w": fine - base})}, {}, {}, 1)
    assert torch.equal(apply({"w": base}, phi, scale=0.0)["w"], base)
    reached = apply({"w": base}, phi, scale=1.0)["w"]
    # The difference is rounded where it is largest, so one unit in the last place of the larger of the two.
    larger = torch.maximum(base.abs(), fine.abs())
    ulp = torch.nextafter(larger, torch.tensor(torch.inf)) - larger
    assert ((reached.double() - fine.double()).abs() <= ulp.double()).all()


@given(
    values=st.lists(st.sampled_from([-2.0, -1.0, 1.0, 2.0]), min_size=1, max_size=60),
    cut=st.integers(0, 60),
    keep=st.floats(0.001, 1),
)
@repeatable
def test_trimming_keeps_exactly_k_and_the_first_of_equals(values, cut, keep):
    tensors = {"a": torch.tensor(values[:cut]), "b": torch.tensor(values[cut:])}
    whole = trim(dict(reversed(tensors.items())), keep, "global")
    assert sum(t.count_nonzero().item() for t in whole.values()) == math.floor(keep * len(values) + 0.5)
    np.testing.assert_array_equal(flat(whole), reference_trim(np.array(values), keep))
    for name, tensor in trim(tensors, keep, "tensor").items():
        assert tensor.count_nonzero() == math.floor(keep * tensors[name].numel() + 0.5)


def test_mostly_unchanged_and_unchanged_weights_survive_trimming():
    sparse = torch.zeros(100)
    sparse[[3, 50]] = torch.tensor([1e-30, -5.0])
    assert torch.equal(trim({"w": sparse}, 0.5, "global")["w"], sparse)
    assert torch.equal(trim({"w": torch.zeros(9)}, 0.5, "global")["w"], torch.zeros(9))


@pytest.mark.parametrize(("method", "options"), EVERY_METHOD)
def test_order_and_threads_leave_the_bytes_alone(method, options):
    numbers = np.random.default_rng(5)
    shapes = {"x": (70001,), "y": (301, 117)}
    # Large entries that cancel: what their float64 sum leaves of the small ones depends on the order of addition.
    vectors = {
        key: vector({n: torch.tensor(size * numbers.random(shape), dtype=torch.float32) for n, shape in shapes.items()})
        for key, size in {"d": 1, "a": 2**40, "c": 1, "b": -1}.items()
    }
    vectors["c"] = vector({n: -t for n, t in vectors["a"].tensors.items()})
    weights = {"a": 0.7, "b": 0.4, "c": 0.7, "d": 1.1}
    one = combine(method, vectors, weights, options, 3)
    base = {name: tensor * 3 for name, tensor in vectors["a"].tensors.items()}
    threads = torch.get_num_threads()
    try:
        torch.set_num_threads(4)
        backwards = {key: vector(dict(reversed(v.tensors.items()))) for key, v in reversed(vectors.items())}
        other = combine(method, backwards, dict(reversed(weights.items())), options, 3)
        out = apply(base, other, 0.3)
    finally:
        torch.set_num_threads(threads)
    assert same_bytes(one, other)
    assert same_bytes(apply(base, one, 0.3), out)


def test_a_mask_depends_on_nothing_else(toy):
    vectors = {key: vector({n: torch.ones_like(t) for n, t in toy(0).items()}) for key in "ab"}
    both = combine("dare", vectors, {"a": 1.0, "b": 0.0}, {"keep": 0.5}, 7)
    alone = {"a": vector({"z.weight": vectors["a"].tensors["z.weight"]})}
    assert torch.equal(combine("dare", alone, {}, {"keep": 0.5}, 7)["z.weight"], both["z.weight"])
    longer = mask(torch.ones(50), 0.5, 7, "a", "z.weight")
    assert torch.equal(longer[:35], both["z.weight"].reshape(-1) > 0)


def test_masks_differ_by_seed_vector_and_tensor_and_nest_by_keep():
    ones = torch.ones(200)
    drawn = [mask(ones, 0.5, *key) for key in ((1, "a", "x"), (2, "a", "x"), (1, "b", "x"), (1, "a", "y"))]
    assert len({fingerprint({"mask": each}) for each in drawn}) == 4
    assert not (mask(ones, 0.3, 1, "a", "x") & ~drawn[0]).any()


@pytest.mark.parametrize("keep", [0.05, 0.5, 0.9])
def test_masks_keep_their_share(keep):
    count = 200_000
    bound = 5 * math.sqrt(keep * (1 - keep) / count)
    for name in "xyz":
        assert abs(mask(torch.ones(count), keep, 1, "a", name).double().mean().item() - keep) < bound


def test_masks_are_the_same_on_every_machine_and_version():
    drawn = mask(torch.ones(32), 0.5, 1, "word", "w").int().tolist()
    assert "".join(map(str, drawn)) == "00010010110100100011010101110111"


def test_output_has_the_types_of_the_base_or_the_one_asked_for():
    base = {"half": torch.ones(2).half(), "full": torch.ones(2), "count": torch.tensor(7), "frozen": torch.ones(3)}
    phi = {"half": torch.full((2,), 0.5), "full": torch.full((2,), 0.25)}
    out = apply(base, phi, 2.0)
    assert {n: t.dtype for n, t in out.items()} == {n: t.dtype for n, t in base.items()}
    assert [out["half"].tolist(), out["full"].tolist(), out["count"].item()] == [[2.0, 2.0], [1.5, 1.5], 7]
    assert torch.equal(out["frozen"], base["frozen"])
    cast = apply(base, phi, 2.0, dtype=torch.bfloat16)
    assert [cast[n].dtype for n in ("half", "full", "frozen")] == [torch.bfloat16] * 3
    assert cast["count"].dtype == torch.int64


def test_vectors_of_different_bases_do_not_mix(toy):
    mixed = {"a": vector(toy(0)), "b": vector(toy(1), base="0" * 64)}
    with pytest.raises(UserError, match="Vectors a and b were made from different bases"):
        combine("task_arithmetic", mixed, {}, {}, 1)
    with pytest.raises(UserError, match="Vector a was made from base ffffffffffff, but"):
        merge(toy(0), "task_arithmetic", {"a": vector(toy(0))}, {}, {}, 1)
    for other in (toy(1) | {"m.bias": torch.zeros(2)}, toy(1) | {"m.other": torch.zeros(2)}):
        with pytest.raises(UserError, match=r"Vectors a and b differ in tensor m\."):
            combine("task_arithmetic", {"a": vector(toy(0)), "b": vector(other)}, {}, {}, 1)


def test_a_base_without_the_vectors_tensors_is_refused(toy):
    with pytest.raises(UserError, match=r"The base has no tensor a\.conv"):
        apply({}, toy(0), 1.0)
    with pytest.raises(UserError, match=r"m.bias is \[2\] in the base but \[6\] in the vectors"):
        apply(toy(0) | {"m.bias": torch.zeros(2)}, toy(0), 1.0)


@pytest.mark.parametrize(
    ("method", "weights", "options", "message"),
    [
        ("tise", {}, {}, "no method 'tise'; choose one of average, dare, task_arithmetic, ties"),
        ("ties", {}, {}, "ties needs the option keep"),
        ("ties", {}, {"keep": 0.5, "density": 1}, "ties has no option 'density'; it has keep, scope"),
        ("average", {}, {"keep": 0.5}, "average has no option 'keep'; it has none"),
        ("dare", {}, {"keep": 0.5, "seed": 1}, "dare has no option 'seed'"),
        ("ties", {}, {"keep": 0.5, "scope": "layer"}, "scope is 'layer'; choose global"),
        *[("dare", {}, {"keep": keep}, "keep is") for keep in (0, -0.1, 1.5, float("nan"), "0.5", True)],
        *[("ties", {"a": w}, {"keep": 1}, "weight of a is") for w in (float("nan"), float("inf"), "1", None)],
        ("ties", {"b": 1.0}, {"keep": 1}, "weight for 'b' but no such vector; there are a"),
    ],
)
def test_mistakes_in_a_recipe_are_named(toy, method, weights, options, message):
    with pytest.raises(UserError, match=message):
        combine(method, {"a": vector(toy(0))}, weights, options, 1)


def test_nothing_to_merge_no_finite_scale_and_overflow_are_refused(toy):
    with pytest.raises(UserError, match="has no vectors"):
        combine("average", {}, {}, {}, 1)
    with pytest.raises(UserError, match="scale is inf"):
        apply(toy(0), toy(1), math.inf)
    with pytest.raises(UserError, match="Tensor w overflows float16"):
        apply({"w": torch.ones(2)}, {"w": torch.full((2,), 1e5)}, 1.0, dtype=torch.float16)
