"""A Hugging Face model folder: its tensors, where they lie, and all that describes the model."""

import json
import shutil
from collections.abc import Mapping
from fnmatch import fnmatch
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tauspeech.data import pickles
from tauspeech.runtime.errors import UserError
from tauspeech.vectors.files.storage import StoredTensor, read_header

if TYPE_CHECKING:
    from torch import Tensor

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
    "merge_receipt.json",
)


class Checkpoint:
    """The tensors of a model folder, in one file or in shards, found but not yet read."""

    def __init__(self, folder: Path):
        self.folder = Path(folder)
        self.files = _weight_files(self.folder)
        self.tensors: dict[str, StoredTensor] = {}
        for file, listed in self.files.items():
            held, _ = read_header(file)
            if listed is not None and held.keys() != listed:
                raise UserError(
                    f"{self.folder / INDEX} and {file.name} disagree about tensor {min(held.keys() ^ listed)}; "
                    "download the model again."
                )
            self.tensors |= held

    @cached_property
    def config(self) -> dict[str, Any]:
        try:
            config = json.loads((self.folder / "config.json").read_text(encoding="utf-8"))
        except FileNotFoundError:
            return {}
        except ValueError as error:
            raise UserError(f"{self.folder / 'config.json'} is no JSON ({error}); copy the model again.") from None
        if not isinstance(config, dict):
            raise UserError(f"{self.folder / 'config.json'} is no mapping of settings; copy the model again.")
        return config


def read_weights(folder: Path) -> "dict[str, Tensor]":
    """Every tensor of the model as it is stored, in memory; of weights that are tied, the stored one."""
    from safetensors.torch import load_file

    weights: dict[str, Tensor] = {}
    for file in Checkpoint(folder).files:  # which refuses what is no model
        weights |= load_file(file)
    return weights


def write_model(folder_from: Path, weights: "Mapping[str, Tensor]", folder_to: Path) -> None:
    """``folder_from`` with other weights: its configuration, tokenizer and processor go along byte for byte."""
    from safetensors.torch import save_file

    copy_description(folder_from, folder_to)
    tensors = {name: tensor.contiguous() for name, tensor in weights.items()}
    save_file(tensors, folder_to / WEIGHTS, metadata={"format": "pt"})  # transformers refuses a file without it


def copy_description(source: Path, target: Path) -> None:
    """All of a model folder but its weights and what training left there."""
    target.mkdir(parents=True, exist_ok=True)
    for entry in sorted(source.iterdir()):
        if any(fnmatch(entry.name, pattern) for pattern in _LEFT_BEHIND):
            continue
        if entry.is_dir():
            copy_description(entry, target / entry.name)
        else:
            shutil.copyfile(entry, target / entry.name)


def _weight_files(folder: Path) -> dict[Path, set[str] | None]:
    """The files that hold the weights, each with the tensors that an index says it has."""
    if not folder.is_dir():
        raise UserError(f"{folder} is no model folder; give a folder with config.json and {WEIGHTS}.")
    if (folder / WEIGHTS).is_file():
        return {folder / WEIGHTS: None}
    if (folder / INDEX).is_file():
        return _shards(folder)
    if pickled := pickles.pickled_weights(folder):
        raise UserError(
            f"{folder} has its weights only as pickle ({pickled[0].name}), which is never loaded; convert it, if you "
            f"trust it, with {pickles.command(folder)}."
        )
    raise UserError(
        f"{folder} has neither {WEIGHTS} nor {INDEX}; give the folder of a saved model, or convert one that the hub has in "
        "pickle only: `hf download NAME --local-dir FOLDER` and `tauspeech convert FOLDER`."
    )


def _shards(folder: Path) -> dict[Path, set[str] | None]:
    try:
        shard_of = json.loads((folder / INDEX).read_text(encoding="utf-8"))["weight_map"]
        shards = sorted(set(shard_of.values()))
        if not all(isinstance(shard, str) for shard in shards):
            raise TypeError
    except (ValueError, KeyError, TypeError, AttributeError):
        raise UserError(f"{folder / INDEX} is no index of shards; copy or download the model again.") from None
    for shard in shards:
        if Path(shard).name != shard:
            raise UserError(f"{folder / INDEX} names {shard!r}, which is outside its folder; download the model again.")
    return {folder / shard: {name for name, where in shard_of.items() if where == shard} for shard in shards}
