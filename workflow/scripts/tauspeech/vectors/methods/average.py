"""Averaging: Phi = (1/K) sum_i tau_i, so that theta_0 + Phi is the mean of the K fine-tuned models.

Wortsman et al., "Model Soups", ICML 2022. The rare-words paper's Average of one word is the mean of the fine-tuned and
the raw model: weight 1/2.
"""

from collections.abc import Mapping

from torch import Tensor

from tauspeech.vectors.methods import task_arithmetic


def combine(vectors: Mapping[str, Mapping[str, Tensor]], weights: Mapping[str, float]) -> dict[str, Tensor]:
    return task_arithmetic.combine(vectors, dict.fromkeys(vectors, 1 / len(vectors)) | dict(weights))
