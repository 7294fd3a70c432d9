"""The weights of a Hugging Face model folder: read, identified, written."""

import hashlib
import json
import shutil
from collections.abc import Mapping
from fnmatch import fnmatch
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor

from tauspeech.errors import UserError

WEIGHTS = "model.safetensors"
INDEX = "model.safetensors.index.json"

# What a model folder may hold besides its description: weights in any format, and what training leaves there.
_LEFT_BEHIND = (
    ".*",
    "*.safetensors",
    "*.safetensors.index.json",
    "pytorch_model*.bin*",
    "tf_model*.h5*",
    "flax_model*.msgpack*",
    "*.onnx",
    "*.onnx_data",
    "*.gguf",
    "*.pt",
    "*.pth",
    "*.ckpt",
    "checkpoint-*",
    "global_step*",
    "runs",
    "*.pkl",
    "optimizer.bin",
    "training_args.bin",
    "trainer_state.json",
    "receipt.json",
)

_CONVERT = (
    'python -c "import sys, transformers as t; folder = sys.argv[1]; '
    "name = t.AutoConfig.from_pretrained(folder).architectures[0]; "
    'getattr(t, name).from_pretrained(folder).save_pretrained(folder)" FOLDER'
)


def read_weights(folder: Path) -> dict[str, Tensor]:
    """Every tensor of the model as it is stored; of weights that are tied, the stored one."""
    folder = Path(folder)
    if not folder.is_dir():
        raise UserError(f"{folder} is no model folder; give a folder with config.json and {WEIGHTS}.")
    if (folder / WEIGHTS).is_file():
        return _read(folder / WEIGHTS)
    if (folder / INDEX).is_file():
        return _read_sharded(folder)
    if any(folder.glob("pytorch_model*.bin")):
        raise UserError(f"{folder} has its weights only as pickle, which is never loaded; convert it with: {_CONVERT}")
    raise UserError(f"{folder} has neither {WEIGHTS} nor {INDEX}; give the folder of a saved model.")


def fingerprint(model: Path | Mapping[str, Tensor]) -> str:
    """SHA-256 of the weights themselves: no matter how they are split into files, or what those say about them."""
    weights = model if isinstance(model, Mapping) else read_weights(model)
    digest = hashlib.sha256()
    for name in sorted(weights):
        tensor = weights[name]
        digest.update(json.dumps([name, str(tensor.dtype), list(tensor.shape)]).encode())
        digest.update(tensor.reshape(-1).view(torch.uint8).numpy())
    return digest.hexdigest()


def write_model(folder_from: Path, weights: Mapping[str, Tensor], folder_to: Path) -> None:
    """``folder_from`` with other weights: its configuration, tokenizer and processor go along byte for byte."""
    folder_to = Path(folder_to)
    _copy_description(Path(folder_from), folder_to)
    tensors = {name: tensor.contiguous() for name, tensor in weights.items()}
    save_file(tensors, folder_to / WEIGHTS, metadata={"format": "pt"})  # transformers refuses a file without it


def _read(file: Path) -> dict[str, Tensor]:
    try:
        return load_file(file)
    except FileNotFoundError:
        raise UserError(f"{file} is missing; copy or download the model again.") from None
    except SafetensorError as error:
        raise UserError(f"{file} is truncated or no safetensors file ({error}); copy or download it again.") from None


def _read_sharded(folder: Path) -> dict[str, Tensor]:
    try:
        shard_of = json.loads((folder / INDEX).read_text(encoding="utf-8"))["weight_map"]
        shards = sorted(set(shard_of.values()))
    except (ValueError, KeyError, TypeError, AttributeError):
        raise UserError(f"{folder / INDEX} is no index of shards; copy or download the model again.") from None
    weights: dict[str, Tensor] = {}
    for shard in shards:
        if Path(shard).name != shard:
            raise UserError(f"{folder / INDEX} names {shard!r}, which is outside its folder; download the model again.")
        held = _read(folder / shard)
        listed = {name for name, where in shard_of.items() if where == shard}
        if held.keys() != listed:
            name = min(held.keys() ^ listed)
            raise UserError(f"{folder / INDEX} and {shard} disagree about tensor {name}; download the model again.")
        weights |= held
    return weights


def _copy_description(source: Path, target: Path) -> None:
    target.mkdir(parents=True, exist_ok=True)
    for entry in sorted(source.iterdir()):
        if any(fnmatch(entry.name, pattern) for pattern in _LEFT_BEHIND):
            continue
        if entry.is_dir():
            _copy_description(entry, target / entry.name)
        else:
            shutil.copyfile(entry, target / entry.name)
