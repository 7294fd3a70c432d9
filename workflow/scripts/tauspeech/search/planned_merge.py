"""Recipe of a planned merge: what ``tauspeech merge`` would be given, with paths relative to the results folder."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tauspeech.runtime.job import Job
from tauspeech.vectors.lora.config import ADAPTER_FOLDER
from tauspeech.vectors.recipe import Recipe


def recipe_of(job: Job, scale: float | None = None, tried: Mapping[str, float] | None = None) -> Recipe:
    """The recipe that a job's specification describes, with the values that searches have chosen.

    ``scale`` takes the place of the merge's own; ``tried`` are the weights, by name, that a search tries.
    """
    planned = job.settings["merge"] if scale is None else job.settings["merge"] | {"scale": scale}
    return _parsed(job, _Resolved(job, job.inputs("vectors"), tried or {}).merge(planned))


def adapter_recipe_of(job: Job) -> Recipe | None:
    """The recipe of the same merge as a sum of LoRA adapters; None if it is no such sum."""
    adapters = [folder / ADAPTER_FOLDER for folder in job.inputs("finetuned", ".").values()]
    if not adapters:
        return None
    vectors = dict(zip(job.inputs("vectors"), adapters, strict=True))
    return _parsed(job, _Resolved(job, vectors, {}).merge(job.settings["merge"]) | {"output": "adapter"})


def _parsed(job: Job, content: dict[str, Any]) -> Recipe:
    common = {"base": _relative(job, job.input("base", ".")), "seed": job.seed}
    return Recipe.parse(content | common, job.results, f"{job.stage} '{job.id}'")


class _Resolved:
    """Paths of a job's inputs and choices of its searches, by id."""

    def __init__(self, job: Job, vectors: Mapping[str, Path], tried: Mapping[str, float]):
        self._tried = tried
        self._vectors = {id: _relative(job, path) for id, path in vectors.items()}
        self._references = {id: _relative(job, path) for id, path in job.inputs("references", ".").items()}
        self._chosen = job.choices()

    def merge(self, planned: Mapping[str, Any]) -> dict[str, Any]:
        return {
            "method": planned["method"],
            "options": self._value(planned["options"]),
            "scale": self._value(planned["scale"]),
            "vectors": _named([self._term(each) for each in planned["vectors"]]),
        }

    def _term(self, planned: Mapping[str, Any]) -> dict[str, Any]:
        weight = self._value(planned["weight"])
        if "merge" in planned:
            return {"merge": self.merge(planned["merge"]), "weight": weight}
        id = planned["vector"]
        reference = {"reference": self._references[planned["reference"]]} if "reference" in planned else {}
        return {"path": self._vectors[id], "id": id, "weight": weight} | reference

    def _value(self, planned: Any) -> Any:
        if isinstance(planned, Mapping) and planned.keys() == {"search", "choice"}:
            return self._chosen[planned["search"]][planned["choice"]]
        if isinstance(planned, Mapping) and planned.keys() == {"tried"}:
            return self._tried[planned["tried"]]
        return planned


def _named(terms: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """A vector that is only transformed keeps its name, by which random masks are drawn, if no other term has it."""
    names = [_name_of(term) for term in terms]
    return [
        term | {"id": name} if name is not None and names.count(name) == 1 else term
        for term, name in zip(terms, names, strict=True)
    ]


def _name_of(term: Mapping[str, Any]) -> str | None:
    vectors = term["merge"]["vectors"] if "merge" in term else [term]
    name: str | None = vectors[0].get("id") if len(vectors) == 1 else None
    return name


def _relative(job: Job, path: Any) -> str:
    return str(path.relative_to(job.results))
