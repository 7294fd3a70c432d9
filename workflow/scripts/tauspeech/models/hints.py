"""Hints of decoding: phrases that a model is expected to meet, without a change of its weights."""

from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import Any, Protocol

# Imported for jobs with lists alone, so that the code that reads these is no part of what other jobs depend on.
LISTED = "tauspeech.models.listed_hints"


@dataclass(frozen=True)
class Hints:
    """Phrases in the language that is written, as a prompt in front of the text, or as a bias of its tokens.

    With a bias, ``strength`` is added to the logit of each token that continues a phrase, or is all of one, and a share of it
    (``phrase_trie.BEGINNING``) where a token begins one; at 0 the model decodes as without hints.
    """

    phrases: tuple[str, ...]
    as_prompt: bool = False
    strength: float = 0.0

    def for_utterance(self, name: str) -> "Hints":
        """These hints, whichever the utterance is."""
        return self


class HintsOfUtterances(Protocol):
    def for_utterance(self, name: str) -> Hints:
        """The hints with which an utterance is decoded."""
        ...


def hints_of_settings(settings: Mapping[str, Any], chosen: Mapping[str, Mapping[str, Any]]) -> HintsOfUtterances:
    """Hints of a job's settings; ``chosen`` is what its searches have chosen, by their ids."""
    strength = settings.get("strength")
    if isinstance(strength, Mapping):
        strength = chosen[strength["search"]][strength["choice"]]
    kind: dict[str, Any] = {"as_prompt": True} if strength is None else {"strength": float(strength)}
    if "listing" in settings:
        listed: HintsOfUtterances = import_module(LISTED).listed_hints(settings["listing"], **kind)
        return listed
    return Hints(tuple(settings["phrases"]), **kind)
