"""Reference implementations of the methods by the papers' formulas: whole tensors in float64.

A vector is a mapping from names to arrays; its numbers are float32, as in a vector's file.
"""

import math
from collections.abc import Mapping, Sequence
from fractions import Fraction

import numpy as np

Vector = Mapping[str, np.ndarray]

HALF_ULP = 2.0**-24  # of float32, relative
SMALLEST = 2.0**-149


def difference(finetuned: Vector, base: Vector) -> dict[str, np.ndarray]:
    return {name: (finetuned[name] - base[name]).astype(np.float64) for name in base}


def count(keep: float, size: int) -> int:
    """k = floor(keep n + 1/2), where 0.29 is exactly 29/100, not its nearest float."""
    return math.floor(Fraction(str(keep)) * size + Fraction(1, 2))


def rank_count(rank: float, matrix: np.ndarray) -> int:
    return math.ceil(Fraction(str(rank)) * min(matrix.shape))


def as_matrix(tensor: np.ndarray) -> np.ndarray:
    rows = tensor.shape[0] if tensor.ndim > 1 else tensor.size
    return tensor.reshape(rows, tensor.size // rows if rows and tensor.ndim > 1 else 1)


def top(flat: np.ndarray, k: int) -> np.ndarray:
    """The k largest magnitudes, of equal ones the first."""
    mask = np.zeros(flat.size, bool)
    mask[sorted(range(flat.size), key=lambda i: (-abs(flat[i]), i))[:k]] = True
    return mask


def magnitude(tau: np.ndarray, keep: float) -> np.ndarray:
    """LoRS paper, equations 1-2."""
    return np.where(top(tau.ravel(), count(keep, tau.size)).reshape(tau.shape), tau, 0.0)


def svd(tau: np.ndarray, rank: float) -> np.ndarray:
    """LoRS paper, equations 3-4."""
    if tau.size == 0:
        return tau
    matrix = as_matrix(tau)
    r = rank_count(rank, matrix)
    u, s, vt = np.linalg.svd(matrix, full_matrices=False)
    return ((u[:, :r] * s[:r]) @ vt[:r]).reshape(tau.shape)


def lors(tau: np.ndarray, rank: float, keep: float) -> np.ndarray:
    """LoRS paper, equations 5-7."""
    low = svd(tau, rank)
    return low + magnitude(tau - low, keep)


def ties(taus: Sequence[np.ndarray], alphas: Sequence[float], keep: float) -> np.ndarray:
    """Rare-words paper, equations 9-11."""
    trimmed = [magnitude(tau, keep) for tau in taus]
    elected = np.sign(sum(trimmed))
    return sum(alpha * tau * (np.sign(tau) == elected) for alpha, tau in zip(alphas, trimmed, strict=True))


def flat(vector: Vector) -> np.ndarray:
    return np.concatenate([vector[name].ravel() for name in sorted(vector)])


def unflat(values: np.ndarray, like: Vector) -> dict[str, np.ndarray]:
    found = {}
    for name in sorted(like):
        found[name], values = values[: like[name].size].reshape(like[name].shape), values[like[name].size :]
    return found


def phi(method: str, options: Mapping, taus: Sequence[Vector], alphas: Sequence[float]) -> dict[str, np.ndarray]:
    """Phi of each method except DARE, whose masks are random."""
    if method == "ties" and options.get("scope", "global") == "global":
        return unflat(ties([flat(tau) for tau in taus], alphas, options["keep"]), taus[0])

    def of(tensors: Sequence[np.ndarray]) -> np.ndarray:
        if method == "ties":
            return ties(tensors, alphas, options["keep"])
        prune = {"magnitude": magnitude, "svd": svd, "lors": lors}.get(method, lambda tau: tau)
        total = sum(alpha * prune(tau, **options) for alpha, tau in zip(alphas, tensors, strict=True))
        return total / math.fsum(alphas) if method == "average" else total

    return {name: of([tau[name] for tau in taus]) for name in taus[0]}


def assert_rounded(out: np.ndarray, base: np.ndarray, change: np.ndarray, scale: float = 1.0, slack: float = 0.0):
    """``out`` is base + scale * change, where both the change and the result were rounded to float32 once."""
    exact = base + scale * change
    allowed = HALF_ULP * (np.abs(exact) + 1.01 * np.abs(scale * change)) + (1 + abs(scale)) * SMALLEST + slack
    worst = np.argmax(np.abs(out - exact) - allowed) if out.size else None
    assert worst is None or np.all(np.abs(out - exact) <= allowed), (
        f"{out.flat[worst]!r} instead of {exact.flat[worst]!r}, off by {np.abs(out - exact).flat[worst]:.3g}, "
        f"allowed {allowed.flat[worst]:.3g}"
    )
