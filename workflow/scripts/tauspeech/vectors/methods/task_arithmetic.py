"""Task arithmetic: Phi = sum_i alpha_i tau_i. A negative weight removes a task; tau_3 + tau_2 - tau_1 is an analogy.

Ilharco et al., "Editing Models with Task Arithmetic", ICLR 2023; equation 8 of the rare-words paper.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from tauspeech.vectors.method import Method

if TYPE_CHECKING:
    from tauspeech.vectors.combination import Combination, Summand


def combine(terms: "Sequence[Summand]") -> "Combination":
    from tauspeech.vectors.combination import Combination

    return Combination(terms)


METHOD = Method(
    name="task_arithmetic",
    title="Task arithmetic",
    formula="sum alpha_i tau_i",
    use="For few vectors that hardly overlap, for analogies, and with a negative weight to remove a task.",
    reference="Ilharco et al., 2023",
    combine=combine,
    weighted_sum=True,
)
