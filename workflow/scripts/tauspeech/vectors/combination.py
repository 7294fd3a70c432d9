"""Sums of changes, sum_j weight_j * T_j(theta_j - reference_j): in float64, rounded once, always in the same order."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from tauspeech.runtime.errors import UserError
from tauspeech.vectors.deltas import Delta, Piece
from tauspeech.vectors.tensor_kinds import is_statistic
from tauspeech.vectors.weights import Weight


@dataclass(frozen=True)
class Term:
    """A vector with its weight. A foreign one is a difference to another model than the one that it is added to."""

    delta: Delta
    weight: Weight
    foreign: bool
    label: str

    def changed(self, delta: Delta) -> "Term":
        return Term(delta, self.weight, self.foreign, self.label)


class Combination:
    """Phi. Terms are taken in the order of their ids, since sums of floats depend on it."""

    def __init__(self, terms: Sequence[Term], relative: bool = False):
        self.terms = sorted(terms, key=lambda term: (term.delta.id, term.label, repr(term.weight)))
        self._relative = relative
        self.shapes: dict[str, tuple[int, ...]] = {}
        for term in self.terms:
            self.shapes |= term.delta.shapes
        if relative:
            for name in self.shapes:
                self.weights(name)  # which may not add up to 0

    def weights(self, name: str) -> list[float]:
        weights = [term.weight.of(name) for term in self.terms]
        if self._relative:
            total = math.fsum(weights)
            if total == 0:
                raise UserError(
                    f"The weights of an average of {name} add up to 0; give others, or use task_arithmetic."
                )
            weights = [weight / total for weight in weights]
        return weights

    def amount(self, name: str, scale: float) -> float:
        """What Phi is multiplied by: the scale, but statistics stay between those of the base and the fine-tunes."""
        return min(1.0, max(0.0, scale * math.fsum(self._pulls(name)))) if is_statistic(name) else scale

    def piece(self, name: str) -> "Sum":
        weights = self.weights(name)
        if is_statistic(name):
            pulls = self._pulls(name)
            weights = [pull / math.fsum(pulls) if pull else 0.0 for pull in pulls]
        present = [(w, term) for w, term in zip(weights, self.terms, strict=True) if name in term.delta.shapes]
        pieces = [(term.label, term.delta.piece(name)) for _, term in present]
        return Sum(self.shapes[name], [w for w, _ in present], pieces, self.rule(name))

    def rule(self, name: str) -> "Rule":
        return weighted_sum

    def _pulls(self, name: str) -> list[float]:
        """Positive weights of changes that end at a fine-tune: no others say anything about statistics of data."""
        return [
            0.0 if term.foreign else max(weight, 0.0)
            for weight, term in zip(self.weights(name), self.terms, strict=True)
        ]


Rule = Callable[[Sequence[float], Sequence[Piece], int, int], np.ndarray]


class Sum:
    """One tensor of a combination."""

    def __init__(
        self, shape: tuple[int, ...], weights: Sequence[float], pieces: Sequence[tuple[str, Piece]], rule: Rule
    ):
        self.shape, self._rule, self._weights = shape, rule, weights
        self._labels, self._pieces = [label for label, _ in pieces], [piece for _, piece in pieces]

    def read(self, start: int, stop: int) -> np.ndarray:
        return self._rule(self._weights, self._pieces, start, stop)

    def facts(self) -> dict[str, Any]:
        """What was measured of each vector's tensor while it was read."""
        pieces = zip(self._labels, self._pieces, strict=True)
        measured = {label: piece.facts() for label, piece in pieces if hasattr(piece, "facts")}
        return {label: facts for label, facts in measured.items() if facts}


def weighted_sum(weights: Sequence[float], pieces: Sequence[Piece], start: int, stop: int) -> np.ndarray:
    total = np.zeros(stop - start)
    common = weights[0] if len(set(weights)) == 1 else None  # is multiplied once, which is cheaper
    for weight, piece in zip(weights, pieces, strict=True):
        if weight:
            add(total, 1.0 if common else weight, piece.read(start, stop))
    if common and common != 1:
        total *= common
    return total.astype(np.float32)


def add(total: np.ndarray, weight: float, values: np.ndarray) -> None:
    """``total`` += ``weight`` * ``values``, in float64."""
    if weight == 1:
        total += values
    else:
        total += np.multiply(values, weight, dtype=np.float64)


class Nested:
    """A combination, with its scale, as one vector of another."""

    def __init__(self, combination: Combination, scale: float, id: str):
        self._combination, self._scale, self.id = combination, scale, id
        self.shapes = combination.shapes

    def piece(self, name: str) -> Piece:
        return _Scaled(self._combination.piece(name), self._combination.amount(name, self._scale))


@dataclass(frozen=True)
class _Scaled:
    source: Piece
    amount: float

    @property
    def shape(self) -> tuple[int, ...]:
        return self.source.shape

    def read(self, start: int, stop: int) -> np.ndarray:
        values = self.source.read(start, stop)
        return values if self.amount == 1 else np.multiply(values, self.amount, dtype=np.float64).astype(np.float32)

    def facts(self) -> dict[str, Any]:
        return self.source.facts() if hasattr(self.source, "facts") else {}
