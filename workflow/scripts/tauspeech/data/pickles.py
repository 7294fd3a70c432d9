"""Pickled weights (torch.save): never loaded as they are, but converted to safetensors on the user's request."""

import pickle
import shlex
from pathlib import Path
from typing import TYPE_CHECKING

from tauspeech.runtime.errors import UserError
from tauspeech.runtime.files import write_atomic

if TYPE_CHECKING:
    from torch import Tensor

USUAL = "pytorch_model.bin"
ENDINGS = (".bin", ".pt", ".pth", ".ckpt", ".pkl")
_TRAINERS = ("training_args.bin", "optimizer.bin", "optimizer.pt", "scheduler.pt", "scaler.pt", "rng_state*.pth")


def command(path: Path) -> str:
    """Command that converts pickled weights, for error messages."""
    return f"`tauspeech convert {shlex.quote(str(path))}`"


def pickled_weights(folder: Path) -> list[Path]:
    """Pickled files of weights in a folder, without other files of a training run.

    If pytorch_model.bin exists it is the only one, because transformers would read that file.
    """
    if (usual := folder / USUAL).is_file():
        return [usual]
    found = (file for file in sorted(folder.glob("*")) if file.suffix in ENDINGS and file.is_file())
    return [file for file in found if not any(file.match(pattern) for pattern in _TRAINERS)]


def convert(path: Path) -> Path:
    """Convert a file, or all files of a model's or adapter's folder, to one safetensors file beside them."""
    from safetensors.torch import save_file

    files = pickled_weights(path) if path.is_dir() else [path]
    if not files or not files[0].is_file():
        raise UserError(f"{path} is neither a file of torch.save nor a folder that contains one: check the path.")
    target = _target(path, files)
    if target.exists():
        raise UserError(f"{target} already exists: move or delete it to convert again.")
    tensors: dict[str, Tensor] = {}
    for file in files:
        tensors |= _tensors(file)
    write_atomic(target, lambda part: save_file(_untied(tensors), part, metadata={"format": "pt"}))
    return target


def _target(path: Path, files: list[Path]) -> Path:
    if not path.is_dir():
        return path.with_name("model.safetensors") if path.name == USUAL else path.with_suffix(".safetensors")
    if files[0].stem == "adapter_model":
        return path / "adapter_model.safetensors"
    if len(files) > 1 and not all(file.name.startswith("pytorch_model-") for file in files):
        raise UserError(
            f"{path} contains {files[0].name} and {files[1].name}: give the path of the file that contains the weights."
        )
    return path / "model.safetensors"


def _tensors(file: Path) -> "dict[str, Tensor]":
    import torch

    try:
        content = torch.load(file, map_location="cpu", weights_only=True)
    except (pickle.UnpicklingError, RuntimeError, ValueError, EOFError, OSError, KeyError, TypeError):
        raise UserError(
            f"{file} is not a file of torch.save, or contains code besides weights, and was not loaded: save only the "
            "state_dict() with torch.save."
        ) from None
    if (
        not isinstance(content, dict)
        or not all(isinstance(each, torch.Tensor) for each in content.values())
        or not content
    ):
        raise UserError(f"{file} contains no named tensors: save the model's state_dict() with torch.save.")
    return {str(name): each for name, each in content.items()}


def _untied(tensors: "dict[str, Tensor]") -> "dict[str, Tensor]":
    """Tensors without shared memory, which safetensors rejects: of tied weights only the first name stays."""
    names: dict[tuple[object, ...], str] = {}
    for name, each in tensors.items():
        names.setdefault((each.data_ptr(), each.shape, each.stride()) if each.numel() else (name,), name)
    return {name: tensors[name].clone().contiguous() for name in names.values()}
