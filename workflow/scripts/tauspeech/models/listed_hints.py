"""Hints whose phrases are those of each utterance's list of words."""

from collections.abc import Mapping, Sequence
from functools import cache
from hashlib import sha256
from typing import Any

from tauspeech.data.word_lists.sources import words_by_name
from tauspeech.models.hints import Hints


class ListedHints:
    """``phrases`` are the lists by the utterances' names.

    A prompt may not hold all of a list, and lists are sorted, or have the words of the utterance in front: so it has them in an
    order drawn by a hash. A bias favours each way in which a text may write a word, since lists are often all in capitals
    or in small letters.
    """

    def __init__(self, phrases: Mapping[str, Sequence[str]], as_prompt: bool = False, strength: float = 0.0):
        self._phrases, self._as_prompt, self._strength = phrases, as_prompt, strength

    def for_utterance(self, name: str) -> Hints:
        phrases = tuple(self._phrases[name])
        if self._as_prompt:
            return Hints(_drawn(name, phrases), as_prompt=True)
        return Hints(_spelled(phrases), strength=self._strength) if self._strength else Hints(())


def listed_hints(listing: Mapping[str, Any], as_prompt: bool = False, strength: float = 0.0) -> ListedHints:
    words = words_by_name(listing["source"], listing["lists"])
    return ListedHints({name: each.listed for name, each in words.items()}, as_prompt, strength)


def _drawn(name: str, phrases: Sequence[str]) -> tuple[str, ...]:
    return tuple(sorted(phrases, key=lambda phrase: sha256(f"{name}\t{phrase}".encode()).digest()))


@cache
def _spelled(phrases: tuple[str, ...]) -> tuple[str, ...]:
    """Phrases as given, and beginning with capitals; those that are all capitals also in small letters."""
    small = [phrase.lower() if phrase.isupper() else phrase for phrase in phrases]
    capitalised = [" ".join(word[:1].upper() + word[1:] for word in phrase.split()) for phrase in small]
    return tuple(dict.fromkeys((*phrases, *small, *capitalised)))
