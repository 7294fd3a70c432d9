"""A Hugging Face model folder: its tensors, its configuration, and the files that describe the model."""

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

# Files of a model folder that are not its description: weights in any format, an adapter, and files of the training.
_NOT_DESCRIPTION = (
    ".*",
    "expansion_receipt.json",
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
    "adapter",
)


class Checkpoint:
    """The tensors of a model folder, in one file or in shards, not yet read."""

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
            raise UserError(
                f"{self.folder / 'config.json'} is not valid JSON ({error}); copy the model again."
            ) from None
        if not isinstance(config, dict):
            raise UserError(f"{self.folder / 'config.json'} is not a mapping of settings; copy the model again.")
        return config


def read_weights(folder: Path) -> "dict[str, Tensor]":
    """Every stored tensor of a model, in memory; of tied weights only the stored one."""
    from safetensors.torch import load_file

    weights: dict[str, Tensor] = {}
    for file in Checkpoint(folder).files:  # raises a UserError if the folder is not a model
        weights |= load_file(file)
    return weights


def write_model(folder_from: Path, weights: "Mapping[str, Tensor]", folder_to: Path) -> None:
    """Write a copy of ``folder_from`` with other weights; configuration, tokenizer and processor are copied as they are."""
    from safetensors.torch import save_file

    copy_description(folder_from, folder_to)
    tensors = {name: tensor.contiguous() for name, tensor in weights.items()}
    save_file(tensors, folder_to / WEIGHTS, metadata={"format": "pt"})  # transformers refuses a file without it


def copy_description(source: Path, target: Path) -> None:
    """Copy a model folder without its weights and the files of the training."""
    target.mkdir(parents=True, exist_ok=True)
    for entry in sorted(source.iterdir()):
        if any(fnmatch(entry.name, pattern) for pattern in _NOT_DESCRIPTION):
            continue
        if entry.is_dir():
            copy_description(entry, target / entry.name)
        else:
            shutil.copyfile(entry, target / entry.name)


def _weight_files(folder: Path) -> dict[Path, set[str] | None]:
    """The files with the weights, each with the names of its tensors if an index lists them."""
    if not folder.is_dir():
        raise UserError(f"{folder} is not a model folder; give a folder with config.json and {WEIGHTS}.")
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
        f"{folder} has neither {WEIGHTS} nor {INDEX}; give the folder of a saved model, or convert a model that the hub has "
        "as pickle only: `hf download NAME --local-dir FOLDER` and `tauspeech convert FOLDER`."
    )


def _shards(folder: Path) -> dict[Path, set[str] | None]:
    try:
        shard_of = json.loads((folder / INDEX).read_text(encoding="utf-8"))["weight_map"]
        shards = sorted(set(shard_of.values()))
        if not all(isinstance(shard, str) for shard in shards):
            raise TypeError
    except (ValueError, KeyError, TypeError, AttributeError):
        raise UserError(f"{folder / INDEX} is not a valid index of shards; copy or download the model again.") from None
    for shard in shards:
        if Path(shard).name != shard:
            raise UserError(f"{folder / INDEX} names {shard!r}, which is outside its folder; download the model again.")
    return {folder / shard: {name for name, where in shard_of.items() if where == shard} for shard in shards}
