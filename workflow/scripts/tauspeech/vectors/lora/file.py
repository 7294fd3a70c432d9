"""The file of a LoRA adapter: changes of the base's tensors, from PEFT's names and shapes.

A module is found among the base's tensors by its name alone, with or without a leading prefix (``model.``), since the
same network is saved with and without a head. Tensors of unknown kinds are refused, never ignored.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tauspeech.runtime.errors import UserError
from tauspeech.vectors.deltas import Model
from tauspeech.vectors.files.storage import StoredTensor, ranges
from tauspeech.vectors.lora.config import CONFIG, MERGE_INSTEAD, TOKENS, LoraConfig
from tauspeech.vectors.lora.rows import Rows
from tauspeech.vectors.panels import as_matrix

PREFIX = "base_model.model."

Factors = tuple[NDArray[np.float64], NDArray[np.float64]]

_ENDINGS = {
    ".lora_A.weight": "A",
    ".lora_B.weight": "B",
    ".lora_embedding_A": "embedding A",
    ".lora_embedding_B": "embedding B",
    ".lora_B.bias": "bias",
}
_ROWS = ".token_adapter.trainable_tokens_delta"


@dataclass(frozen=True)
class Product:
    """The change of a module's weights: scale * B A, or its transpose where PEFT transposes it."""

    module: str
    name: str | None  # of the base's tensor; None if the base has none
    a: StoredTensor
    b: StoredTensor
    scale: float
    embedding: bool
    transposed: bool

    @property
    def rank(self) -> int:
        return self.a.shape[0]

    def factors(self) -> Factors:
        """Rows x rank, multiplied by the scale, and rank x columns."""
        a, b = matrix(self.a), matrix(self.b)
        return (a.T * self.scale, b.T) if self.transposed else (b * self.scale, a)


@dataclass(frozen=True)
class Bias:
    """The change of a module's bias: scale * vector."""

    module: str
    name: str | None
    vector: StoredTensor
    scale: float

    def factors(self) -> Factors:
        return matrix(self.vector) * self.scale, np.ones((1, 1))


@dataclass(frozen=True)
class Whole:
    """A whole tensor: trained (``modules_to_save``, biases), or only saved along by PEFT."""

    module: str
    name: str | None
    tensor: StoredTensor


Change = Product | Bias | Whole | Rows


def matrix(tensor: StoredTensor) -> NDArray[np.float64]:
    """A whole tensor as float64 matrix, rows by all the rest."""
    return tensor.read(0, tensor.size).astype(np.float64).reshape(as_matrix(tensor.shape))


def read_changes(
    folder: Path, config: LoraConfig, tensors: Mapping[str, StoredTensor], reference: Model
) -> dict[str, list[Change]]:
    """The changes by tensor of the reference; for tied tensors by the first name."""
    reader = _Reader(folder, config, reference)
    for key, tensor in tensors.items():
        reader.add(key, tensor)
    changes = list(reader.changes())
    named = [(each.name, each) for each in changes if each.name is not None]
    for change in changes:
        if change.name is None and not any(_same(change, other) for _, other in named):
            raise UserError(
                f"{folder} changes {change.module}, but {reference.folder} has no such tensor; give the adapter's own "
                "base, and train an output layer that is tied to the word embeddings with ensure_weight_tying."
            )
    found: dict[str, list[Change]] = {}
    for name, change in named:
        if not _unchanged(change, reference.tensors[name]):
            found.setdefault(reference.tied.get(name, name), []).append(change)
    if not found:
        raise UserError(f"{folder} changes no tensor; copy or download the adapter again.")
    return {name: _without_duplicates(changes, folder) for name, changes in found.items()}


class _Reader:
    """Assigns the tensors of a file to modules and builds the changes."""

    def __init__(self, folder: Path, config: LoraConfig, reference: Model):
        self._folder, self._config, self._reference = folder, config, reference
        self._matrices: dict[str, dict[str, StoredTensor]] = {}  # by module
        self._whole: dict[str, StoredTensor] = {}  # by name
        self._rows: dict[str, StoredTensor] = {}  # by module
        self._ending: dict[str, list[str]] = {}  # names of the reference by their endings
        self._parts: dict[tuple[str, ...], list[str]] = {}  # and by their parts in alphabetical order
        for name in sorted(reference.tensors):
            for tail in _tails(name):
                self._ending.setdefault(tail, []).append(name)
            self._parts.setdefault(_sorted_parts(name), []).append(name)

    def add(self, key: str, tensor: StoredTensor) -> None:
        path = key.removeprefix(PREFIX)
        ending = next((ending for ending in _ENDINGS if path.endswith(ending)), None)
        if ending:
            if not tensor.number:
                raise UserError(f"{key} of {self._folder} is {tensor.kind}; save the adapter as float32.")
            self._matrices.setdefault(path.removesuffix(ending), {})[_ENDINGS[ending]] = tensor
            return
        if path.endswith(_ROWS):
            self._rows[path.removesuffix(_ROWS)] = tensor
            return
        name = path.replace(".token_adapter.", ".").replace(".base_layer.", ".")
        if "lora_" in path or name in self._whole:
            kind = "a tensor of DoRA" if "lora_magnitude_vector" in path else "not a tensor of plain LoRA"
            raise UserError(f"{self._folder} has {key}, which is {kind}; {MERGE_INSTEAD}.")
        self._whole[name] = tensor

    def changes(self) -> Iterator[Change]:
        fits = {module: self._fits(module, parts) for module, parts in sorted(self._matrices.items())}
        for module, transposed in self._transposed(fits).items():
            yield from self._of_module(module, self._matrices[module], transposed)
        if self._config.has_tokens and not self._rows:
            raise UserError(f"{self._folder} has no embeddings of the tokens in {TOKENS}; copy the adapter again.")
        for module, tensor in sorted(self._rows.items()):
            yield self._of_rows(module, tensor)
        for path, tensor in sorted(self._whole.items()):
            yield from self._of_whole(path, tensor)

    def _fits(self, module: str, parts: Mapping[str, StoredTensor]) -> set[bool]:
        """The possible transpositions: False if B A has the shape of the base's tensor, True if its transpose has it."""
        a, b = self._pair(module, parts)
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
            return {"embedding A" in parts}  # read_changes accepts only the copy of a tied one
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
        """True for each module that PEFT transposes, which are layers of type Conv1D.

        For square matrices only the configuration defines it; it applies if all other matrices agree with it.
        """
        plain = [module for module, parts in self._matrices.items() if "A" in parts and len(parts["A"].shape) == 2]
        square = [module for module in fits if len(fits[module]) > 1]
        known = {next(iter(fits[module])) for module in plain if len(fits[module]) == 1}
        flag = self._config.fan_in_fan_out
        if square and not known <= {flag}:
            raise UserError(
                f"{self._folder} does not define whether the square matrix of {square[0]} is transposed, since "
                f"fan_in_fan_out in {CONFIG} does not hold for all of its modules; {MERGE_INSTEAD}."
            )
        return {module: flag if module in square else next(iter(each)) for module, each in fits.items()}

    def _of_module(self, module: str, parts: Mapping[str, StoredTensor], transposed: bool) -> Iterator[Change]:
        a, b = self._pair(module, parts)
        scale = self._config.scale(module, a.shape[0])
        yield Product(module, self._find(f"{module}.weight"), a, b, scale, "embedding A" in parts, transposed)
        if "bias" in parts:
            name = self._find(f"{module}.bias")
            self._refuse_other_shape(f"{module}.bias", name, parts["bias"])
            yield Bias(module, name, parts["bias"], scale)

    def _of_rows(self, module: str, tensor: StoredTensor) -> Rows:
        name, tokens = self._find(f"{module}.weight"), self._config.tokens(module)
        theirs = self._reference.tensors[name] if name else tensor  # a tied copy is compared with the other one
        fits = tokens and len(theirs.shape) == 2 and tensor.shape == (len(tokens), theirs.shape[1]) and theirs.number
        if not (tensor.number and fits and (name is None or max(tokens) < theirs.shape[0])):
            raise UserError(
                f"{self._folder} has {tensor.kind} as embeddings of {len(tokens)} tokens of {module}, but {name} is "
                f"{theirs.kind} in {self._reference.folder}; give the adapter's own base, with all of its tokens."
            )
        return Rows(module, name, tensor, tuple(tokens))

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

    def _pair(self, module: str, parts: Mapping[str, StoredTensor]) -> tuple[StoredTensor, StoredTensor]:
        """The matrices A and B of a module, both of its weights or both of its embeddings."""
        kind = "embedding " if parts.keys() & {"embedding A", "embedding B"} else ""
        pair = {f"{kind}A", f"{kind}B"}
        if not pair <= parts.keys() <= pair | {"bias"}:
            listed = ", ".join(sorted(parts))
            raise UserError(f"{module} in {self._folder} has only {listed} of LoRA's matrices; copy the adapter again.")
        return parts[f"{kind}A"], parts[f"{kind}B"]

    def _find(self, path: str) -> str | None:
        """The tensor of the reference for a tensor of the adapter.

        Prefixes of either name may be missing, or else parts may be in another order: what transformers 5 opens as
        model.language_model.layers is language_model.model.layers in published files.
        """
        names = self._reference.tensors
        if path in names:
            return path
        near = self._ending.get(path, []) + [tail for tail in _tails(path) if tail in names]
        near = near or self._parts.get(_sorted_parts(path), [])
        if len(near) > 1:
            raise UserError(
                f"{path} of {self._folder} may be {near[0]} or {near[1]} of {self._reference.folder}; give a base with the "
                "tensor names of the adapter."
            )
        return near[0] if near else None


def _tails(path: str) -> list[str]:
    parts = path.split(".")
    return [".".join(parts[first:]) for first in range(1, len(parts))]


def _sorted_parts(path: str) -> tuple[str, ...]:
    return tuple(sorted(path.split(".")))


def _kernel(b: StoredTensor) -> int:
    """The kernel size of B, which is 1 for LoRA, also of convolutions."""
    return int(np.prod(b.shape[2:]))


def _unchanged(change: Change, theirs: StoredTensor) -> bool:
    """True for a whole tensor equal to the reference's: PEFT also saves embeddings and biases that were not trained."""
    return isinstance(change, Whole) and _equal(change.tensor, theirs)


def _equal(ours: StoredTensor, theirs: StoredTensor) -> bool:
    if ours.shape != theirs.shape or (ours.dtype != theirs.dtype and not (ours.number and theirs.number)):
        return False
    if ours.number:
        return all(np.array_equal(ours.read(*each), theirs.read(*each)) for each in ranges(ours.size))
    return all(np.array_equal(ours.bytes(*each), theirs.bytes(*each)) for each in ranges(ours.size))


def _same(one: Change, other: Change) -> bool:
    """True if two changes of tied tensors are equal, since PEFT saves the change of a tied tensor twice."""
    if isinstance(one, Whole) and isinstance(other, Whole):
        return _equal(one.tensor, other.tensor)
    if isinstance(one, Rows) and isinstance(other, Rows):
        return one.same(other)
    if isinstance(one, Product) and isinstance(other, Product) and sorted(_sizes(one)) == sorted(_sizes(other)):
        return all(np.array_equal(*pair) for pair in zip(one.factors(), other.factors(), strict=True))
    return False


def _sizes(product: Product) -> tuple[int, int]:
    return product.a.size, product.b.size


def _without_duplicates(changes: list[Change], folder: Path) -> list[Change]:
    """The changes of one tensor without duplicates by tying; different changes of tied modules are refused."""
    different: list[Change] = []
    for change in changes:
        if not any(_same(change, other) for other in different):
            different.append(change)
    if modules := sorted({each.module for each in different})[1:]:
        raise UserError(
            f"{folder} changes {different[0].module} and {modules[0]} differently, which are tied in the base; train "
            "them with ensure_weight_tying, or set tie_word_embeddings to false in the base's config.json."
        )
    if len(different) > 1 and any(isinstance(each, Rows) for each in different):
        raise UserError(
            f"{folder} changes {different[0].module} as a whole and the embeddings of single tokens in it ({TOKENS}); "
            f"{MERGE_INSTEAD}."
        )
    return different
