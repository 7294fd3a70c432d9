"""Linear combination of adapters, as PEFT's: Phi = (sum_i sqrt(alpha_i) B_i) (sum_i sqrt(alpha_i) A_i).

It sums the factors, and so adds products of one adapter's B with another's A. PEFT, ``add_weighted_adapter`` with
``combination_type="linear"``; equal to it where all adapters have one scale (alpha / rank). Of a negative weight the sign
is that of one factor.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from tauspeech.vectors.method import Method

if TYPE_CHECKING:
    from tauspeech.vectors.combination import Combination, Summand


def combine(terms: "Sequence[Summand]") -> "Combination":
    from tauspeech.vectors.lora.factor_sum import FactorSum

    return FactorSum(terms)


METHOD = Method(
    name="linear_adapters",
    title="Linear combination of adapters",
    formula="(sum sqrt(alpha_i) B_i) (sum sqrt(alpha_i) A_i)",
    use="To see what PEFT's linear combination of LoRA adapters gives, which is not the sum of their changes.",
    reference='PEFT, `combination_type="linear"`',
    combine=combine,
)
