"""Weights that torch.save wrote: never loaded, but made into safetensors where a user who trusts them asks for it."""

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
    """What a refusal tells the user to run."""
    return f"`tauspeech convert {shlex.quote(str(path))}`"


def pickled_weights(folder: Path) -> list[Path]:
    """Files of weights, without what training leaves beside them; of several the one that transformers would read."""
    if (usual := folder / USUAL).is_file():
        return [usual]
    found = (file for file in sorted(folder.glob("*")) if file.suffix in ENDINGS and file.is_file())
    return [file for file in found if not any(file.match(pattern) for pattern in _TRAINERS)]


def convert(path: Path) -> Path:
    """A file, or all files of a model's or adapter's folder, as one file of safetensors beside them."""
    from safetensors.torch import save_file

    files = pickled_weights(path) if path.is_dir() else [path]
    if not files or not files[0].is_file():
        raise UserError(f"{path} is neither a file of torch.save nor a folder with one: check the path.")
    target = _target(path, files)
    if target.exists():
        raise UserError(f"{target} is there already: move it away if it is to be made anew.")
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
        raise UserError(f"{path} holds {files[0].name} and {files[1].name}: give the file that has the weights.")
    return path / "model.safetensors"


def _tensors(file: Path) -> "dict[str, Tensor]":
    import torch

    try:
        held = torch.load(file, map_location="cpu", weights_only=True)
    except (pickle.UnpicklingError, RuntimeError, ValueError, EOFError, OSError, KeyError, TypeError):
        raise UserError(
            f"{file} is no file of torch.save, or holds code beside its weights, and was not opened: save its state_dict() "
            "alone, with torch.save."
        ) from None
    if not isinstance(held, dict) or not all(isinstance(each, torch.Tensor) for each in held.values()) or not held:
        raise UserError(f"{file} holds no tensors by name: save the model's state_dict(), with torch.save.")
    return {str(name): each for name, each in held.items()}


def _untied(tensors: "dict[str, Tensor]") -> "dict[str, Tensor]":
    """Of tied weights the first name, as transformers keeps them; nothing shares memory, which safetensors refuses."""
    kept: dict[tuple[object, ...], str] = {}
    for name, each in tensors.items():
        kept.setdefault((each.data_ptr(), each.shape, each.stride()) if each.numel() else (name,), name)
    return {name: tensors[name].clone().contiguous() for name in kept.values()}
