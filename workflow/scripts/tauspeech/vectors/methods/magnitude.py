"""Magnitude pruning (MP): Phi = sum_i alpha_i M_i * tau_i, where M_i keeps the largest entries of each tensor.

Equations 1-2 of the LoRS paper, which prunes each weight matrix by itself. Of n entries floor(keep n + 1/2) are kept, of
equal magnitudes the first in row-major order.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from tauspeech.vectors.method import Fraction, Method

if TYPE_CHECKING:
    from tauspeech.vectors.combination import Combination, Summand


def combine(terms: "Sequence[Summand]", *, keep: float) -> "Combination":
    from tauspeech.vectors.combination import Combination
    from tauspeech.vectors.transforms.trimming import Trimmed

    return Combination([term.with_delta(Trimmed(term.delta, keep)) for term in terms])


METHOD = Method(
    name="magnitude",
    title="Magnitude pruning (MP)",
    formula="sum alpha_i M_i tau_i, M_i the largest entries of each tensor",
    use="For vectors whose small entries are noise that adds up when many are merged.",
    reference="LoRS paper, eqs. 1-2",
    combine=combine,
    options=(Fraction(name="keep", description="fraction of entries kept", example=0.2),),
)
