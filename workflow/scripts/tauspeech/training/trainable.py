"""The part of a model that a training changes: all of its weights, or a part that is stored apart.

``training.trainable`` names the part. A value other than ``all`` is a module of this folder with a function
``trainable(model, settings, seed) -> Trainable``, so that a job's fingerprint covers the code of its own part alone.
"""

from importlib import import_module
from pathlib import Path
from typing import Any, Protocol

import torch
from safetensors.torch import load_model
from transformers.utils import SAFE_WEIGHTS_NAME

from tauspeech.models.family import SpeechModel


class Trainable(Protocol):
    """A model in training, with what is trained of it."""

    module: torch.nn.Module  # for the Trainer, which writes checkpoints of what is trained

    def require_effect(self, batch: dict[str, torch.Tensor]) -> None:
        """Raise a UserError if a part of what is trained does not take part in computing the batch."""
        ...

    def load(self, checkpoint: Path) -> None:
        """Set the weights to those of a checkpoint."""
        ...

    def save(self, base: Path, folder: Path) -> None:
        """Write the model of all weights, like ``base``, and whatever else the part is stored as."""
        ...


class AllWeights:
    """Full fine-tuning."""

    def __init__(self, model: SpeechModel):
        self._model, self.module = model, model.network

    def require_effect(self, batch: dict[str, torch.Tensor]) -> None:
        """All weights always do."""

    def load(self, checkpoint: Path) -> None:
        load_model(self.module, checkpoint / SAFE_WEIGHTS_NAME)

    def save(self, base: Path, folder: Path) -> None:
        self._model.save_like(base, folder)


def trains_encoder(model: SpeechModel) -> bool:
    """True if a training changes a weight of the encoder, or of a network without a decoder."""
    return model.encoder is None or any(weight.requires_grad for weight in model.encoder.parameters())


def trainable_of(model: SpeechModel, settings: dict[str, Any], seed: int) -> Trainable:
    """The part of a model that the settings of a training name; without a name all weights."""
    kind = settings.get("trainable", "all")
    if kind == "all":
        return AllWeights(model)
    found: Trainable = import_module(f"tauspeech.training.{kind}").trainable(model, settings, seed)
    return found
