"""TIES: trim, elect sign, merge.

    tau'_i = tau_i where |tau_i| is among the k largest, else 0
    s*     = sign(sum_i tau'_i)
    Phi    = sum_i alpha_i tau'_i [sign(tau'_i) = s*]

Yadav et al., "TIES-Merging", NeurIPS 2023; equations 9-11 of the rare-words paper. As there, the sum is weighted and
not divided by the number of vectors that agree, and the election is unweighted. k = floor(keep n + 1/2) is exact: of
equal magnitudes the first win, tensors by name and entries in row-major order. n counts the whole vector (scope
"global", as published) or each tensor by itself (scope "tensor").
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from tauspeech.vectors.method import Choice, Fraction, Method

if TYPE_CHECKING:
    from tauspeech.vectors.combination import Combination, Summand
    from tauspeech.vectors.execution import Execution


def combine(terms: "Sequence[Summand]", *, keep: float, scope: str, execution: "Execution") -> "Combination":
    from tauspeech.vectors.combination import Combination, sum_of_elected
    from tauspeech.vectors.transforms.trimming import Trimmed, cuts_over_all

    deltas = [term.delta for term in terms]
    cuts = cuts_over_all(deltas, keep, execution) if scope == "global" and keep < 1 else [None] * len(deltas)
    trimmed = [term.with_delta(Trimmed(term.delta, keep, each)) for term, each in zip(terms, cuts, strict=True)]
    return Combination(trimmed, rule=sum_of_elected)


METHOD = Method(
    name="ties",
    title="TIES",
    formula="sum alpha_i tau'_i [sign(tau'_i) = s], tau' the largest entries, s the sign of sum tau'",
    use="For several vectors that change the same weights in opposite directions.",
    reference="Yadav et al., 2023",
    combine=combine,
    options=(
        Fraction(name="keep", description="fraction of entries kept", example=0.5),
        Choice(
            name="scope",
            description="set of entries that are trimmed together",
            choices={"global": "the whole vector", "tensor": "each tensor by itself"},
            default="global",
        ),
    ),
)
