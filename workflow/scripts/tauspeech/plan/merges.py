"""Merges of the plan: which vectors, with what weights, and what a search chooses of them.

A ``MergeSpec`` says the same as a merge recipe does, with jobs in place of paths. Weights may be negative, terms may be
merges of their own, and a vector may be the difference to any model. So analogies (tau_3 + tau_2 - tau_1), pruned
vectors and ``theta_T + lambda (theta_S,real - theta_S,syn)`` are merges like any other.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar

from tauspeech.plan.jobs import PlannedJob
from tauspeech.plan.own_finetunes import is_product_alone
from tauspeech.vectors.methods import find, module_of

Weight = float | Mapping[str, float]  # one number, or one for each part of the model


@dataclass(frozen=True)
class Searched:
    """A value that a search chooses: the entry ``choice`` of what it has chosen."""

    search: PlannedJob
    choice: str

    @property
    def settings(self) -> dict[str, str]:
        return {"search": self.search.id, "choice": self.choice}


@dataclass(frozen=True)
class Tried:
    """A weight of a merge in a search: that of each candidate, by name."""

    name: str

    @property
    def settings(self) -> dict[str, str]:
        return {"tried": self.name}


@dataclass(frozen=True)
class Term:
    """A vector with its weight, or a nested merge; ``reference`` is the vector's reference if it is not the base."""

    source: "PlannedJob | MergeSpec"
    weight: Weight | Searched | Tried = 1.0
    reference: PlannedJob | None = None

    @property
    def settings(self) -> dict[str, Any]:
        weight = self.weight.settings if isinstance(self.weight, Searched | Tried) else self.weight
        if isinstance(self.source, MergeSpec):
            return {"merge": self.source.settings, "weight": weight}
        reference = {"reference": self.reference.id} if self.reference else {}
        return {"vector": self.source.id, "weight": weight} | reference


@dataclass(frozen=True)
class MergeSpec:
    """A method with its options and terms: ``scale * sum of weight * T(vector)``."""

    method: str
    terms: tuple[Term, ...]
    options: Mapping[str, Any] | Searched = field(default_factory=dict)
    scale: float | Searched = 1.0

    section: ClassVar[str] = "merge"  # of a specification

    @property
    def settings(self) -> dict[str, Any]:
        """The merge as a specification holds it."""

        def value(given: Any) -> Any:
            return given.settings if isinstance(given, Searched) else given

        return {
            "method": self.method,
            "options": value(self.options),
            "scale": value(self.scale),
            "vectors": [term.settings for term in self.terms],
        }

    @property
    def modules(self) -> tuple[str, ...]:
        """Modules of the methods, which the engine imports by name."""
        nested = (term.source.modules for term in self.terms if isinstance(term.source, MergeSpec))
        return tuple(sorted({module_of(self.method)}.union(*nested)))

    @property
    def inputs(self) -> dict[str, list[PlannedJob] | None]:
        """Jobs that the merge needs beside its base; roles without any are None."""
        vectors: dict[str, PlannedJob] = {}
        references: dict[str, PlannedJob] = {}
        for term in self._flat():
            assert isinstance(term.source, PlannedJob)
            vectors[term.source.id] = term.source
            if term.reference:
                references[term.reference.id] = term.reference
        searches = {found.search.id: found.search for found in self._searched()}
        return {
            "vectors": list(vectors.values()),
            "references": list(references.values()) or None,
            "searches": list(searches.values()) or None,
        }

    @property
    def adapters(self) -> list[PlannedJob] | None:
        """Fine-tunes whose LoRA adapters the merge adds up, in the order of the vectors; None if it is no such sum."""
        found: list[PlannedJob] = []
        for term in self.terms:
            vector = term.source
            if isinstance(vector, MergeSpec) or term.reference or vector.settings.get("encoding") != "lora":
                return None
            finetuned = vector.inputs["finetuned"]
            assert isinstance(finetuned, PlannedJob)
            if not is_product_alone(finetuned):
                return None
            found.append(finetuned)
        return found if find(self.method).weighted_sum else None

    def _flat(self) -> Iterator[Term]:
        for term in self.terms:
            if isinstance(term.source, MergeSpec):
                yield from term.source._flat()
            else:
                yield term

    def _searched(self) -> Iterator[Searched]:
        yield from (value for value in (self.options, self.scale) if isinstance(value, Searched))
        for term in self.terms:
            if isinstance(term.weight, Searched):
                yield term.weight
            if isinstance(term.source, MergeSpec):
                yield from term.source._searched()


def with_chosen_weights(merge: MergeSpec, search: PlannedJob) -> MergeSpec:
    """The merge with the weights that a search has chosen in place of those that it has tried."""

    def resolved(term: Term) -> Term:
        weight = Searched(search, term.weight.name) if isinstance(term.weight, Tried) else term.weight
        source = with_chosen_weights(term.source, search) if isinstance(term.source, MergeSpec) else term.source
        return replace(term, weight=weight, source=source)

    return replace(merge, terms=tuple(map(resolved, merge.terms)))
