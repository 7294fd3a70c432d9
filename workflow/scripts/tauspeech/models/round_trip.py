"""Round-trip check of synthesised speech: the base model transcribes it, and utterances with other texts are dropped.

Neural engines now and then produce babble, stop half-way or stay silent. The rare word of a sentence does not count,
since the base is not expected to know it.
"""

from typing import Any

import jiwer

from tauspeech.data.dropped_utterances import Drop
from tauspeech.data.languages import unspaced
from tauspeech.models.decoding import Decoder
from tauspeech.models.family import open_model
from tauspeech.models.tasks import SpeechTask
from tauspeech.runtime.job import Job
from tauspeech.text.checks import folded

DIFFERENT_TEXT = "the base model's transcript differs"
TOO_LONG = "longer than the base model's input window"


def intelligible(job: Job, rows: list[dict[str, Any]], drops: list[Drop]) -> list[dict[str, Any]]:
    """Rows that the base transcribes well enough; the others are added to ``drops``."""
    settings, language = job.settings["check"], job.settings["language"]
    decoder = Decoder(open_model(job.input("base", "."), settings.get("base_window")), settings)
    fitting = [row for row in rows if decoder.fits_window(row)]
    drops += [Drop(row["split"], row["utterance"], TOO_LONG) for row in rows if not decoder.fits_window(row)]
    hypotheses = decoder.decode(fitting, SpeechTask("transcribe", language, language))
    forms = tuple(settings["forms"].get(language, ()))
    passed = []
    for row, hypothesis in zip(fitting, hypotheses, strict=True):
        if character_errors(row[language], hypothesis, forms, language) > settings["errors"]:
            drops.append(Drop(row["split"], row["utterance"], DIFFERENT_TEXT))
        else:
            passed.append(row)
    print(f"{len(passed)} of {len(rows)} utterances pass the round-trip check", flush=True)
    return passed


def character_errors(sentence: str, hypothesis: str, forms: tuple[str, ...], language: str) -> float:
    """Character errors outside of the word, as a share of the characters outside of it."""

    def plain(text: str) -> str:
        return folded(text).replace(" ", "") if unspaced(language) else folded(text)

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
