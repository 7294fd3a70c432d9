"""Hints of decoding in the plan: which phrases, and as a prompt or with which bias."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from tauspeech.models.families import takes_hints
from tauspeech.models.hints import LISTED
from tauspeech.plan.jobs import PlannedJob
from tauspeech.plan.merges import Searched, Tried
from tauspeech.runtime.errors import UserError


@dataclass(frozen=True)
class PlannedHints:
    """Phrases with the strength of their bias, or without one as a prompt.

    With a ``listing`` they are those of each utterance's list: the source of the lists, and their hash.
    """

    phrases: tuple[str, ...]
    strength: Searched | Tried | None = None
    listing: Mapping[str, Any] | None = None

    section: ClassVar[str] = "hints"  # of a specification

    @classmethod
    def of(cls, hypotheses: PlannedJob, listing: Mapping[str, Any] | None = None) -> "PlannedHints | None":
        """The hints that hypotheses were made with; with a ``listing``, its phrases in place of theirs."""
        about, searches = hypotheses.settings.get("hints"), hypotheses.inputs.get("searches")
        if about is None:
            return None
        strength = Searched(searches[0], about["strength"]["choice"]) if isinstance(searches, list) else None
        return cls((), strength, listing) if listing else cls(tuple(about["phrases"]), strength)

    @property
    def modules(self) -> tuple[str, ...]:
        return (LISTED,) if self.listing else ()

    @property
    def settings(self) -> dict[str, Any]:
        phrases = {"listing": dict(self.listing)} if self.listing else {"phrases": list(self.phrases)}
        return phrases | ({"strength": self.strength.settings} if self.strength else {})

    @property
    def inputs(self) -> dict[str, list[PlannedJob] | None]:
        return {"searches": [self.strength.search] if isinstance(self.strength, Searched) else None}


def require_hints(config: Mapping[str, Any], model_type: str | None, key: str, with_prompt: bool) -> None:
    """Refuse hints for a model that takes none, as far as its type is known by now, and for one that never saw a prompt."""
    base = config["base"]
    if not takes_hints(model_type):
        raise UserError(
            f"key '{key}': {base} is of the type '{model_type}', whose decoding takes neither a prompt nor a bias: leave them out, "
            "or give a Whisper model."
        )
    if config["decoding"].get("engine", "transformers") != "transformers":
        raise UserError(
            f"key 'decoding.engine' is {config['decoding']['engine']}, which decodes without hints: set it to transformers, or leave "
            f"prompt and bias out of {key}."
        )
    if with_prompt and base.startswith("foundation/"):
        raise UserError(
            f"key '{key}' has a prompt, and {base} was trained without previous texts, so that it follows none: leave prompt and "
            "vector_prompt out, or give a published Whisper model."
        )
