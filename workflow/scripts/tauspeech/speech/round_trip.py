"""How far what a model heard is from the sentence that was to be said, the rare word left out."""

import jiwer

from tauspeech.data.languages import unspaced
from tauspeech.text.checks import folded


def character_errors(sentence: str, heard: str, forms: tuple[str, ...], language: str) -> float:
    """Character errors outside of the word, as a share of the characters outside of it."""

    def plain(text: str) -> str:
        return folded(text).replace(" ", "") if unspaced(language) else folded(text)

    reference, hypothesis = plain(sentence), plain(heard)
    word = _places(reference, [plain(form) for form in forms])
    counted = len(reference) - len(word)
    if not counted:
        return 0.0
    (chunks,) = jiwer.process_characters(reference, hypothesis or " ").alignments
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
        # What is put in at the word's edge or inside is the model's try at it.
        at_word = chunk.ref_start_idx in word or chunk.ref_start_idx - 1 in word
        return 0 if at_word else chunk.hyp_end_idx - chunk.hyp_start_idx
    return sum(place not in word for place in range(chunk.ref_start_idx, chunk.ref_end_idx))
