"""DARE: drop entries at random and rescale the rest, Phi = (1 / (1 - p)) sum_i alpha_i m_i tau_i.

Yu et al., "Language Models are Super Mario", ICML 2024; equations 12-13 of the rare-words paper. The masks m_i keep
each entry with probability keep = 1 - p.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from tauspeech.vectors.method import Fraction, Method

if TYPE_CHECKING:
    from tauspeech.vectors.combination import Combination, Summand


def combine(terms: "Sequence[Summand]", *, keep: float, seed: int) -> "Combination":
    from tauspeech.vectors.combination import Combination
    from tauspeech.vectors.transforms.dropping import Dropped

    return Combination([term.with_delta(Dropped(term.delta, keep, seed)) for term in terms], divisor=keep)


METHOD = Method(
    name="dare",
    title="DARE",
    formula="sum alpha_i m_i tau_i / keep, where m_i keeps each entry with probability keep",
    use="For vectors with many redundant entries, so that fewer of them collide.",
    reference="Yu et al., 2024",
    combine=combine,
    options=(Fraction(name="keep", description="fraction of entries kept", example=0.5),),
)
