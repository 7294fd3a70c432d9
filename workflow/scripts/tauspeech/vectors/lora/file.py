"""What is in a LoRA adapter's file: from PEFT's names and shapes to changes of the base's tensors.

A module is found among the base's tensors by its name alone, which may have a prefix more or less there (``model.``):
the same network is saved with and without a head. What is not understood is refused, never left out.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from tauspeech.runtime.errors import UserError
from tauspeech.vectors.deltas import Model
from tauspeech.vectors.files.storage import StoredTensor, ranges
from tauspeech.vectors.lora.config import CONFIG, MERGE_INSTEAD, LoraConfig
from tauspeech.vectors.panels import as_matrix

PREFIX = "base_model.model."
_ENDINGS = {
    ".lora_A.weight": "A",
    ".lora_B.weight": "B",
    ".lora_embedding_A": "embedding A",
    ".lora_embedding_B": "embedding B",
    ".lora_B.bias": "bias",
}


@dataclass(frozen=True)
class Product:
    """What LoRA adds to a module's weights: scale * B A, or its transpose where PEFT transposes it."""

    module: str
    name: str | None  # of the base's tensor, if it has one
    a: StoredTensor
    b: StoredTensor
    scale: float
    embedding: bool
    transposed: bool

    @property
    def rank(self) -> int:
        return self.a.shape[0]

    def factors(self) -> tuple[np.ndarray, np.ndarray]:
        """Rows x rank, with the scale in it, and rank x columns."""
        a, b = matrix(self.a), matrix(self.b)
        return (a.T * self.scale, b.T) if self.transposed else (b * self.scale, a)


@dataclass(frozen=True)
class Bias:
    """What LoRA adds to a module's bias: a vector, times scale."""

    module: str
    name: str | None
    vector: StoredTensor
    scale: float

    def factors(self) -> tuple[np.ndarray, np.ndarray]:
        return matrix(self.vector) * self.scale, np.ones((1, 1))


@dataclass(frozen=True)
class Whole:
    """A tensor that was trained itself, of a module to save or a bias; or that PEFT saved along."""

    module: str
    name: str | None
    tensor: StoredTensor


Change = Product | Bias | Whole


def matrix(tensor: StoredTensor) -> np.ndarray:
    """All of a tensor in float64, as rows and all the rest."""
    return tensor.read(0, tensor.size).astype(np.float64).reshape(as_matrix(tensor.shape))


def read_changes(
    folder: Path, config: LoraConfig, tensors: Mapping[str, StoredTensor], reference: Model
) -> dict[str, list[Change]]:
    """By the reference's tensors, of those that are tied the first."""
    reader = _Reader(folder, config, reference)
    for key, tensor in tensors.items():
        reader.sort(key, tensor)
    changes = list(reader.changes())
    named = [each for each in changes if each.name is not None]
    for change in changes:
        if change.name is None and not any(_same(change, other) for other in named):
            raise UserError(
                f"{folder} changes {change.module}, but {reference.folder} has no such tensor; give the adapter's own "
                "base, and train an output layer that is tied to the word embeddings with ensure_weight_tying."
            )
    found: dict[str, list[Change]] = {}
    for change in named:
        if not _unchanged(change, reference):
            found.setdefault(reference.tied.get(change.name, change.name), []).append(change)
    if not found:
        raise UserError(f"{folder} holds no change; copy or download the adapter again.")
    return {name: _one_of_tied(held, folder) for name, held in found.items()}


class _Reader:
    """Tensors of a file, sorted by what they are."""

    def __init__(self, folder: Path, config: LoraConfig, reference: Model):
        self._folder, self._config, self._reference = folder, config, reference
        self._matrices: dict[str, dict[str, StoredTensor]] = {}  # by module
        self._whole: dict[str, StoredTensor] = {}  # by name
        self._ending: dict[str, list[str]] = {}  # names of the reference by what they end in
        for name in sorted(reference.tensors):
            for tail in _tails(name):
                self._ending.setdefault(tail, []).append(name)

    def sort(self, key: str, tensor: StoredTensor) -> None:
        path = key.removeprefix(PREFIX)
        ending = next((ending for ending in _ENDINGS if path.endswith(ending)), None)
        if ending:
            if not tensor.number:
                raise UserError(f"{key} of {self._folder} is {tensor.kind}; save the adapter as float32.")
            self._matrices.setdefault(path.removesuffix(ending), {})[_ENDINGS[ending]] = tensor
            return
        name = path.replace(".base_layer.", ".")
        if "lora_" in path or name in self._whole:
            kind = "DoRA's" if "lora_magnitude_vector" in path else "no plain LoRA's"
            raise UserError(f"{self._folder} has {key}, which is {kind}; {MERGE_INSTEAD}.")
        self._whole[name] = tensor

    def changes(self) -> Iterator[Change]:
        fits = {module: self._fits(module, parts) for module, parts in sorted(self._matrices.items())}
        for module, transposed in self._transposed(fits).items():
            yield from self._of_module(module, self._matrices[module], transposed)
        for path, tensor in sorted(self._whole.items()):
            yield from self._of_whole(path, tensor)

    def _fits(self, module: str, parts: Mapping[str, StoredTensor]) -> set[bool]:
        """Whether B A has the shape of the base's tensor (False), or its transpose has (True), or both."""
        a, b = _pair(parts)
        if a is None or b is None:
            listed = ", ".join(sorted(parts))
            raise UserError(f"{module} in {self._folder} has only {listed} of LoRA's matrices; copy the adapter again.")
        if not (a.size and b.size):
            raise UserError(
                f"The matrices of {module} in {self._folder} are empty, as DeepSpeed leaves those that are spread over "
                "processes; save the adapter again with its parameters gathered."
            )
        if len(a.shape) < 2 or len(b.shape) != len(a.shape) or b.shape[1] != a.shape[0] or _kernel(b) != 1:
            raise UserError(
                f"The matrices of {module} in {self._folder} are {list(b.shape)} and {list(a.shape)}, which have no "
                f"product (convolutions in groups have none); {MERGE_INSTEAD}."
            )
        product = (b.shape[0], *a.shape[1:])
        name = self._find(f"{module}.weight")
        if name is None:
            return {"embedding A" in parts}  # only the copy of a tied one may pass, which is looked at later
        theirs = self._reference.tensors[name]
        if not theirs.number:
            raise UserError(
                f"{self._folder} changes {name}, which is {theirs.kind} in {self._reference.folder}; give the base in "
                "float32, float16 or bfloat16, not quantised."
            )
        turned = (True,) if "embedding A" in parts else (False, True) if len(product) == 2 else (False,)
        fits = {each for each in turned if (product[::-1] if each else product) == theirs.shape}
        if not fits:
            raise UserError(
                f"{self._folder} changes {module} by {list(product)}, but {name} is {list(theirs.shape)} in "
                f"{self._reference.folder}; give the adapter's own base."
            )
        return fits

    def _transposed(self, fits: Mapping[str, set[bool]]) -> dict[str, bool]:
        """PEFT transposes what is in a layer of type Conv1D. Of square matrices only the configuration tells it, which
        holds for all if the others agree with it."""
        plain = [module for module, parts in self._matrices.items() if "A" in parts and len(parts["A"].shape) == 2]
        square = [module for module in fits if len(fits[module]) > 1]
        known = {next(iter(fits[module])) for module in plain if len(fits[module]) == 1}
        flag = self._config.fan_in_fan_out
        if square and not known <= {flag}:
            raise UserError(
                f"{self._folder} does not tell whether the square matrix of {square[0]} is transposed, since "
                f"fan_in_fan_out in {CONFIG} is not so for all of its modules; {MERGE_INSTEAD}."
            )
        return {module: flag if module in square else next(iter(each)) for module, each in fits.items()}

    def _of_module(self, module: str, parts: Mapping[str, StoredTensor], transposed: bool) -> Iterator[Change]:
        a, b = _pair(parts)
        scale = self._config.scale(module, a.shape[0])
        yield Product(module, self._find(f"{module}.weight"), a, b, scale, "embedding A" in parts, transposed)
        if "bias" in parts:
            name = self._find(f"{module}.bias")
            self._refuse_other_shape(f"{module}.bias", name, parts["bias"])
            yield Bias(module, name, parts["bias"], scale)

    def _of_whole(self, path: str, tensor: StoredTensor) -> Iterator[Change]:
        name = self._find(path)
        self._refuse_other_shape(path, name, tensor)
        if name is None or self._reference.tensors[name].number:
            yield Whole(path.rpartition(".")[0], name, tensor)
        elif tensor.shape and not _equal(tensor, self._reference.tensors[name]):  # a scalar is a counter
            raise UserError(
                f"{path} is {tensor.kind} and differs between {self._folder} and {self._reference.folder}, but only "
                "float32, float16 and bfloat16 can be subtracted; give models that are not quantised."
            )

    def _refuse_other_shape(self, path: str, name: str | None, tensor: StoredTensor) -> None:
        theirs = self._reference.tensors[name] if name else tensor
        if tensor.shape != theirs.shape or tensor.number != theirs.number:
            raise UserError(
                f"{path} is {tensor.kind} in {self._folder}, but {name} is {theirs.kind} in {self._reference.folder}; "
                "give the adapter's own base."
            )

    def _find(self, path: str) -> str | None:
        names = self._reference.tensors
        if path in names:
            return path
        near = self._ending.get(path, []) + [tail for tail in _tails(path) if tail in names]
        if len(near) > 1:
            raise UserError(
                f"{path} of {self._folder} may be {near[0]} or {near[1]} of {self._reference.folder}; give a base whose "
                "tensors are named as the adapter's."
            )
        return near[0] if near else None


def _tails(path: str) -> list[str]:
    parts = path.split(".")
    return [".".join(parts[first:]) for first in range(1, len(parts))]


def _pair(parts: Mapping[str, StoredTensor]) -> tuple[StoredTensor | None, StoredTensor | None]:
    kind = "embedding " if parts.keys() & {"embedding A", "embedding B"} else ""
    both = parts.get(f"{kind}A"), parts.get(f"{kind}B")
    return both if parts.keys() <= {f"{kind}A", f"{kind}B", "bias"} else (None, None)


def _kernel(b: StoredTensor) -> int:
    """How many entries B has for each of its rows and columns: one, also of a convolution."""
    return int(np.prod(b.shape[2:]))


def _unchanged(change: Change, reference: Model) -> bool:
    """PEFT saves word embeddings and biases along with an adapter, whether they were trained or not."""
    return isinstance(change, Whole) and _equal(change.tensor, reference.tensors[change.name])


def _equal(ours: StoredTensor, theirs: StoredTensor) -> bool:
    if ours.shape != theirs.shape or (ours.dtype != theirs.dtype and not (ours.number and theirs.number)):
        return False
    if ours.number:
        return all(np.array_equal(ours.read(*each), theirs.read(*each)) for each in ranges(ours.size))
    return all(np.array_equal(ours.bytes(*each), theirs.bytes(*each)) for each in ranges(ours.size))


def _same(one: Change, other: Change) -> bool:
    """Whether two changes of tied tensors are one change, of which PEFT writes two."""
    if isinstance(one, Whole) and isinstance(other, Whole):
        return _equal(one.tensor, other.tensor)
    if isinstance(one, Product) and isinstance(other, Product) and sorted(_sizes(one)) == sorted(_sizes(other)):
        return all(np.array_equal(*pair) for pair in zip(one.factors(), other.factors(), strict=True))
    return False


def _sizes(product: Product) -> tuple[int, int]:
    return product.a.size, product.b.size


def _one_of_tied(changes: list[Change], folder: Path) -> list[Change]:
    kept: list[Change] = []
    for change in changes:
        if not any(_same(change, other) for other in kept):
            kept.append(change)
    if modules := sorted({each.module for each in kept})[1:]:
        raise UserError(
            f"{folder} changes {kept[0].module} and {modules[0]} differently, which are one tensor in the base; train "
            "them with ensure_weight_tying, or set tie_word_embeddings to false in the base's config.json."
        )
    return kept
