"""What a source of sentences hands over."""

from dataclasses import dataclass, field
from typing import Any

from tauspeech.text.checks import Sentence


@dataclass(frozen=True)
class Collected:
    """The accepted sentences of each split, and what they cost where that is worth telling."""

    accepted: dict[str, list[Sentence]]
    cost: dict[str, Any] = field(default_factory=dict)
