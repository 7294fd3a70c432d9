"""Sums of LoRA factors: the product of a sum of B and a sum of A, which is not the sum of the products."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from tauspeech.runtime.errors import UserError
from tauspeech.vectors.combination import Combination, Sum, Summand
from tauspeech.vectors.lora.file import Factors
from tauspeech.vectors.panels import Panels, height


class FactorSum(Combination):
    """Changes given as factors B A, of one rank, with the root of a weight at each factor."""

    def __init__(self, terms: Sequence[Summand]):
        super().__init__(terms)
        for name in self.shapes:
            self._factors(name)  # raises if one has none

    def piece(self, name: str) -> Sum:
        (left, right), shape = self._factors(name), self.shapes[name]

        def rows(first: int, last: int) -> NDArray[np.float64]:
            product: NDArray[np.float64] = left[first:last] @ right
            return product

        return Sum(shape, [1.0], [("", Panels(shape, height(right.shape[1]), rows))], self._rule)

    def _factors(self, name: str) -> Factors:
        """Sum of B, and sum of A."""
        lefts, rights = [], []
        for weight, term in zip(self.weights(name), self.terms, strict=True):
            if name in term.delta.shapes:
                left, right = _factors_of(term, name)
                lefts.append(np.sqrt(abs(weight)) * left)
                rights.append(np.copysign(np.sqrt(abs(weight)), weight) * right)
        ranks = {left.shape[1] for left in lefts}
        if len(ranks) > 1:
            raise UserError(
                f"linear_adapters sums factors of one rank, and those of {name} have {' and '.join(map(str, sorted(ranks)))}; "
                "use task_arithmetic, which sums their products."
            )
        return np.sum(lefts, axis=0), np.sum(rights, axis=0)


def _factors_of(term: Summand, name: str) -> Factors:
    factors = getattr(term.delta, "factors", None)
    found: Factors | None = factors(name) if factors else None
    if found is None:
        raise UserError(
            f"linear_adapters sums the factors of LoRA adapters, and {name} of {term.label} is not stored as factors; use "
            "task_arithmetic, which sums any changes."
        )
    return found
