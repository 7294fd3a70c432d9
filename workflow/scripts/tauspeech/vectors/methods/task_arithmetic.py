"""Task arithmetic: Phi = sum_i alpha_i tau_i.

Ilharco et al., "Editing Models with Task Arithmetic", ICLR 2023; equation 8 of the rare-words paper.
"""

from collections.abc import Iterable, Mapping

from torch import Tensor


def combine(vectors: Mapping[str, Mapping[str, Tensor]], weights: Mapping[str, float]) -> dict[str, Tensor]:
    names = next(iter(vectors.values()))
    return {
        name: weighted_sum((weights.get(key, 1.0), vector[name]) for key, vector in vectors.items()) for name in names
    }


def weighted_sum(terms: Iterable[tuple[float, Tensor]]) -> Tensor:
    """The sum in float64, rounded once to float32."""
    # Not add(..., alpha): it may fuse multiply and add in some lanes only, and which ones may depend on the threads.
    return sum(tensor.double() * weight for weight, tensor in terms).float()
