"""Round-trip check of synthesised speech: the base model transcribes it, and the transcripts are compared with the sentences.

Neural engines now and then produce babble, stop half-way or stay silent: of their sets, utterances with another
transcript are dropped. Where most utterances of a set do not pass, the base does not recognise its speech at all. The
rare word of a sentence does not count, since the base is not expected to know it.
"""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import jiwer

from tauspeech.data.dropped_utterances import Drop
from tauspeech.data.languages import unspaced
from tauspeech.models.decoding import Decoder
from tauspeech.models.family import open_model
from tauspeech.models.tasks import SpeechTask
from tauspeech.runtime.job import Job
from tauspeech.scoring.decoded_sentences import DecodedSentences
from tauspeech.scoring.normalise import chinese_form
from tauspeech.scoring.rules import DEFAULT_RULES, ScoringRules
from tauspeech.text.checks import folded

DIFFERENT_TEXT = "the base model's transcript differs"
TOO_LONG = "longer than the base model's input window"


def compare(
    sentences: Sequence[str],
    hypotheses: Sequence[str],
    forms: Sequence[str],
    language: str,
    errors: float,
    rules: ScoringRules = DEFAULT_RULES,
) -> DecodedSentences:
    """Transcripts beside their sentences: those with more character errors than the share ``errors`` do not pass."""
    pairs = zip(sentences, hypotheses, strict=True)
    passed = [character_errors(*pair, tuple(forms), language, rules) <= errors for pair in pairs]
    return DecodedSentences.of(sentences, hypotheses, passed)


def record_of(found: DecodedSentences) -> dict[str, Any]:
    """Record of a round trip for a file, as ``measures_of`` reads it."""
    counts = {"utterances": len(found.passed), "passed": sum(found.passed), "round_trip": found.share}
    return counts | {"examples": {"round_trip": [each._asdict() for each in found.shown]}}


class RoundTripChecker:
    """Round-trip check by a base model, with decoding settings and the greatest share of errors."""

    def __init__(self, base: Path, settings: dict[str, Any]):
        self._decoder, self._settings = Decoder(open_model(base, settings.get("base_window")), settings), settings

    def fits_window(self, row: dict[str, Any]) -> bool:
        return self._decoder.fits_window(row)

    def check(self, rows: Sequence[dict[str, Any]], language: str, forms: Sequence[str] = ()) -> DecodedSentences:
        """The round trip of utterances, all of which fit the model's input window."""
        hypotheses = self._decoder.decode(rows, SpeechTask("transcribe", language, language))
        sentences, rules = [row[language] for row in rows], ScoringRules.of_job(self._settings)
        return compare(sentences, hypotheses, forms, language, self._settings["errors"], rules)


class RoundTripFilter:
    """Filter of a set's utterances by the round-trip check; ``found`` is the check of those that fit the input window."""

    def __init__(self, job: Job):
        self._language: str = job.settings["language"]
        self._forms: Sequence[str] = job.settings["check"]["forms"].get(self._language, ())
        self._checker = RoundTripChecker(job.input("base", "."), job.settings["check"])
        self.found = DecodedSentences([], [])

    @property
    def example(self) -> str:
        return str(self.found.shown[0]) if self.found.shown else ""

    @property
    def record(self) -> dict[str, Any]:
        return record_of(self.found)

    def __call__(self, rows: list[dict[str, Any]], drops: list[Drop]) -> list[dict[str, Any]]:
        """Rows that the base transcribes well enough; the others are added to ``drops``."""
        fitting = [row for row in rows if self._checker.fits_window(row)]
        drops += [Drop(row["split"], row["utterance"], TOO_LONG) for row in rows if not self._checker.fits_window(row)]
        self.found = self._checker.check(fitting, self._language, self._forms)
        pairs = list(zip(fitting, self.found.passed, strict=True))
        drops += [Drop(row["split"], row["utterance"], DIFFERENT_TEXT) for row, passed in pairs if not passed]
        usable = [row for row, passed in pairs if passed]
        print(f"{len(usable)} of {len(rows)} utterances pass the round-trip check", flush=True)
        return usable


def character_errors(
    sentence: str, hypothesis: str, forms: tuple[str, ...], language: str, rules: ScoringRules = DEFAULT_RULES
) -> float:
    """Character errors outside of the word, as a share of the characters outside of it."""

    def plain(text: str) -> str:
        # Either script of Chinese is a transcript of the same speech.
        written = folded(chinese_form(text, language, replace(rules, script="simplified")))
        return written.replace(" ", "") if unspaced(language) else written

    reference, written = plain(sentence), plain(hypothesis)
    word = _places(reference, [plain(form) for form in forms])
    counted = len(reference) - len(word)
    if not counted:
        return 0.0
    (chunks,) = jiwer.process_characters(reference, written or " ").alignments
    return sum(_errors(chunk, word) for chunk in chunks) / counted


def _places(text: str, forms: list[str]) -> set[int]:
    places: set[int] = set()
    for form in filter(None, forms):
        start = text.find(form)
        while start >= 0:
            places |= set(range(start, start + len(form)))
            start = text.find(form, start + 1)
    return places


def _errors(chunk: jiwer.AlignmentChunk, word: set[int]) -> int:
    if chunk.type == "equal":
        return 0
    if chunk.type == "insert":
        # Insertions at the word's edges or inside count as part of the model's attempt at it.
        at_word = chunk.ref_start_idx in word or chunk.ref_start_idx - 1 in word
        return 0 if at_word else chunk.hyp_end_idx - chunk.hyp_start_idx
    return sum(place not in word for place in range(chunk.ref_start_idx, chunk.ref_end_idx))
