"""Checks of sentences, the same for all sources."""

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from rapidfuzz import fuzz, process

from tauspeech.data.languages import unspaced
from tauspeech.text.characters import has_control_or_markup

Sentence = dict[str, str]  # language -> text


def folded(text: str) -> str:
    """Text for comparison: case-folded, without punctuation, one space between words."""
    text = unicodedata.normalize("NFKC", text).casefold()
    return " ".join("".join(char if char.isalnum() else " " for char in text).split())


def contains(text: str, forms: Iterable[str], language: str) -> bool:
    """True if the text contains one of the forms of a word; in languages with spaces, as a whole word."""
    haystack = folded(text)
    for form in forms:
        needle = folded(form)
        if unspaced(language):
            if needle.replace(" ", "") in haystack.replace(" ", ""):
                return True
        elif re.search(rf"\b{re.escape(needle)}\b", haystack):
            return True
    return False


@dataclass
class Limits:
    """Allowed length of a sentence, in characters for languages without spaces, else in words."""

    shortest: int = 2
    longest: int = 60
    near_duplicate: float = 92.0  # rapidfuzz ratio, 0 to 100

    def reason(self, text: str, language: str) -> str | None:
        """Reason to reject the text for its length, or None."""
        length = len(folded(text).replace(" ", "")) if unspaced(language) else len(text.split())
        if length < self.shortest:
            return "too short"
        if length > self.longest:
            return "too long"
        return None


@dataclass
class Checker:
    """Checks sentences one by one; stores the accepted ones and counts reasons of rejection.

    Test and validation sentences must be checked before training sentences, because near duplicates are rejected from
    the training sentences.
    """

    languages: tuple[str, ...]
    word: dict[str, tuple[str, ...]] | None  # forms of the rare word by language
    reserved: dict[str, tuple[str, ...]]  # forms that sentences must not contain, by language
    limits: Limits = field(default_factory=Limits)
    rejected: Counter[str] = field(default_factory=Counter)
    seen: set[str] = field(default_factory=set)
    held_out: list[str] = field(default_factory=list)

    def accept(self, sentence: Sentence, split: str) -> bool:
        """True if the sentence passes all checks."""
        reason = self._reason(sentence)
        if reason:
            self.rejected[reason] += 1
            return False
        source = folded(sentence[self.languages[0]])
        self.seen.add(source)
        if split != "train":
            self.held_out.append(source)
        return True

    def _reason(self, sentence: Sentence) -> str | None:
        for language in self.languages:
            text = sentence.get(language, "")
            if has_control_or_markup(text):
                return f"control characters or markup ({language})"
            if reason := self.limits.reason(text, language):
                return f"{reason} ({language})"
            if self.word and not contains(text, self.word[language], language):
                return f"word missing ({language})"
            if contains(text, self.reserved.get(language, ()), language):
                return f"holds a reserved word ({language})"
        source = folded(sentence[self.languages[0]])
        if source in self.seen:
            return "duplicate"
        if self.held_out and process.extractOne(
            source, self.held_out, scorer=fuzz.ratio, score_cutoff=self.limits.near_duplicate
        ):
            return "near duplicate of a validation or test sentence"
        return None


def replaced_part(sentence: str, other: str, language: str) -> str:
    """The part of a sentence that differs from another one, between their common beginning and end."""
    own, others = (list(text) if unspaced(language) else text.split() for text in (folded(sentence), folded(other)))
    while own and others and own[0] == others[0]:
        own, others = own[1:], others[1:]
    while own and others and own[-1] == others[-1]:
        own, others = own[:-1], others[:-1]
    return ("" if unspaced(language) else " ").join(own)
