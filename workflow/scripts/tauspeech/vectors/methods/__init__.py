"""The published ways to put task vectors together, each one function from vectors and weights to Phi.

They take the vectors in a fixed order, as ``merge.combine`` sorts them, and add up in float64.
"""

from tauspeech.vectors.methods import average, dare, task_arithmetic, ties

METHODS = {
    "average": average.combine,
    "dare": dare.combine,
    "task_arithmetic": task_arithmetic.combine,
    "ties": ties.combine,
}
