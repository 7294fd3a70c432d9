"""Preparation of a network of transformers for training and decoding by this project."""

from collections.abc import Iterable
from typing import Any

import torch
from transformers import PreTrainedModel

UNUSED = ("masked_spec_embed",)  # only augments training, and many published checkpoints lack it


def prepare(network: PreTrainedModel, missing: Iterable[str]) -> None:
    """Settings of the loss and of layers that would make a training depend on the hardware; ``missing`` weights are zero."""
    # Means over labels, so that a learning rate serves any length and model. Utterances with more labels than frames
    # have no alignment and do not count.
    network.config.ctc_loss_reduction, network.config.ctc_zero_infinity = "mean", True
    network.accepts_loss_kwargs = False  # the loss of accumulated batches is their mean
    # Layers that are dropped at random get no gradient, which several GPUs with gradient checkpointing do not allow.
    for module in [network.config, *network.modules()]:
        if hasattr(module, "layerdrop"):
            module.layerdrop = 0.0
        # Rotary positions are kept between batches of one length, though the next may have another type or need gradients.
        if hasattr(module, "cached_sequence_length"):
            module.register_forward_pre_hook(_forget_positions)
    # Random values would differ between trainings.
    parameters = dict(network.named_parameters())
    for name in missing:
        if name.endswith(UNUSED) and name in parameters:
            torch.nn.init.zeros_(parameters[name])


def _forget_positions(layer: Any, _: Any) -> None:
    layer.cached_sequence_length = None
