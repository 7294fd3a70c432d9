"""DARE: drop entries at random and rescale the rest, Phi = (1 / (1 - p)) sum_i alpha_i m_i tau_i.

Yu et al., "Language Models are Super Mario", ICML 2024; equations 12-13 of the rare-words paper. The masks m_i keep
each entry with probability keep = 1 - p. Whether an entry is kept depends on nothing but the seed, the vector's id, the
tensor's name and the entry's index: not on the other vectors and tensors, nor on their order.
"""

from collections.abc import Mapping

import numpy as np
import torch
from torch import Tensor

from tauspeech.files import canonical_json, sha256_text
from tauspeech.vectors.methods.task_arithmetic import weighted_sum


def combine(
    vectors: Mapping[str, Mapping[str, Tensor]], weights: Mapping[str, float], *, keep: float, seed: int
) -> dict[str, Tensor]:
    return {
        name: weighted_sum(
            (weights.get(key, 1.0) / keep, vector[name] * mask(vector[name], keep, seed, key, name))
            for key, vector in vectors.items()
        )
        for name in next(iter(vectors.values()))
    }


def mask(tensor: Tensor, keep: float, seed: int, vector_id: str, name: str) -> Tensor:
    key = int(sha256_text(canonical_json([seed, "dare", vector_id, name]))[:32], 16)
    # Raw integers, because NumPy promises the same ones in every version, and no such thing of its distributions.
    draws = np.random.Philox(key=key).random_raw(tensor.numel()) >> np.uint64(11)
    return torch.from_numpy(draws < np.uint64(round(keep * 2**53))).reshape(tensor.shape)
