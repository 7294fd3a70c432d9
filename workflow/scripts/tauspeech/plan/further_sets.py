"""Further sets of a run: speech that no model is trained on, on which every model is decoded and scored."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from tauspeech.plan.builder import Builder
from tauspeech.plan.hints import PlannedHints
from tauspeech.plan.jobs import PlannedJob, once
from tauspeech.plan.tables import PlannedCell, folder_of, hypotheses_of
from tauspeech.plan.text_language import text_language
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
        return text_language(self.task["kind"], self.task["source"], self.task["target"])


class FurtherSets:
    """Jobs of further sets: hypotheses and scores of models that other cells of a run are the scores of.

    Each set and model has a job of its own, so that a new set leaves the hypotheses of the others as they are. Tables
    are of the first repetition, and so are these jobs.
    """

    def __init__(self, build: Builder):
        assert not build.tag
        self.build = build
        self.made: dict[tuple[Any, ...], PlannedJob] = {}
        self._decoded: dict[str, PlannedJob] = {}

    def cells(self, of_set: FurtherSet, cells: Sequence[PlannedCell]) -> list[PlannedCell]:
        """The same models' scores on a further set, each model once."""
        scores = {score.id: score for score in (self._score(of_set, cell.score) for cell in cells)}
        place = of_set.speech.id, of_set.task["kind"], of_set.text_language
        return [PlannedCell(score, *place) for score in scores.values()]

    def _decode(self, of_set: FurtherSet, known: PlannedJob) -> PlannedJob:
        """Hypotheses on a further set by the model of other hypotheses, in their folder and with hints as theirs.

        A prompt with each utterance's own list does not depend on the run's words: the base's is decoded once, in a folder
        of its own, so that another number of words leaves it as it is.
        """
        model, hints = known.inputs["model"], PlannedHints.of(known, of_set.listing)
        assert isinstance(model, PlannedJob)
        folder, batch = folder_of(known), known.batch
        if hints and hints.listing and not hints.strength and model is self.build.base:
            folder = batch = f"{model.id}--prompt"
        id = f"{folder}/{of_set.speech.id}"
        if id not in self._decoded:
            sets = ((of_set.speech, (of_set.task,)),)
            self._decoded[id] = self.build.decode(id, model, sets, batch, folder, hints)
        return self._decoded[id]

    @once
    def _score(self, of_set: FurtherSet, other: PlannedJob) -> PlannedJob:
        """Score on a further set of the model that another score is about, with tests against the same models."""
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
