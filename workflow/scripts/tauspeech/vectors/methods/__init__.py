"""The published ways to put task vectors together: from weighted changes to Phi in out = base + scale * Phi.

A method is a function of the terms; its options are its keyword arguments, but for what the engine gives (seed, work).
"""

from tauspeech.vectors.methods import average, dare, lors, magnitude, svd, task_arithmetic, ties

METHODS = {
    "average": average.combine,
    "task_arithmetic": task_arithmetic.combine,
    "ties": ties.combine,
    "dare": dare.combine,
    "magnitude": magnitude.combine,
    "svd": svd.combine,
    "lors": lors.combine,
}
