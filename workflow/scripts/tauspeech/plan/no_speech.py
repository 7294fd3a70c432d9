"""Sets without speech, such as silence and noise, on which every model is scored by what it writes."""

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

from tauspeech.plan.builder import Builder
from tauspeech.plan.further_sets import FurtherSet, FurtherSets
from tauspeech.plan.tables import PlannedCell
from tauspeech.plan.text_language import text_language
from tauspeech.runtime.errors import UserError

METRICS = "tauspeech.scoring.no_speech"
SOUNDS = ("silence", "room", "noise")


def require_room(build: Builder, seconds: float) -> None:
    """Refuse utterances without speech that a shorter input window has no room for."""
    if seconds > build.fitting(seconds):
        raise UserError(
            f"key 'no_speech.seconds' is {seconds:g}, and base_window takes {build.fitting(seconds):g} s: lower it."
        )


class SetsWithoutSpeech:
    """A set for each sound of the configuration; ``words`` are the forms of the words that count as false alarms."""

    def __init__(self, build: Builder, task: dict[str, str], words: Mapping[str, Any]):
        self.build, self.task, self.words = build, task, words
        self._further = FurtherSets(build)
        self._set = cache(self._planned)
        about: dict[str, Any] = build.config["no_speech"]
        self.seconds: float = about["seconds"]
        self._counts = {sound: int(about[sound]) for sound in SOUNDS if about[sound]}
        if not self._counts:
            raise UserError(
                f"key 'no_speech': give a number of utterances of {', '.join(SOUNDS)}, or leave the key out."
            )
        require_room(build, self.seconds)

    @property
    def sounds(self) -> tuple[str, ...]:
        return tuple(self._counts)

    def cells(self, sound: str, cells: Sequence[PlannedCell]) -> list[PlannedCell]:
        """The same models' scores on the set of a sound, each model once."""
        return self._further.cells(self._set(sound), cells)

    def _planned(self, sound: str) -> FurtherSet:
        language = text_language(self.task["kind"], self.task["source"], self.task["target"])
        counts = {"test": {sound: self._counts[sound]}}
        speech = self.build.without_speech(f"{sound}--no-speech", counts, self.seconds, language)
        return FurtherSet(speech, self.task, METRICS, {"seconds": self.seconds, "words": dict(self.words)})
