"""Measurements of vectors: norms, zeros, rank and cosines, all in float64.

All vectors are read together in one pass; only the sums of products are held for each tensor.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tauspeech.remote.hub import model_folder
from tauspeech.runtime.errors import UserError
from tauspeech.vectors.deltas import Difference, Model
from tauspeech.vectors.encodings.vector_file import VectorFile
from tauspeech.vectors.execution import Execution
from tauspeech.vectors.files.storage import ranges
from tauspeech.vectors.lora.adapter import Adapter, is_adapter
from tauspeech.vectors.panels import as_matrix
from tauspeech.vectors.sources import Source
from tauspeech.vectors.tensor_kinds import is_statistic
from tauspeech.vectors.transforms.low_rank import rank_count, squared_singular_values

SHARES = (0.01, 0.03, 0.1)  # fractions of singular values whose energy is measured
_MOST_MODULES = 40


@dataclass(frozen=True)
class Subject:
    """A vector with its description from headers, before its numbers are read."""

    path: str
    change: Source
    base: str
    about: Mapping[str, Any]


def opened(paths: Sequence[str], base: str | None, execution: Execution) -> list[Subject]:
    """Vector files, and folders of adapters or models, which are differences to ``base``."""
    reference = Model(model_folder(base, Path()), execution) if base else None
    return [_opened(path, reference, execution) for path in paths]


def _opened(path: str, reference: Model | None, execution: Execution) -> Subject:
    place = model_folder(path, Path())
    if not place.is_dir():
        vector = VectorFile(place)
        measured = {key: vector.about[key] for key in ("options", "error", "size_ratio") if key in vector.about}
        about = {"bytes": place.stat().st_size, "encoding": vector.encoding, "origin": vector.metadata.get("origin")}
        return Subject(path, vector, vector.base_fingerprint, about | measured)
    if reference is None:
        raise UserError(f"{path} is a folder; give the model that it was trained from with --base.")
    about = {"bytes": sum(file.stat().st_size for file in place.glob("*.safetensors"))}
    if is_adapter(place):
        adapter = Adapter(place, reference)
        origin = {"adapter": place.resolve().name, "fingerprint": adapter.fingerprint(execution)}
        return Subject(path, adapter, reference.fingerprint, about | {"encoding": "adapter", "origin": origin})
    model = Model(place, execution)
    change = Difference(model, reference)
    return Subject(path, change, reference.fingerprint, about | {"encoding": "model", "origin": model.origin})


def inspect(subjects: Sequence[Subject], execution: Execution, ranks: bool = False) -> dict[str, Any]:
    """The report: measurements of each vector, and the cosines if there are several."""
    sums = _sums(subjects, execution)
    modules = modules_of({name for subject in subjects for name in subject.change.shapes})
    energies = _energies(subjects, execution) if ranks else [None] * len(subjects)
    return {
        "vectors": [
            _described(subject, [each for each in sums if index in each.members], index, modules, energy)
            for index, (subject, energy) in enumerate(zip(subjects, energies, strict=True))
        ],
        **(_similarity(len(subjects), sums) if len(subjects) > 1 else {}),
        "warnings": _warnings(subjects),
    }


@dataclass(frozen=True)
class Sums:
    """Inner products and counts of nonzero entries of one tensor, for the vectors that have it (``members``)."""

    name: str
    size: int
    members: Sequence[int]
    products: NDArray[np.float64]
    nonzero: NDArray[np.int64]

    def product(self, first: int, second: int) -> float:
        return float(self.products[self.members.index(first), self.members.index(second)])


def _sums(subjects: Sequence[Subject], execution: Execution) -> list[Sums]:
    # Tensors of the same name and different shapes belong to different bases and count separately.
    tensors = sorted({(name, tuple(shape)) for each in subjects for name, shape in each.change.shapes.items()})

    def one(tensor: tuple[str, tuple[int, ...]]) -> Sums:
        name, shape = tensor
        members = [i for i, each in enumerate(subjects) if tuple(each.change.shapes.get(name, (-1,))) == shape]
        pieces = [subjects[member].change.piece(name) for member in members]
        products, nonzero = np.zeros((len(members),) * 2), np.zeros(len(members), np.int64)
        for start, stop in ranges(math.prod(shape)):
            rows = np.stack([piece.read(start, stop).astype(np.float64) for piece in pieces])
            products += rows @ rows.T
            nonzero += np.count_nonzero(rows, axis=1)
        return Sums(name, math.prod(shape), members, products, nonzero)

    return execution.each("inspecting", one, tensors, lambda tensor: math.prod(tensor[1]))


def modules_of(names: set[str]) -> dict[str, str]:
    """The module of each tensor: the first parts of its name, as many as give at most 40 modules."""
    paths = {name: name.split(".")[:-1] or [name] for name in names}
    modules: dict[str, str] = {}
    for depth in range(1, max(map(len, paths.values()), default=0) + 1):
        deeper = {name: ".".join(path[:depth]) for name, path in paths.items()}
        if modules and len(set(deeper.values())) > _MOST_MODULES:
            break
        modules = deeper
    return modules


def _described(
    subject: Subject, sums: Sequence[Sums], index: int, modules: Mapping[str, str], energy: Mapping[str, float] | None
) -> dict[str, Any]:
    by_module: dict[str, list[Sums]] = {}
    for each in sums:
        by_module.setdefault(modules[each.name], []).append(each)
    return {
        "path": subject.path,
        **subject.about,
        "base_fingerprint": subject.base,
        "tensors": len(sums),
        **_totals(sums, index),
        "modules": {module: _totals(by_module[module], index) for module in sorted(by_module, key=_natural)},
        **({"rank_energy": energy} if energy is not None else {}),
    }


def _natural(module: str) -> list[tuple[int, str]]:
    """Sort key that puts layer 10 after layer 9."""
    return [(int(part), "") if part.isdecimal() else (-1, part) for part in module.split(".")]


def _totals(sums: Sequence[Sums], index: int) -> dict[str, Any]:
    entries = sum(each.size for each in sums)
    nonzero = sum(int(each.nonzero[each.members.index(index)]) for each in sums)
    return {
        "entries": entries,
        "norm": math.sqrt(math.fsum(each.product(index, index) for each in sums)),
        "zeros": 1 - nonzero / entries if entries else 0.0,
    }


def _similarity(count: int, sums: Sequence[Sums]) -> dict[str, Any]:
    """Cosines over the tensors that both vectors have; None where one of the two is zero."""
    cosines: list[list[float | None]] = [[None] * count for _ in range(count)]
    common = [[0] * count for _ in range(count)]
    for first in range(count):
        for second in range(count):
            shared = [each for each in sums if first in each.members and second in each.members]
            common[first][second] = len(shared)
            squares = [math.fsum(each.product(i, i) for each in shared) for i in (first, second)]
            if all(squares):
                product = math.fsum(each.product(first, second) for each in shared)
                cosines[first][second] = min(1.0, max(-1.0, product / math.sqrt(squares[0]) / math.sqrt(squares[1])))
    return {"cosines": cosines, "common_tensors": common}


def _energies(subjects: Sequence[Subject], execution: Execution) -> list[dict[str, float]]:
    """The fraction of squared singular values in the highest ones, over all matrices together."""
    matrices = [
        (index, name)
        for index, subject in enumerate(subjects)
        for name, shape in sorted(subject.change.shapes.items())
        if len(shape) > 1 and min(as_matrix(shape)) > 1 and not is_statistic(name)
    ]

    def one(matrix: tuple[int, str]) -> list[float]:
        index, name = matrix
        piece = subjects[index].change.piece(name)
        values = squared_singular_values(piece)
        return [float(values[: rank_count(share, piece.shape)].sum()) for share in (*SHARES, 1)]

    def size(matrix: tuple[int, str]) -> int:
        index, name = matrix
        return math.prod(subjects[index].change.shapes[name])

    found = execution.each("decomposing", one, matrices, size)
    energies = []
    for index in range(len(subjects)):
        own = [each for (member, _), each in zip(matrices, found, strict=True) if member == index]
        *tops, whole = (math.fsum(column) for column in zip(*own, strict=True)) if own else (*SHARES, 0)
        energies.append({f"{share:g}": top / whole for share, top in zip(SHARES, tops, strict=True)} if whole else {})
    return energies


def _warnings(subjects: Sequence[Subject]) -> list[str]:
    bases: dict[str, str] = {}
    for subject in subjects:
        bases.setdefault(subject.base, subject.path)
    if len(bases) < 2:
        return []
    listed = ", ".join(f"{path} to {base[:12]}" for base, path in bases.items())
    return [f"The vectors are differences to different bases ({listed}), so their cosines have little meaning."]
