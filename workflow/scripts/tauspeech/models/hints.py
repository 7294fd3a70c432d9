"""Hints of decoding: phrases that a model is expected to meet, without a change of its weights."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Hints:
    """Phrases in the language that is written, as a prompt in front of the text, or as a bias of its tokens.

    With a bias, ``strength`` is added to the logit of each token that continues a phrase, or is all of one, and a share of it
    (``phrase_trie.BEGINNING``) where a token begins one; at 0 the model decodes as without hints.
    """

    phrases: tuple[str, ...]
    as_prompt: bool = False
    strength: float = 0.0

    @classmethod
    def of_settings(cls, settings: Mapping[str, Any], chosen: Mapping[str, Mapping[str, Any]]) -> "Hints":
        """Hints of a job's settings; ``chosen`` is what its searches have chosen, by their ids."""
        phrases, strength = tuple(settings["phrases"]), settings.get("strength")
        if strength is None:
            return cls(phrases, as_prompt=True)
        if isinstance(strength, Mapping):
            strength = chosen[strength["search"]][strength["choice"]]
        return cls(phrases, strength=float(strength))
