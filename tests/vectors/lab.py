"""Small model folders and merges of them, for tests of the engine from files to files."""

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

from tauspeech.runtime.errors import UserError
from tauspeech.vectors.execution import Execution
from tauspeech.vectors.extraction import extract
from tauspeech.vectors.files import storage
from tauspeech.vectors.merging import merge
from tauspeech.vectors.recipe import Recipe

Tensors = Mapping[str, Any]  # of PyTorch or NumPy
WEIGHTS = "model.safetensors"

# Every method, with options under which each of its steps has something to do.
EVERY_METHOD: list[tuple[str, dict[str, Any]]] = [
    ("average", {}),
    ("task_arithmetic", {}),
    ("ties", {"keep": 0.4}),
    ("ties", {"keep": 0.4, "scope": "tensor"}),
    ("dare", {"keep": 0.4}),
    ("magnitude", {"keep": 0.4}),
    ("svd", {"rank": 0.3}),
    ("lors", {"rank": 0.3, "keep": 0.2}),
]


@dataclass
class Output:
    """A merged model."""

    folder: Path
    receipt: dict[str, Any]

    @cached_property
    def bytes(self) -> bytes:
        return (self.folder / WEIGHTS).read_bytes()

    @cached_property
    def tensors(self) -> dict[str, Tensor]:
        return load_file(self.folder / WEIGHTS)

    def __getitem__(self, name: str) -> np.ndarray:
        """A tensor in float64 if it is a float tensor, else as it is."""
        tensor = self.tensors[name]
        return (tensor.double() if tensor.is_floating_point() else tensor).numpy()


class Lab:
    """A folder of models and vectors, to which the paths of recipes are relative."""

    def __init__(self, folder: Path):
        self.folder = folder
        self._outputs = 0

    def model(self, name: str, tensors: Tensors, shards: int = 1, config: Mapping[str, Any] | None = None) -> Path:
        folder = self.folder / name
        folder.mkdir()
        about = {"architectures": ["Toy"]} if config is None else config
        (folder / "config.json").write_text(json.dumps(about), encoding="utf-8")
        tensors = {key: torch.as_tensor(tensor).contiguous() for key, tensor in tensors.items()}
        if shards == 1:
            save_file(tensors, folder / WEIGHTS, metadata={"format": "pt"})
            return folder
        where = {key: f"model-{i % shards + 1:05}-of-{shards:05}.safetensors" for i, key in enumerate(tensors)}
        for file in set(where.values()):
            save_file({key: tensors[key] for key in tensors if where[key] == file}, folder / file)
        index = {"metadata": {"total_size": 0}, "weight_map": where}
        (folder / "model.safetensors.index.json").write_text(json.dumps(index), encoding="utf-8")
        return folder

    def vector(self, name: str, base: str, finetuned: str, encoding: str = "float32") -> Path:
        file = self.folder / f"{name}.safetensors"
        extract(str(self.folder / base), str(self.folder / finetuned), file, encoding, Execution())
        return file

    def recipe(self, method: str, vectors: Sequence[Any], options: Mapping[str, Any] | None = None, **more) -> Recipe:
        entries = [{"path": each} if isinstance(each, str) else each for each in vectors]
        content = {"base": "base", "method": method, "options": dict(options or {}), "vectors": entries}
        return Recipe.parse(content | more, self.folder)

    def merge(
        self, method: str, vectors: Sequence[Any], options: Mapping[str, Any] | None = None, threads: int = 1, **more
    ) -> Output:
        self._outputs += 1
        out = self.folder / f"out-{self._outputs}"
        receipt = merge(self.recipe(method, vectors, options, **more), out, Execution(threads))
        return Output(out, receipt)

    @contextmanager
    def refused(self, match: str) -> Iterator[None]:
        """Expect a UserError of one line, and no written file."""
        before = self.files()
        with pytest.raises(UserError, match=match) as caught:
            yield
        assert "\n" not in str(caught.value)
        assert self.files() == before

    def files(self) -> set[str]:
        """All files except cached hashes, which may appear at any time."""
        return {str(file.relative_to(self.folder)) for file in self.folder.rglob("*")} - {
            str(file.relative_to(self.folder)) for file in self.folder.rglob(".*.hashes.json")
        }


@contextmanager
def chunks_of(size: int) -> Iterator[None]:
    """Let the engine read tensors in pieces of ``size`` elements."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(storage, "CHUNK", size)
        yield
