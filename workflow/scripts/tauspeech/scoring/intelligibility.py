"""Intelligibility of speech for a base model: the shares that it is measured by, and what follows from them.

Where each share is below its least, the speech is unintelligible: a low recall of a word means nothing there, and a
model that is trained on it learns noise. One that is high enough shows that the base recognises the speech: common words
are names, which a base may translate wrongly in sentences that it transcribes, and a base that was trained to translate
alone transcribes nothing.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from tauspeech.runtime.errors import UserError
from tauspeech.scoring.decoded_sentences import SHOWN, DecodedSentence

Verdict = Literal["known", "rare", "unintelligible"]

# By name: what is measured, and the key of the configuration that has the least share.
_MEASURES = {
    "control": ("recall of common words", "rarity.control_least"),
    "round_trip": ("share of sentences that pass the round-trip check", "speech.check.least_share"),
}


@dataclass(frozen=True)
class Measure:
    """A share of sentences, 0 to 1, that the base recognises, the least that is enough, and what the base writes."""

    name: str
    share: float
    least: float
    examples: Sequence[DecodedSentence] = ()

    @property
    def enough(self) -> bool:
        return self.share >= self.least

    def __str__(self) -> str:
        text, key = _MEASURES[self.name]
        return f"{text} {self.share:.2f}, and {key} is {self.least:g}"


def measures_of(record: Mapping[str, Any], least: Mapping[str, float]) -> list[Measure]:
    """Measures in the record of a finished check, without those that it did not take."""
    return [
        Measure(name, record[name], least[name], [DecodedSentence(**each) for each in record["examples"][name]])
        for name in _MEASURES
        if record.get(name) is not None
    ]


def failed(measures: Sequence[Measure]) -> list[Measure]:
    """All measures that count, if none of them is enough; one whose least share is 0 does not count."""
    counted = [measure for measure in measures if measure.least > 0]
    return [] if any(measure.enough for measure in counted) else counted


def verdict_on(recall: float, threshold: float, measures: Sequence[Measure]) -> Verdict:
    """Verdict on a word, by its recall and by measures of the speech around it."""
    if failed(measures):
        return "unintelligible"
    return "known" if recall > threshold else "rare"


@dataclass(frozen=True)
class CheckedSpeech:
    """Speech of a word or of a set, with its measures."""

    id: str
    measures: Sequence[Measure]

    def __str__(self) -> str:
        measures = failed(self.measures)
        written = [str(example) for measure in measures for example in measure.examples]
        return f"{self.id} ({'; '.join([*map(str, measures), *written[:1]])})"


def require_intelligible(checked: Sequence[CheckedSpeech]) -> None:
    """Refuse a run whose base does not recognise the speech of one word or set."""
    refused = [speech for speech in checked if failed(speech.measures)]
    if refused:
        more = f" and {len(refused) - SHOWN} more" if len(refused) > SHOWN else ""
        raise UserError(
            f"speech that the base does not recognise: {', '.join(map(str, refused[:SHOWN]))}{more}. A training on it would "
            "learn noise, so none was started: use other voices (speech.voices; docs/generators.md) or recordings, a slower "
            "rate (speech.rate), or another base."
        )
