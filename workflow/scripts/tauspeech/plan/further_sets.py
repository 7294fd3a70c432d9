"""Further sets of a run: speech that no model is trained on, on which every model is decoded and scored."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from tauspeech.plan.builder import Builder
from tauspeech.plan.hints import PlannedHints
from tauspeech.plan.jobs import PlannedJob, once
from tauspeech.plan.merges import Searched
from tauspeech.plan.tables import PlannedCell, folder_of, hypotheses_of
from tauspeech.runtime.errors import UserError


@dataclass(frozen=True, eq=False)
class FurtherSet:
    """Speech and the task on it; with a module of ``metrics``, its scores are these alone, by ``settings``.

    With a ``listing``, prompts and biases have each utterance's list (``PlannedHints``).
    """

    speech: PlannedJob
    task: dict[str, str]  # kind, source, target
    metrics: str | None = None
    settings: dict[str, Any] | None = None
    listing: dict[str, Any] | None = None

    @property
    def text_language(self) -> str:
        return self.task["source" if self.task["kind"] == "transcribe" else "target"]


class FurtherSets:
    """Jobs of further sets: hypotheses and scores of models that other cells of a run are the scores of.

    Each set and model has a job of its own, so that a new set leaves the hypotheses of the others as they are. Tables
    are of the first repetition, and so are these jobs.
    """

    def __init__(self, build: Builder):
        assert not build.tag
        self.build = build
        self.made: dict[tuple[Any, ...], PlannedJob] = {}
        self._decoded: dict[object, PlannedJob] = {}

    def cells(self, of_set: FurtherSet, cells: Sequence[PlannedCell]) -> list[PlannedCell]:
        """The same models' scores on a further set, each model once."""
        scores = {score.id: score for score in (self._score(of_set, cell.score) for cell in cells)}
        place = of_set.speech.id, of_set.task["kind"], of_set.text_language
        return [PlannedCell(score, *place) for score in scores.values()]

    def _decode(self, of_set: FurtherSet, others: PlannedJob) -> PlannedJob:
        """Hypotheses on a further set of the model that other hypotheses are of, in the same folder.

        With the same lists, hints of one model that differed by their phrases alone are the same, and decoded once.
        """
        folder, model = folder_of(others), others.inputs["model"]
        assert isinstance(model, PlannedJob)
        sets, hints = ((of_set.speech, (of_set.task,)),), PlannedHints.of(others, of_set.listing)
        id = f"{folder}/{of_set.speech.id}"
        strength = hints and hints.strength
        search = strength.search.id if isinstance(strength, Searched) else None
        same = (model.id, of_set.speech.id, search) if hints and hints.listing else id
        if same not in self._decoded:
            self._decoded[same] = self.build.decode(id, model, sets, others.batch, folder, hints)
        return self._decoded[same]

    @once
    def _score(self, of_set: FurtherSet, other: PlannedJob) -> PlannedJob:
        """Score on a further set of the model that another score is of, with tests against the same models."""
        hypotheses = self._decode(of_set, hypotheses_of(other))
        of_base, tuned = other.inputs["raw"], other.inputs["ft"]
        assert isinstance(of_base, list) and not isinstance(tuned, list)
        raw = {job.id: job for job in (self._decode(of_set, each) for each in of_base)}
        settings, modules = of_set.settings, (of_set.metrics,) if of_set.metrics else ()
        if settings is None:  # the base's is one score for all words
            settings = other.settings if raw else other.settings | {"words": {}}
        tuned = tuned and self._decode(of_set, tuned)
        id = f"{folder_of(hypotheses_of(other))}/{of_set.speech.id}"
        return self.build.score(hypotheses, tuple(raw.values()), tuned, modules, id, **settings)


def require_known(build: Builder, language: str, key: str) -> None:
    """Refuse a language that the base, a foundation, was not trained on."""
    known = build.base_languages
    if known is not None and language not in known:
        raise UserError(
            f"key '{key}': {build.config['base']} is trained on {' and '.join(known)}, and not on '{language}': leave the set "
            "out, or give a base that has this language."
        )
