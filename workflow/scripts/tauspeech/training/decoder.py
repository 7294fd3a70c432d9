"""Training of everything but a model's encoder, whose output then is the same in all steps."""

from typing import Any

from tauspeech.models.family import SpeechModel
from tauspeech.runtime.errors import UserError
from tauspeech.training.trainable import AllWeights


def trainable(model: SpeechModel, settings: dict[str, Any], seed: int) -> AllWeights:
    """See ``training.trainable``."""
    if model.encoder is None:
        raise UserError("key 'training.trainable' is decoder, and the base has none: set it to all or lora.")
    model.encoder.requires_grad_(False)
    return AllWeights(model)
