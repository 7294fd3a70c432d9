"""Hints of decoding: phrases that a model is expected to meet, without a change of its weights."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from tauspeech.data.word_lists.sources import words_by_name


@dataclass(frozen=True)
class Hints:
    """Phrases in the language that is written, as a prompt in front of the text, or as a bias of its tokens.

    With a bias, ``strength`` is added to the logit of each token that continues a phrase, or is all of one, and a share of it
    (``phrase_trie.BEGINNING``) where a token begins one; at 0 the model decodes as without hints.
    """

    phrases: tuple[str, ...]
    as_prompt: bool = False
    strength: float = 0.0

    def of(self, row: Mapping[str, Any]) -> "Hints":
        return self


@dataclass(frozen=True)
class ListedHints:
    """Hints whose phrases are the list of each utterance; ``phrases`` has them by the utterance's id.

    Lists are often all in capitals or in small letters, and a bias favours the ways in which a text may write their words.
    """

    phrases: Mapping[str, tuple[str, ...]]
    as_prompt: bool = False
    strength: float = 0.0

    def of(self, row: Mapping[str, Any]) -> Hints:
        phrases = self.phrases[row["utterance"]]
        if not self.as_prompt:
            phrases = tuple(dict.fromkeys(spelling for phrase in phrases for spelling in _spellings(phrase)))
        return Hints(phrases, self.as_prompt, self.strength)


def _spellings(phrase: str) -> tuple[str, ...]:
    small = phrase.lower() if phrase.isupper() else phrase
    return phrase, small, " ".join(word[:1].upper() + word[1:] for word in small.split())


class HintsOfRows(Protocol):
    """The hints with which an utterance is decoded."""

    def of(self, row: Mapping[str, Any]) -> Hints: ...


def hints_of_settings(settings: Mapping[str, Any], chosen: Mapping[str, Mapping[str, Any]]) -> HintsOfRows:
    """Hints of a job's settings; ``chosen`` is what its searches have chosen, by their ids."""
    strength = settings.get("strength")
    if isinstance(strength, Mapping):
        strength = chosen[strength["search"]][strength["choice"]]
    about = strength is None, float(strength or 0)
    if "lists" in settings:
        words = words_by_name(settings["source"], settings["lists"])
        return ListedHints({name: each.listed for name, each in words.items()}, *about)
    return Hints(tuple(settings["phrases"]), *about)
