"""Sums of changes, sum_j weight_j * T_j(theta_j - reference_j): in float64, rounded once, always in the same order."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tauspeech.runtime.errors import UserError
from tauspeech.vectors.deltas import Delta, Piece, facts_of
from tauspeech.vectors.files.storage import Values
from tauspeech.vectors.tensor_kinds import is_statistic
from tauspeech.vectors.weights import Weight

# Sums the pieces of one tensor with their weights, from one entry to another.
Rule = Callable[[Sequence[float], Sequence[Piece], int, int], Values]


@dataclass(frozen=True)
class Summand:
    """A vector with its weight. A foreign one is a difference to another model than the one that it is added to."""

    delta: Delta
    weight: Weight
    foreign: bool
    label: str

    def with_delta(self, delta: Delta) -> "Summand":
        return replace(self, delta=delta)


def weighted_sum(weights: Sequence[float], pieces: Sequence[Piece], start: int, stop: int) -> Values:
    total = np.zeros(stop - start)
    common = weights[0] if len(set(weights)) == 1 else None  # a common weight is multiplied once, which is cheaper
    for weight, piece in zip(weights, pieces, strict=True):
        if weight:
            _add(total, 1.0 if common else weight, piece.read(start, stop))
    if common and common != 1:
        total *= common
    return total.astype(np.float32)


def sum_of_elected(weights: Sequence[float], pieces: Sequence[Piece], start: int, stop: int) -> Values:
    """Weighted sum of the entries whose sign is that of the unweighted sum, as in TIES."""
    trimmed = [piece.read(start, stop) for piece in pieces]
    votes = np.zeros(stop - start)
    for values in trimmed:
        votes += values
    elected = np.sign(votes).astype(np.float32)
    total = np.zeros(stop - start)
    for weight, values in zip(weights, trimmed, strict=True):
        if weight:
            # |tau'| where the sign is the elected one, else 0: without a branch for each entry
            _add(total, weight, np.maximum(values * elected, 0))
    return (total * elected).astype(np.float32)


def _add(total: NDArray[np.float64], weight: float, values: Values) -> None:
    """``total`` += ``weight`` * ``values``, in float64."""
    if weight == 1:
        total += values
    else:
        total += np.multiply(values, weight, dtype=np.float64)


class Combination:
    """Phi: the sum of terms, taken in the order of their ids, since sums of floats depend on it.

    With ``relative``, weights are divided by their sum. ``divisor`` and ``rule`` apply to all tensors but running
    statistics, which are always averaged.
    """

    def __init__(
        self, terms: Sequence[Summand], relative: bool = False, divisor: float = 1.0, rule: Rule = weighted_sum
    ):
        self.terms = sorted(terms, key=lambda term: (term.delta.id, term.label, repr(term.weight)))
        self._relative, self._divisor, self._rule = relative, divisor, rule
        self.shapes: dict[str, tuple[int, ...]] = {}
        for term in self.terms:
            self.shapes |= term.delta.shapes
        if relative:
            for name in self.shapes:
                self.weights(name)  # raises if they add up to 0

    def weights(self, name: str) -> list[float]:
        weights = [term.weight.of(name) for term in self.terms]
        if self._relative:
            total = math.fsum(weights)
            if total == 0:
                raise UserError(
                    f"The weights of an average of {name} add up to 0; give others, or use task_arithmetic."
                )
            weights = [weight / total for weight in weights]
        return weights if is_statistic(name) else [weight / self._divisor for weight in weights]

    def amount(self, name: str, scale: float) -> float:
        """The factor of Phi: the scale, limited for statistics so that they stay between the base's and the fine-tunes'."""
        return min(1.0, max(0.0, scale * math.fsum(self._pulls(name)))) if is_statistic(name) else scale

    def piece(self, name: str) -> "Sum":
        weights = self.weights(name)
        if is_statistic(name):
            pulls = self._pulls(name)
            weights = [pull / math.fsum(pulls) if pull else 0.0 for pull in pulls]
        present = [(w, term) for w, term in zip(weights, self.terms, strict=True) if name in term.delta.shapes]
        pieces = [(term.label, term.delta.piece(name)) for _, term in present]
        rule = weighted_sum if is_statistic(name) else self._rule
        return Sum(self.shapes[name], [w for w, _ in present], pieces, rule)

    def _pulls(self, name: str) -> list[float]:
        """Positive weights of changes that end at a fine-tune: only these carry information on statistics of data."""
        return [
            0.0 if term.foreign else max(weight, 0.0)
            for weight, term in zip(self.weights(name), self.terms, strict=True)
        ]


class Sum:
    """One tensor of a combination."""

    def __init__(
        self, shape: tuple[int, ...], weights: Sequence[float], pieces: Sequence[tuple[str, Piece]], rule: Rule
    ):
        self.shape, self._rule, self._weights = shape, rule, weights
        self._labels, self._pieces = [label for label, _ in pieces], [piece for _, piece in pieces]

    def read(self, start: int, stop: int) -> Values:
        return self._rule(self._weights, self._pieces, start, stop)

    def facts(self) -> dict[str, Any]:
        """Measurements of each vector's tensor, made while it was read, by the vector's label."""
        measured = {label: facts_of(piece) for label, piece in zip(self._labels, self._pieces, strict=True)}
        return {label: facts for label, facts in measured.items() if facts}


class Nested:
    """A combination, with its scale, as one vector of another."""

    def __init__(self, combination: Combination, scale: float, id: str):
        self._combination, self._scale, self.id = combination, scale, id
        self.shapes = combination.shapes

    def piece(self, name: str) -> Piece:
        return _ScaledPiece(self._combination.piece(name), self._combination.amount(name, self._scale))


@dataclass(frozen=True)
class _ScaledPiece:
    source: Piece
    amount: float

    @property
    def shape(self) -> tuple[int, ...]:
        return self.source.shape

    def read(self, start: int, stop: int) -> Values:
        values = self.source.read(start, stop)
        return values if self.amount == 1 else np.multiply(values, self.amount, dtype=np.float64).astype(np.float32)

    def facts(self) -> dict[str, Any]:
        return facts_of(self.source)
