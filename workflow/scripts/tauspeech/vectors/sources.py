"""From a recipe to what it names: the base model, and the changes that are to be put together."""

import inspect
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

from tauspeech.remote.hub import model_folder
from tauspeech.runtime.errors import UserError
from tauspeech.runtime.files import canonical_json, sha256_text
from tauspeech.vectors.combination import Combination, Nested, Term
from tauspeech.vectors.deltas import Delta, Difference, Model, Piece
from tauspeech.vectors.execution import Execution
from tauspeech.vectors.files.vector_file import VectorFile
from tauspeech.vectors.lora.adapter import Adapter, is_adapter
from tauspeech.vectors.methods import METHODS
from tauspeech.vectors.recipe import Entry, Mixture, Recipe
from tauspeech.vectors.tensor_kinds import tied_with


class Source(Delta, Protocol):
    """A change that lies in a file or folder."""

    partial: bool  # whether tensors that it lacks are meant not to change

    def fingerprint(self, execution: Execution) -> str: ...


class Renamed:
    """A change whose tensors have other names."""

    def __init__(self, source: Source, names: Mapping[str, str]):
        self._source, self._names = source, names
        self.id, self.partial, self.fingerprint = source.id, source.partial, source.fingerprint
        self.shapes = {new: source.shapes[old] for new, old in names.items()}

    def piece(self, name: str) -> Piece:
        return self._source.piece(self._names[name])


class Sources:
    """What a recipe names, opened and checked against the base; nothing of it is in memory."""

    def __init__(self, recipe: Recipe, execution: Execution):
        self.recipe, self.execution = recipe, execution
        self._models: dict[Path, Model] = {}
        self.base = self._model(recipe.base)
        self.vectors: list[dict[str, Any]] = []  # as receipts tell of them
        self.terms = self._terms(recipe.mixture)
        if recipe.mixture.method == "average":
            self.phi()  # which refuses weights that add up to 0

    def phi(self) -> Combination:
        """Of the whole recipe. Some methods read the vectors more than once before the sum can be taken."""
        return self._combined(self.recipe.mixture, self.terms)

    def _terms(self, mixture: Mixture) -> list[Term]:
        terms = [self._term(entry) for entry in mixture.vectors]
        for term, entry in zip(terms, mixture.vectors, strict=True):
            entry.weight.refuse_unused(term.delta.shapes, f"weight of {term.label}")
        return terms

    def _term(self, entry: Entry) -> Term:
        if entry.merge:
            terms = self._terms(entry.merge)
            parts = [[term.delta.id, term.weight.as_recipe()] for term in terms]
            about = entry.merge.as_mapping() | {"vectors": sorted(parts, key=canonical_json), "seed": self.recipe.seed}
            id = entry.id or sha256_text(canonical_json(about))
            foreign = all(term.foreign for term in terms)
            return Term(
                Nested(self._combined(entry.merge, terms), entry.merge.scale, id),
                entry.weight,
                foreign,
                entry.id or id[:12],
            )
        delta = self._named(self._opened(entry), entry)
        self._fit(delta, entry)
        fingerprint = delta.fingerprint(self.execution)
        delta.id = entry.id or delta.id
        about, foreign = {"fingerprint": fingerprint}, False
        if entry.reference:
            about["reference_fingerprint"] = self._model(entry.reference).fingerprint
            foreign = about["reference_fingerprint"] != self.base.fingerprint
        self.vectors.append(entry.as_mapping() | about)
        return Term(delta, entry.weight, foreign, entry.id or entry.path)

    def _opened(self, entry: Entry) -> Source:
        """A vector file, a LoRA adapter's folder, or a fine-tuned model's."""
        path = model_folder(entry.path, self.recipe.folder)
        reference = self._model(entry.reference) if entry.reference else self.base
        if path.is_dir():
            return Adapter(path, reference) if is_adapter(path) else Difference(self._model(entry.path), reference)
        vector = VectorFile(path)
        if vector.base_fingerprint != reference.fingerprint:
            raise UserError(
                f"{path} was made from a model with fingerprint {vector.base_fingerprint[:12]}, but {reference.folder} has "
                f"{reference.fingerprint[:12]}; give the model that it was made from as base, or as the vector's reference "
                "if it is meant for another one."
            )
        return vector

    def _named(self, delta: Source, entry: Entry) -> Source:
        """Tied tensors under the base's names: another reference may store another one of them."""
        tied = self._model(entry.reference).tied if entry.reference else {}
        names = {}
        for name in delta.shapes:
            group = {self.base.tied.get(other, other) for other in tied_with(name, tied)} & self.base.numbers
            names[name if name in group or len(group) != 1 else group.pop()] = name
        return delta if all(new == old for new, old in names.items()) else Renamed(delta, names)

    def _fit(self, delta: Source, entry: Entry) -> None:
        """Names and shapes are the base's, and none is missing unless that means no change."""
        for name, shape in delta.shapes.items():
            if name not in self.base.numbers:
                raise UserError(
                    f"Vector {entry.path} has tensor {name}, which {self.base.folder} lacks; give its own base."
                )
            if self.base.tensors[name].shape != tuple(shape):
                raise UserError(
                    f"Tensor {name} is {list(shape)} in vector {entry.path} but {list(self.base.tensors[name].shape)} in "
                    f"{self.base.folder}; give its own base."
                )
        missing = sorted(self.base.numbers - delta.shapes.keys())
        if missing and not delta.partial:
            raise UserError(f"Vector {entry.path} lacks tensor {missing[0]} of {self.base.folder}; make it again.")

    def _combined(self, mixture: Mixture, terms: Sequence[Term]) -> Combination:
        function = METHODS[mixture.method]
        given = {"seed": self.recipe.seed, "execution": self.execution}
        wanted = given.keys() & inspect.signature(function).parameters.keys()
        return function(terms, **mixture.options, **{key: given[key] for key in wanted})

    def _model(self, name: str) -> Model:
        path = model_folder(name, self.recipe.folder)
        if path.resolve() not in self._models:
            self._models[path.resolve()] = Model(path, self.execution)
        return self._models[path.resolve()]
