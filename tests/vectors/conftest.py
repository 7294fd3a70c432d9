"""Toy model folders: small tensors in safetensors, no model behind them."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor

Tensors = dict[str, Tensor]


@pytest.fixture
def toy() -> Callable[..., Tensors]:
    """Random tensors of the shapes that models have: matrix, convolution, bias, scalar, nothing at all."""

    def make(seed: int, spread: float = 1.0) -> Tensors:
        numbers = np.random.default_rng(seed)
        shapes = {"z.weight": (7, 5), "a.conv": (3, 2, 4), "m.bias": (6,), "scale": (), "empty": (0, 3)}
        return {
            name: torch.tensor(spread * numbers.standard_normal(shape), dtype=torch.float32)
            for name, shape in shapes.items()
        }

    return make


@pytest.fixture
def model_folder(tmp_path: Path) -> Callable[..., Path]:
    """Write a model folder, in several shards if asked to."""

    def write(name: str, tensors: Mapping[str, Tensor], shards: int = 1) -> Path:
        folder = tmp_path / name
        folder.mkdir()
        (folder / "config.json").write_text('{"architectures": ["Toy"]}\n')
        if shards == 1:
            save_file(dict(tensors), folder / "model.safetensors", metadata={"format": "pt"})
            return folder
        where = {key: f"model-{i % shards + 1:05}-of-{shards:05}.safetensors" for i, key in enumerate(tensors)}
        for file in set(where.values()):
            save_file({key: tensors[key] for key in tensors if where[key] == file}, folder / file)
        index = {"metadata": {"total_size": 0}, "weight_map": where}
        (folder / "model.safetensors.index.json").write_text(json.dumps(index))
        return folder

    return write
