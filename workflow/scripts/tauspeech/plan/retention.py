"""Retention sets: the user's own recordings of what must not be forgotten, on which every model is scored."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tauspeech.plan.builder import Builder
from tauspeech.plan.jobs import PlannedJob, once
from tauspeech.plan.sources import recordings_source
from tauspeech.plan.tables import PlannedCell, folder_of, hypotheses_of
from tauspeech.runtime.errors import UserError
from tauspeech.scoring.headline import headline_metric


class RetentionSets:
    """Jobs of the retention sets: hypotheses and scores of models that other cells of a run are the scores of.

    Each set and model has a job of its own, so that a new set leaves the hypotheses of the others as they are. Tables
    are of the first repetition, and so are these jobs.
    """

    def __init__(self, build: Builder):
        assert not build.tag
        self.build = build
        self.sets: dict[str, dict[str, Any]] = build.config["retention"]
        self.made: dict[tuple[Any, ...], PlannedJob] = {}
        self._by_id: dict[str, PlannedJob] = {}

    def metric(self, name: str) -> str:
        """Name of the metric of a set."""
        return headline_metric(self.sets[name]["task"], self._text_language(name)).upper()

    def cells(self, name: str, cells: Sequence[PlannedCell]) -> list[PlannedCell]:
        """The same models' scores on a retention set, each model once."""
        scores = {score.id: score for score in (self._score(name, cell.score) for cell in cells)}
        set_id, task, language = self._speech(name).id, self.sets[name]["task"], self._text_language(name)
        return [PlannedCell(score, set_id, task, language) for score in scores.values()]

    def _text_language(self, name: str) -> str:
        about = self.sets[name]
        language: str = about["language"] if about["task"] == "transcribe" else about["target"]
        return language

    @once
    def _speech(self, name: str) -> PlannedJob:
        about, key = self.sets[name], f"retention.{name}"
        table = Path(about["recordings"]).expanduser()
        if not table.is_file():
            raise UserError(
                f"key '{key}.recordings': the table {about['recordings']} does not exist: check its path, which is "
                "relative to the project's folder."
            )
        known = self.build.base_languages
        for name_of, language in (("language", about["language"]), ("target", self._text_language(name))):
            if known is not None and language not in known:
                raise UserError(
                    f"key '{key}.{name_of}': {self.build.config['base']} is trained on {' and '.join(known)}, and not on "
                    f"'{language}': leave the set out, or give a base that has this language."
                )
        found, languages = recordings_source(table), (self._text_language(name),)
        return self.build.recorded(f"{name}--retention", found, languages, ("test",), only="test")

    def _decode(self, name: str, others: PlannedJob) -> PlannedJob:
        """Hypotheses on a retention set of the model that other hypotheses are of, in the same folder."""
        speech, folder = self._speech(name), folder_of(others)
        id = f"{folder}/{speech.id}"
        if id not in self._by_id:
            about = self.sets[name]
            task = {"kind": about["task"], "source": about["language"], "target": about["target"]}
            model = others.inputs["model"]
            assert isinstance(model, PlannedJob)
            self._by_id[id] = self.build.decode(id, model, ((speech, (task,)),), others.batch, folder)
        return self._by_id[id]

    @once
    def _score(self, name: str, other: PlannedJob) -> PlannedJob:
        """Score on a retention set of the model that another score is of, with tests against the same models."""
        hypotheses = self._decode(name, hypotheses_of(other))
        of_base, tuned = other.inputs["raw"], other.inputs["ft"]
        assert isinstance(of_base, list) and not isinstance(tuned, list)
        raw = {job.id: job for job in (self._decode(name, each) for each in of_base)}
        settings = other.settings if raw else other.settings | {"words": {}}  # the base's is one score for all words
        return self.build.score(hypotheses, tuple(raw.values()), tuned and self._decode(name, tuned), **settings)
