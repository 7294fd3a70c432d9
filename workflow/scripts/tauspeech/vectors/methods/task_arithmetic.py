"""Task arithmetic: Phi = sum_i alpha_i tau_i. A negative weight takes a task away; tau_3 + tau_2 - tau_1 is an analogy.

Ilharco et al., "Editing Models with Task Arithmetic", ICLR 2023; equation 8 of the rare-words paper.
"""

from collections.abc import Sequence

from tauspeech.vectors.combination import Combination, Term


def combine(terms: Sequence[Term]) -> Combination:
    return Combination(terms)
