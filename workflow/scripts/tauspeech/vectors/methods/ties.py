"""TIES: trim, elect sign, merge.

    tau'_i = tau_i where |tau_i| is among the k largest, else 0
    s*     = sign(sum_i tau'_i)
    Phi    = sum_i alpha_i tau'_i [sign(tau'_i) = s*]

Yadav et al., "TIES-Merging", NeurIPS 2023; equations 9-11 of the rare-words paper. As there, the sum is weighted and
not divided by the number of vectors that agree, and the election is unweighted. k = floor(keep n + 1/2) is exact: of
equal magnitudes the first win, tensors by name and entries in row-major order. n counts the whole vector (scope
"global", as published) or each tensor by itself (scope "tensor").
"""

import math
from collections.abc import Mapping

import numpy as np
import torch
from torch import Tensor

from tauspeech.vectors.methods.task_arithmetic import weighted_sum


def combine(
    vectors: Mapping[str, Mapping[str, Tensor]], weights: Mapping[str, float], *, keep: float, scope: str = "global"
) -> dict[str, Tensor]:
    trimmed = {key: trim(vector, keep, scope) for key, vector in vectors.items()}
    merged = {}
    for name in next(iter(vectors.values())):
        elected = torch.sign(sum(vector[name].double() for vector in trimmed.values()))
        merged[name] = weighted_sum(
            (weights.get(key, 1.0), torch.where(torch.sign(vector[name]) == elected, vector[name], 0.0))
            for key, vector in trimmed.items()
        )
    return merged


def trim(vector: Mapping[str, Tensor], keep: float, scope: str) -> dict[str, Tensor]:
    names = sorted(vector)
    groups = [names] if scope == "global" else [[name] for name in names]
    return {name: tensor for group in groups for name, tensor in _trim({n: vector[n] for n in group}, keep).items()}


def _trim(tensors: Mapping[str, Tensor], keep: float) -> dict[str, Tensor]:
    flat = torch.cat([tensor.reshape(-1) for tensor in tensors.values()]).numpy()
    flat = np.where(_largest(np.abs(flat), math.floor(keep * flat.size + 0.5)), flat, np.float32(0))
    pieces = torch.from_numpy(flat).split([tensor.numel() for tensor in tensors.values()])
    return {name: piece.reshape(tensors[name].shape) for name, piece in zip(tensors, pieces, strict=True)}


def _largest(magnitudes: np.ndarray, count: int) -> np.ndarray:
    """Which entries are the ``count`` largest, exactly so many."""
    if count == 0:
        return np.zeros(magnitudes.size, dtype=bool)
    threshold = np.partition(magnitudes, -count)[-count]
    kept = magnitudes > threshold
    tied = np.flatnonzero(magnitudes == threshold)
    kept[tied[: count - np.count_nonzero(kept)]] = True
    return kept
