"""The inputs of a recipe, opened and checked: the base model, and the task vectors that are combined."""

from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

from tauspeech.remote.hub import model_folder
from tauspeech.runtime.errors import UserError
from tauspeech.runtime.files import canonical_json, sha256_text
from tauspeech.vectors import methods
from tauspeech.vectors.combination import Combination, Nested, Summand
from tauspeech.vectors.deltas import Delta, Difference, Model, Piece
from tauspeech.vectors.encodings.vector_file import VectorFile
from tauspeech.vectors.execution import Execution
from tauspeech.vectors.lora.adapter import Adapter, is_adapter
from tauspeech.vectors.recipe import Entry, Merge, Recipe
from tauspeech.vectors.tensor_kinds import tied_with


class Source(Delta, Protocol):
    """A change that is stored in a file or folder."""

    id: str  # a recipe may give another one

    @property
    def partial(self) -> bool:
        """True if missing tensors mean no change, False if all tensors must be present."""
        ...

    def fingerprint(self, execution: Execution) -> str: ...


class Renamed:
    """A change under other names of its tensors: ``names`` maps new names to those of the source."""

    def __init__(self, source: Source, names: Mapping[str, str]):
        self._source, self._names = source, names
        self.id, self.partial = source.id, source.partial
        self.shapes = {new: source.shapes[old] for new, old in names.items()}

    def fingerprint(self, execution: Execution) -> str:
        return self._source.fingerprint(execution)

    def piece(self, name: str) -> Piece:
        return self._source.piece(self._names[name])


class Sources:
    """The inputs of a recipe, opened and checked against the base; no weights are in memory."""

    def __init__(self, recipe: Recipe, execution: Execution):
        self.recipe, self.execution = recipe, execution
        self._models: dict[Path, Model] = {}
        self.base = self._model(recipe.base)
        self.vectors: list[dict[str, Any]] = []  # for the receipt
        self.terms = self._terms(recipe.merge)
        if recipe.merge.method == "average":
            self.phi()  # raises if the weights add up to 0

    def phi(self, ids: Collection[str] | None = None) -> Combination:
        """Phi of the whole recipe, or of the terms with some ids. Some methods read the vectors here, before they are summed."""
        return self._combined(self.recipe.merge, [term for term in self.terms if ids is None or term.delta.id in ids])

    def _terms(self, merge: Merge) -> list[Summand]:
        terms = [self._term(entry) for entry in merge.vectors]
        for term, entry in zip(terms, merge.vectors, strict=True):
            entry.weight.refuse_unused(term.delta.shapes, f"weight of {term.label}")
        return terms

    def _term(self, entry: Entry) -> Summand:
        if isinstance(entry.source, Merge):
            return self._nested(entry.source, entry)
        path = entry.source
        delta = self._renamed(self._opened(path, entry), entry)
        self._refuse_unfit(delta, path)
        fingerprint = delta.fingerprint(self.execution)
        if entry.id:
            delta.id = entry.id
        about, foreign = {"fingerprint": fingerprint}, False
        if entry.reference:
            about["reference_fingerprint"] = self._model(entry.reference).fingerprint
            foreign = about["reference_fingerprint"] != self.base.fingerprint
        self.vectors.append(entry.as_mapping() | about)
        return Summand(delta, entry.weight, foreign, entry.id or path)

    def _nested(self, merge: Merge, entry: Entry) -> Summand:
        terms = self._terms(merge)
        parts = [[term.delta.id, term.weight.as_recipe()] for term in terms]
        about = merge.as_mapping() | {"vectors": sorted(parts, key=canonical_json), "seed": self.recipe.seed}
        id = entry.id or sha256_text(canonical_json(about))
        foreign = all(term.foreign for term in terms)
        nested = Nested(self._combined(merge, terms), merge.scale, id)
        return Summand(nested, entry.weight, foreign, entry.id or id[:12])

    def _opened(self, name: str, entry: Entry) -> Source:
        """A vector file, a LoRA adapter's folder, or a fine-tuned model's."""
        path = model_folder(name, self.recipe.folder)
        reference = self._model(entry.reference) if entry.reference else self.base
        if path.is_dir():
            return Adapter(path, reference) if is_adapter(path) else Difference(self._model(name), reference)
        vector = VectorFile(path)
        if vector.base_fingerprint != reference.fingerprint:
            raise UserError(
                f"{path} was made from a model with fingerprint {vector.base_fingerprint[:12]}, but {reference.folder} has "
                f"{reference.fingerprint[:12]}; give the model that it was made from as base, or as the vector's reference "
                "if it is meant for another one."
            )
        return vector

    def _renamed(self, delta: Source, entry: Entry) -> Source:
        """The change with tied tensors under the base's names, since another reference may store them under others."""
        tied = self._model(entry.reference).tied if entry.reference else {}
        names = {}
        for name in delta.shapes:
            group = {self.base.tied.get(other, other) for other in tied_with(name, tied)} & self.base.numbers
            names[name if name in group or len(group) != 1 else group.pop()] = name
        return delta if all(new == old for new, old in names.items()) else Renamed(delta, names)

    def _refuse_unfit(self, delta: Source, path: str) -> None:
        """Raise a UserError unless names and shapes are the base's; a tensor may be missing if that means no change."""
        for name, shape in delta.shapes.items():
            if name not in self.base.numbers:
                raise UserError(f"Vector {path} has tensor {name}, which {self.base.folder} lacks; give its own base.")
            if self.base.tensors[name].shape != tuple(shape):
                raise UserError(
                    f"Tensor {name} is {list(shape)} in vector {path} but {list(self.base.tensors[name].shape)} in "
                    f"{self.base.folder}; give its own base."
                )
        missing = sorted(self.base.numbers - delta.shapes.keys())
        if missing and not delta.partial:
            raise UserError(f"Vector {path} lacks tensor {missing[0]} of {self.base.folder}; make it again.")

    def _combined(self, merge: Merge, terms: Sequence[Summand]) -> Combination:
        return methods.find(merge.method).combined(terms, merge.options, self.recipe.seed, self.execution)

    def _model(self, name: str) -> Model:
        path = model_folder(name, self.recipe.folder)
        if path.resolve() not in self._models:
            self._models[path.resolve()] = Model(path, self.execution)
        return self._models[path.resolve()]
