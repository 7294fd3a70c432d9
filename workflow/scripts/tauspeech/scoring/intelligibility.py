"""Intelligibility of speech for a base model: the shares that it is measured by, and what follows from them.

Below the least share, the speech is unintelligible: a low recall of a word means nothing there, and a model that is
trained on it learns noise.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

from tauspeech.runtime.errors import UserError, one_line

Verdict = Literal["known", "rare", "unintelligible"]

SHOWN = 3  # texts that are kept for a reader


class Transcript(NamedTuple):
    """What a base model writes for a sentence."""

    sentence: str
    hypothesis: str

    def __str__(self) -> str:
        return f"of '{one_line(self.sentence, 60)}' the base writes '{one_line(self.hypothesis, 60)}'"


@dataclass(frozen=True)
class Measure:
    """A share of sentences, 0 to 1, that the base recognises, and the least that is enough."""

    name: str
    share: float
    least: float

    @property
    def enough(self) -> bool:
        return self.share >= self.least

    def __str__(self) -> str:
        text, key = _MEASURES[self.name]
        return f"{text} {self.share:.2f}, and {key} is {self.least:g}"


# By name: what is measured, and the key of the configuration that has the least share.
_MEASURES = {
    "control": ("recall of common words", "rarity.control_least"),
    "round_trip": ("share of sentences that pass the round-trip check", "speech.check.least_share"),
}


def measures_of(found: Mapping[str, float | None], least: Mapping[str, float]) -> list[Measure]:
    """Measures among some values, without those that were not measured."""
    shares = {name: found.get(name) for name in _MEASURES}
    return [Measure(name, share, least[name]) for name, share in shares.items() if share is not None]


def verdict_on(recall: float, threshold: float, measures: Sequence[Measure]) -> Verdict:
    """Verdict on a word, by its recall and by measures of the speech around it."""
    if not all(measure.enough for measure in measures):
        return "unintelligible"
    return "known" if recall > threshold else "rare"


@dataclass(frozen=True)
class CheckedSpeech:
    """Speech of a word or of a set, with its measures and some transcripts."""

    id: str
    measures: Sequence[Measure]
    transcripts: Sequence[Transcript]

    @classmethod
    def of_record(cls, id: str, record: Mapping[str, Any], least: Mapping[str, float]) -> "CheckedSpeech":
        """The speech that a finished check has a record of."""
        return cls(id, measures_of(record, least), [Transcript(**each) for each in record["transcripts"]])

    @property
    def intelligible(self) -> bool:
        return all(measure.enough for measure in self.measures)

    def __str__(self) -> str:
        failed = "; ".join(str(measure) for measure in self.measures if not measure.enough)
        return f"{self.id} ({failed}; {self.transcripts[0]})"


def require_intelligible(checked: Sequence[CheckedSpeech]) -> None:
    """Refuse a run whose base does not recognise the speech of one word or set."""
    failed = [speech for speech in checked if not speech.intelligible]
    if failed:
        more = f" and {len(failed) - SHOWN} more" if len(failed) > SHOWN else ""
        raise UserError(
            f"speech that the base does not recognise: {', '.join(map(str, failed[:SHOWN]))}{more}. A training on it would "
            "learn noise, so none was started: use other voices (speech.voices; docs/generators.md) or recordings, a slower "
            "rate (speech.rate), or another base."
        )
