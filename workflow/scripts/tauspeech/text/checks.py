"""The checks that every sentence goes through, whichever source it comes from."""

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from rapidfuzz import fuzz, process

from tauspeech.data.languages import unspaced
from tauspeech.text.characters import unspeakable

Sentence = dict[str, str]  # language -> text


def folded(text: str) -> str:
    """The text as far as a decoder could tell: no case, no punctuation, one space between words."""
    text = unicodedata.normalize("NFKC", text).casefold()
    return " ".join("".join(char if char.isalnum() else " " for char in text).split())


def contains(text: str, forms: Iterable[str], language: str) -> bool:
    """Whether one of the forms of a word stands in the text, as a whole word where there are spaces."""
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
    """Length of a sentence: characters where words are not spaced, else words."""

    shortest: int = 2
    longest: int = 60
    near_duplicate: float = 92.0  # rapidfuzz ratio, 0 to 100

    def reason(self, text: str, language: str) -> str | None:
        length = len(folded(text).replace(" ", "")) if unspaced(language) else len(text.split())
        if length < self.shortest:
            return "too short"
        if length > self.longest:
            return "too long"
        return None


@dataclass
class Checker:
    """Accepts sentences one by one; remembers them, and why others were turned away.

    Test and validation sentences must be offered before training sentences: a training sentence
    that nearly repeats one of them is the one to go.
    """

    languages: tuple[str, ...]
    word: dict[str, tuple[str, ...]] | None  # forms of the rare word by language
    reserved: dict[str, tuple[str, ...]]  # forms that no sentence may hold, by language
    limits: Limits = field(default_factory=Limits)
    rejected: Counter[str] = field(default_factory=Counter)
    seen: set[str] = field(default_factory=set)
    held_out: list[str] = field(default_factory=list)

    def accept(self, sentence: Sentence, split: str) -> bool:
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
            if unspeakable(text):
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
    """The part of a sentence in which another one differs from it, its beginning and end being the same."""
    ours, theirs = (list(text) if unspaced(language) else text.split() for text in (folded(sentence), folded(other)))
    while ours and theirs and ours[0] == theirs[0]:
        ours, theirs = ours[1:], theirs[1:]
    while ours and theirs and ours[-1] == theirs[-1]:
        ours, theirs = ours[:-1], theirs[:-1]
    return ("" if unspaced(language) else " ").join(ours)
