"""Retention sets: the user's own recordings of what must not be forgotten, on which every model is scored."""

from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

from tauspeech.plan.builder import Builder
from tauspeech.plan.further_sets import FurtherSet, FurtherSets, require_known
from tauspeech.plan.sources import recordings_source
from tauspeech.plan.tables import PlannedCell
from tauspeech.runtime.errors import UserError
from tauspeech.scoring.headline import headline_metric


class RetentionSets:
    """The retention sets of a run, by name."""

    def __init__(self, build: Builder):
        self.build = build
        self.sets: dict[str, dict[str, Any]] = build.config["retention"]
        self._further = FurtherSets(build)
        self._set = cache(self._planned)

    def metric(self, name: str) -> str:
        """Name of the metric of a set."""
        return headline_metric(self.sets[name]["task"], self._text_language(name)).upper()

    def cells(self, name: str, cells: Sequence[PlannedCell]) -> list[PlannedCell]:
        """The same models' scores on a retention set, each model once."""
        return self._further.cells(self._set(name), cells)

    def _text_language(self, name: str) -> str:
        about = self.sets[name]
        language: str = about["language"] if about["task"] == "transcribe" else about["target"]
        return language

    def _planned(self, name: str) -> FurtherSet:
        about, key = self.sets[name], f"retention.{name}"
        table = Path(about["recordings"]).expanduser()
        if not table.is_file():
            raise UserError(
                f"key '{key}.recordings': the table {about['recordings']} does not exist: check its path, which is "
                "relative to the project's folder."
            )
        for name_of, language in (("language", about["language"]), ("target", self._text_language(name))):
            require_known(self.build, language, f"{key}.{name_of}")
        found, languages = recordings_source(table), (self._text_language(name),)
        speech = self.build.recorded(f"{name}--retention", found, languages, ("test",), only="test")
        return FurtherSet(speech, {"kind": about["task"], "source": about["language"], "target": about["target"]})
