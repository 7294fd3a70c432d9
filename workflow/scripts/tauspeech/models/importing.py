"""Import of a base model: its description byte for byte, its weights in float32, so that small differences survive."""

from pathlib import Path

import torch

from tauspeech.models.family import family_of, open_model
from tauspeech.runtime.errors import UserError
from tauspeech.vectors.files.checkpoint import read_weights, write_model


def import_base(origin: Path, folder: Path) -> None:
    family_of(origin)
    weights = finite_weights(origin)
    open_model(origin)  # reports faults of the other files here, before every later job does
    write_model(origin, weights, folder)


def finite_weights(origin: Path) -> dict[str, torch.Tensor]:
    """The weights of a folder in float32; a UserError for pickled ones, and for NaN and infinity."""
    weights = read_weights(origin)
    for name, each in weights.items():
        if each.is_floating_point() and not each.isfinite().all():
            raise UserError(
                f"Tensor {name} of {origin} contains NaN or infinity: use a checkpoint from before it diverged."
            )
    return {name: each.float() if each.is_floating_point() else each for name, each in weights.items()}
