"""Model folders that differ from another one in their weights alone."""

from collections.abc import Callable, Mapping
from pathlib import Path

import torch

from tauspeech.vectors.files.checkpoint import read_weights, write_model


def save_weights_like(
    base: Path, folder: Path, trained: Mapping[str, torch.Tensor], loaded_name: Callable[[str], str] = str
) -> None:
    """Write the weights under the names and types of ``base``, with the other files of ``base``.

    ``loaded_name`` is the name of a stored weight in the open model. Stored weights that the model does not use stay.
    """
    weights = {}
    for name, stored in read_weights(base).items():
        value = trained.get(loaded_name(name))
        weights[name] = stored if value is None else value.detach().to("cpu", stored.dtype)
    write_model(base, weights, folder)
