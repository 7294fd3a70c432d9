"""Result of a source of sentences."""

from dataclasses import dataclass, field
from typing import Any

from tauspeech.text.checks import Sentence


@dataclass(frozen=True)
class Collected:
    """Accepted sentences of each split, and for language models their cost."""

    accepted: dict[str, list[Sentence]]
    cost: dict[str, Any] = field(default_factory=dict)
