"""Every method compared with its formula in float64, on ordinary and on extreme tensors."""

import numpy as np
import pytest

from tests.vectors import references
from tests.vectors.lab import EVERY_METHOD, Lab
from tests.vectors.references import SMALLEST, as_matrix, assert_rounded, count

SHAPES = {
    "matrix": (7, 5),
    "wide": (4, 9),
    "row": (1, 8),
    "kernel": (3, 2, 4),
    "kernel2d": (4, 3, 2, 2),
    "bias": (6,),
    "one": (1,),
    "scalar": (),
    "empty": (0, 3),
}
ALPHAS = {"a": 0.5, "b": -1.25, "c": 0.3}
FORMULAS = [(method, options) for method, options in EVERY_METHOD if method != "dare"]


def low_rank(numbers: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    rows, columns = as_matrix(np.empty(shape)).shape
    return np.outer(numbers.integers(-3, 4, rows), numbers.integers(-3, 4, columns)).reshape(shape)


FILLS = {
    "ordinary": lambda numbers, shape: numbers.standard_normal(shape),
    "equal magnitudes": lambda numbers, shape: numbers.choice([-2, -1, 1, 2], shape),
    "zeros": lambda numbers, shape: np.zeros(shape),
    "mostly zeros": lambda numbers, shape: numbers.standard_normal(shape) * (numbers.random(shape) < 0.1),
    "huge": lambda numbers, shape: 1e30 * numbers.standard_normal(shape),
    "tiny": lambda numbers, shape: 1e-30 * numbers.standard_normal(shape),
    "subnormal": lambda numbers, shape: 1e-44 * numbers.standard_normal(shape),
    "every scale": lambda numbers, shape: numbers.standard_normal(shape) * 10.0 ** numbers.uniform(-20, 20, shape),
    "low rank": low_rank,
}


def tensors(seed: int, fill: str) -> dict[str, np.ndarray]:
    numbers = np.random.default_rng(seed)
    return {name: np.asarray(FILLS[fill](numbers, shape), np.float32) for name, shape in SHAPES.items()}


def three_vectors(lab: Lab, fill: str) -> tuple[dict[str, np.ndarray], list[dict[str, np.ndarray]]]:
    """The base, of zeros where changes are not to be rounded, and its fine-tunes' vectors."""
    base = tensors(0, fill if fill == "ordinary" else "zeros")
    tuned = {key: tensors(seed, fill) for seed, key in enumerate("abc", 1)}
    for name, content in {"base": base, **tuned}.items():
        lab.model(name, content)
    return base, [references.difference(tuned[key], base) for key in "abc"]


def entries(keys: str = "abc") -> list[dict[str, object]]:
    return [{"path": key, "weight": ALPHAS[key]} for key in keys]


@pytest.mark.parametrize("fill", FILLS)
def test_methods_are_their_papers_formulas(lab, fill):
    base, taus = three_vectors(lab, fill)
    alphas, scale = list(ALPHAS.values()), 0.7
    for method, options in FORMULAS:
        if (method, fill) == ("lors", "equal magnitudes"):
            continue  # what its low-rank part leaves has equal entries, and rounding decides; see the next test
        out = lab.merge(method, entries(), options, scale=scale)
        phi = references.phi(method, options, taus, alphas)
        for name, shape in SHAPES.items():
            assert out[name].shape == shape
            norms = [abs(alpha) * np.linalg.norm(tau[name]) for alpha, tau in zip(alphas, taus, strict=True)]
            # LoRS adds two rounded parts, and of what float32 cannot tell apart it may keep others.
            slack = sum(norms) * (1e-6 if "rank" in options else 1e-15) + (fill == "subnormal") * 20 * SMALLEST
            assert_rounded(out[name], base[name], phi[name], scale, slack)


def test_lors_of_equal_entries_leaves_as_little_as_its_formula(lab):
    """Which of several equal entries is kept depends on the machine; the norm of the removed part does not."""
    base, taus = three_vectors(lab, "equal magnitudes")
    for method, options in FORMULAS:
        for key, tau in zip("abc", taus, strict=True) if method == "lors" else ():
            out = lab.merge(method, [{"path": key}], options)
            phi = references.phi(method, options, [tau], [1.0])
            for name in SHAPES:
                left, wanted = (np.linalg.norm(tau[name] - change) for change in (out[name] - base[name], phi[name]))
                assert left == pytest.approx(wanted, rel=1e-4, abs=1e-5 * np.linalg.norm(tau[name]))


@pytest.mark.parametrize("fill", ["ordinary", "equal magnitudes", "mostly zeros", "huge", "tiny", "subnormal"])
def test_dare_is_its_papers_formula_given_its_masks(lab, fill):
    base, taus = three_vectors(lab, fill)
    base_of_zeros = {name: np.zeros(shape, np.float32) for name, shape in SHAPES.items()}
    lab.model("ones", {name: values + 1 for name, values in base_of_zeros.items()})
    lab.model("zeros", base_of_zeros)
    for keep in (0.3, 0.75):
        masks = {}
        for key in "abc":  # what is left of ones shows which entries a vector with that id keeps
            alone = lab.merge("dare", [{"path": "ones", "id": key}], {"keep": keep}, base="zeros", seed=7)
            masks[key] = {name: alone[name] != 0 for name in SHAPES}
            for name in SHAPES:
                assert_rounded(alone[name], base_of_zeros[name], masks[key][name] / keep)
        named = [entry | {"id": entry["path"]} for entry in entries()]
        out = lab.merge("dare", named, {"keep": keep}, scale=0.7, seed=7)
        for name in SHAPES:
            terms = [ALPHAS[key] * masks[key][name] * tau[name] for key, tau in zip("abc", taus, strict=True)]
            phi = sum(terms) / keep
            assert_rounded(out[name], base[name], phi, 0.7, 1e-15 * sum(map(np.abs, terms)))


# Trimming: exactly k, of equal magnitudes the first.


def many_tensors(seed: int, number: int = 120) -> dict[str, np.ndarray]:
    """Few different values, so that hardly any cut falls between two of them."""
    numbers = np.random.default_rng(seed)
    values = np.array([0, 0, 1, -1, 1.5, -1.5, 2, -3e38, 1e-45], np.float32)
    return {f"{i:03}.x": numbers.choice(values, numbers.integers(0, 60)) for i in range(number)}


@pytest.mark.parametrize("keep", [0.001, 0.07, 0.29, 0.5, 0.77, 0.999])
def test_each_tensor_keeps_exactly_its_largest_entries(lab, keep):
    tau = many_tensors(1)
    lab.model("base", {name: np.zeros_like(values) for name, values in tau.items()})
    lab.model("a", tau)
    for method, options in (("magnitude", {}), ("ties", {"scope": "tensor"}), ("lors", {"rank": 0})):
        out = lab.merge(method, ["a"], {"keep": keep, **options})
        for name, values in tau.items():
            np.testing.assert_array_equal(out[name], references.magnitude(values, keep), f"{method}, {name}")
            kept = out.receipt["tensors"][name]["a"]["kept"] if values.size else 0
            assert kept == count(keep, values.size)


@pytest.mark.parametrize("keep", [0.0001, 0.07, 0.29, 0.5, 0.77, 0.9999])
def test_ties_keeps_exactly_the_largest_entries_of_the_whole_vector(lab, keep):
    for seed in range(3):
        tau = many_tensors(seed, number=30 + seed)
        # Names in the file are in another order than by name, which decides between equal magnitudes.
        lab.model(f"base{seed}", {name: np.zeros_like(tau[name]) for name in sorted(tau, reverse=True)})
        lab.model(f"a{seed}", {name: tau[name] for name in sorted(tau, reverse=True)})
        out = lab.merge("ties", [f"a{seed}"], {"keep": keep}, base=f"base{seed}")
        whole = references.magnitude(references.flat(tau), keep)
        for name, expected in references.unflat(whole, tau).items():
            np.testing.assert_array_equal(out[name], expected, name)
        kept = [facts[f"a{seed}"]["kept"] for facts in out.receipt["tensors"].values()]
        assert sum(kept) == count(keep, whole.size)


def test_a_keep_is_taken_as_it_is_written(lab):
    """0.29 x 50 is 14.5, so 15 entries are kept; the float beside it would give 14."""
    tau = {"x": np.arange(1, 51, dtype=np.float32)}
    lab.model("base", {"x": np.zeros(50, np.float32)})
    lab.model("a", tau)
    for options in ({"keep": 0.29}, {"keep": 0.29, "scope": "tensor"}):
        assert np.count_nonzero(lab.merge("ties", ["a"], options)["x"]) == 15


def test_unchanged_weights_do_not_displace_changed_ones(lab):
    tau = np.zeros(100, np.float32)
    tau[[3, 50]] = 1e-30, -5
    lab.model("base", {"x": np.zeros(100, np.float32)})
    lab.model("a", {"x": tau})
    for method in ("magnitude", "ties"):
        np.testing.assert_array_equal(lab.merge(method, ["a"], {"keep": 0.5})["x"], tau)


def test_ties_elects_the_sign_without_the_weights(lab):
    for name, value in {"base": 0, "a": 2, "b": -3}.items():
        lab.model(name, {"x": np.full(1, value, np.float32)})
    vectors = [{"path": "a", "weight": 1}, {"path": "b", "weight": 0.1}]
    assert lab.merge("ties", vectors, {"keep": 1})["x"] == pytest.approx(-0.3)


def test_ties_that_cancel_elect_nobody(lab):
    for name, value in {"base": 1, "a": 3, "b": -1}.items():
        lab.model(name, {"x": np.full(3, value, np.float32)})
    np.testing.assert_array_equal(lab.merge("ties", ["a", "b"], {"keep": 1})["x"], 1)


# Singular values.


@pytest.mark.parametrize(("rank", "kept"), [(0.07, 7), (0.03, 3), (0.29, 29), (0.001, 1), (0.011, 2), (0.99, 99)])
def test_a_rank_is_taken_as_it_is_written_and_rounded_up(lab, rank, kept):
    numbers = np.random.default_rng(1)
    lab.model("base", {"x": np.zeros((100, 120), np.float32)})
    lab.model("a", {"x": numbers.standard_normal((100, 120), np.float32)})
    out = lab.merge("svd", ["a"], {"rank": rank})
    assert out.receipt["tensors"]["x"]["a"]["rank"] == kept
    values = np.linalg.svd(out["x"], compute_uv=False)
    assert values[kept - 1] > 1 and values[kept] < 1e-4


def test_the_rank_error_in_the_receipt_is_that_of_the_result(lab):
    numbers = np.random.default_rng(2)
    tau = {"tall": numbers.standard_normal((40, 9), np.float32), "wide": numbers.standard_normal((9, 40), np.float32)}
    lab.model("base", {name: np.zeros_like(values) for name, values in tau.items()})
    lab.model("a", tau)
    out = lab.merge("svd", ["a"], {"rank": 0.5})
    for name, values in tau.items():
        error = np.linalg.norm(out[name] - values) / np.linalg.norm(values)
        assert out.receipt["tensors"][name]["a"]["rank_error"] == pytest.approx(error, rel=1e-5)


def test_singular_values_of_every_size_are_found(lab):
    """The squares of these span sixteen orders of magnitude, all that float64 has."""
    numbers = np.random.default_rng(3)
    u, v = (np.linalg.qr(numbers.standard_normal((30, 30)))[0] for _ in range(2))
    matrix = ((u * 10.0 ** -np.linspace(0, 8, 30)) @ v).astype(np.float32)
    lab.model("base", {"x": np.zeros((30, 30), np.float32)})
    lab.model("a", {"x": matrix})
    for rank in (0.1, 0.5, 0.9):
        out = lab.merge("svd", ["a"], {"rank": rank})
        np.testing.assert_allclose(out["x"], references.svd(matrix.astype(np.float64), rank), atol=1e-7)


def test_large_and_flat_matrices_are_worked_on_in_panels(lab):
    """More than one panel of rows, whose height is no divisor of theirs."""
    numbers = np.random.default_rng(4)
    matrix = (numbers.standard_normal((6000, 3)) @ numbers.standard_normal((3, 200))).astype(np.float32)
    lab.model("base", {"x": np.zeros_like(matrix)})
    lab.model("a", {"x": matrix})
    for rank, exact in ((0.015, matrix), (0.005, references.svd(matrix.astype(np.float64), 0.005))):
        np.testing.assert_allclose(lab.merge("svd", ["a"], {"rank": rank})["x"], exact, atol=1e-5)
