"""Merges by the engine, which computes on the CPU alone, beside the same formulas on the device.

The engine has no device: it reads tensors in pieces, sums in float64 and rounds once, and its results are the same bits
for any number of threads. The formulas here are on whole tensors in float64, so a row says what a device would save and
how far the results are apart: sums agree to the last bit of float32 or nearly, DARE's masks are other random numbers.
Both read the models' files and write one.
"""

import os
import shutil
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from checkpoints import QUICK, make
from safetensors.torch import load_file, save_file
from torch import Tensor

from gpu_parts.setup import Report, Row, Setup, attempt, synchronize
from tauspeech.vectors.execution import Execution
from tauspeech.vectors.merging import merge
from tauspeech.vectors.recipe import Recipe
from tauspeech.vectors.transforms.low_rank import rank_count
from tauspeech.vectors.transforms.trimming import kept_count

WEIGHTS = "model.safetensors"
LAYERS = 3  # of 24 in each half, so that files are written in seconds
MEDIUM = {
    "d_model": 1024,
    "encoder_layers": LAYERS,
    "decoder_layers": LAYERS,
    "encoder_attention_heads": 16,
    "decoder_attention_heads": 16,
    "encoder_ffn_dim": 4096,
    "decoder_ffn_dim": 4096,
    "vocab_size": 51865,
}
TUNED = ("ft1", "ft2")
KEEP, RANK = 0.2, 0.03

# The combination of the vectors of one tensor, in float64, before it is weighted and added to the base.
Formula = Callable[[Sequence[Tensor]], Tensor]


def task_arithmetic(vectors: Sequence[Tensor]) -> Tensor:
    return torch.stack([vector.double() for vector in vectors]).mean(0)


def ties(vectors: Sequence[Tensor]) -> Tensor:
    trimmed = torch.stack([largest(vector, KEEP).double() for vector in vectors])
    elected = trimmed.sum(0).sign()
    return (trimmed * (trimmed.sign() == elected)).mean(0)


def dare(vectors: Sequence[Tensor]) -> Tensor:
    return torch.stack([vector.double() * (torch.rand_like(vector) < KEEP) for vector in vectors]).mean(0) / KEEP


def lors(vectors: Sequence[Tensor]) -> Tensor:
    found = []
    for vector in vectors:
        low = low_rank(vector, RANK).float()
        found.append(low.double() + largest(vector - low, KEEP).double())
    return torch.stack(found).mean(0)


def largest(vector: Tensor, keep: float) -> Tensor:
    """The vector with only its largest entries; of equal ones at the cut, all."""
    count = kept_count(keep, vector.numel())
    if not count:
        return torch.zeros_like(vector)
    cut = vector.abs().flatten().kthvalue(vector.numel() - count + 1).values
    return torch.where(vector.abs() >= cut, vector, 0)


def low_rank(vector: Tensor, rank: float) -> Tensor:
    """The best approximation of a rank, by eigenvectors of the smaller Gram matrix, as in the engine."""
    matrix = vector.double().reshape(len(vector), -1) if vector.dim() > 1 else vector.double().reshape(-1, 1)
    count = rank_count(rank, tuple(vector.shape))
    if count == min(matrix.shape):
        return vector.double()
    wide = matrix.shape[1] > matrix.shape[0]
    gram = matrix @ matrix.T if wide else matrix.T @ matrix
    basis = torch.linalg.eigh(gram).eigenvectors[:, -count:]
    found = basis @ (basis.T @ matrix) if wide else (matrix @ basis) @ basis.T
    return found.reshape(vector.shape)


@dataclass(frozen=True)
class MergeCase:
    title: str
    method: str
    options: dict[str, Any]
    formula: Formula
    comparable: bool = True


CASES = (
    MergeCase("TA", "task_arithmetic", {}, task_arithmetic),
    MergeCase(f"TIES keep {KEEP}, per tensor", "ties", {"keep": KEEP, "scope": "tensor"}, ties),
    MergeCase(f"DARE keep {KEEP}", "dare", {"keep": KEEP}, dare, comparable=False),
    MergeCase(f"LoRS rank {RANK}, keep {KEEP}", "lors", {"rank": RANK, "keep": KEEP}, lors),
)


def run(setup: Setup, report: Report) -> None:
    models = setup.scratch / "models"
    make(models, QUICK if setup.quick else MEDIUM, TUNED)
    threads = os.cpu_count() or 1
    engine(CASES[0], models, setup.scratch / "warm", threads)  # computes hashes, which are stored beside the models
    on_device(CASES[0], models, setup.scratch / "warm.safetensors", setup.device)
    lors([torch.randn(64, 64, device=setup.device)])  # opens the library of linear algebra
    for case in CASES:
        attempt(
            setup, report, {"method": case.title}, lambda case=case: measured(case, models, setup, threads), needed=2
        )


def measured(case: MergeCase, models: Path, setup: Setup, threads: int) -> Row:
    ours, theirs = setup.scratch / case.method, setup.scratch / f"{case.method}.safetensors"
    cpu = engine(case, models, ours, threads)
    whole, arithmetic = on_device(case, models, theirs, setup.device)
    row: Row = {"vectors": len(TUNED), "cpu_threads": threads, "engine_s": cpu, "device_s": whole}
    row |= {"arithmetic_s": arithmetic, "ratio": cpu / whole}
    if case.comparable:
        row |= apart(load_file(ours / WEIGHTS), load_file(theirs), load_file(models / "base" / WEIGHTS))
    shutil.rmtree(ours)
    theirs.unlink()
    return row


def engine(case: MergeCase, models: Path, out: Path, threads: int) -> float:
    vectors = [{"path": str(models / name), "id": name, "weight": 1 / len(TUNED)} for name in TUNED]
    content = {
        "base": str(models / "base"),
        "method": case.method,
        "options": case.options,
        "vectors": vectors,
        "seed": 1,
    }
    recipe = Recipe.parse(content, models)
    begin = time.perf_counter()
    merge(recipe, out, Execution(threads))
    return time.perf_counter() - begin


def on_device(case: MergeCase, models: Path, out: Path, device: str) -> tuple[float, float]:
    """Seconds in all, and of the arithmetic without reading and writing files."""
    begin = time.perf_counter()
    base, *tuned = (load_file(models / name / WEIGHTS, device=device) for name in ("base", *TUNED))
    synchronize(device)
    read = time.perf_counter()
    merged = {}
    for name, tensor in base.items():
        merged[name] = (tensor.double() + case.formula([each[name] - tensor for each in tuned])).float()
    synchronize(device)
    computed = time.perf_counter()
    save_file({name: tensor.cpu() for name, tensor in merged.items()}, out)
    return time.perf_counter() - begin, computed - read


def apart(ours: dict[str, Tensor], theirs: dict[str, Tensor], base: dict[str, Tensor]) -> Row:
    """Entries that differ, and the distance of all as a share of the change of all."""
    entries = sum(tensor.numel() for tensor in ours.values())
    differing = sum(int((ours[name] != theirs[name]).sum()) for name in ours)
    distance = sum(float((ours[name] - theirs[name]).double().square().sum()) for name in ours)
    change = sum(float((ours[name] - base[name]).double().square().sum()) for name in ours)
    return {"entries_apart": differing / entries, "distance": (distance / change) ** 0.5 if change else distance}
