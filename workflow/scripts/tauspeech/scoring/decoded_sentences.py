"""Sentences that a base model decodes, and which of them pass a check.

Sets of neural voices are made with this module, so that what follows from a check is in another one: a change there, such as
of a message, must not repeat trainings.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from tauspeech.runtime.errors import one_line

SHOWN = 3  # texts that are kept for a reader


class DecodedSentence(NamedTuple):
    """Hypothesis of a base model for a sentence."""

    sentence: str
    hypothesis: str

    def __str__(self) -> str:
        return f"of '{one_line(self.sentence, 60)}' the base writes '{one_line(self.hypothesis, 60)}'"


@dataclass(frozen=True)
class DecodedSentences:
    """Hypotheses of a base model for some sentences, and which of them pass a check."""

    texts: Sequence[DecodedSentence]
    passed: Sequence[bool]

    @classmethod
    def of(cls, sentences: Sequence[str], hypotheses: Sequence[str], passed: Sequence[bool]) -> "DecodedSentences":
        return cls([DecodedSentence(*pair) for pair in zip(sentences, hypotheses, strict=True)], passed)

    @property
    def share(self) -> float:
        """Share that passes; 1 of none."""
        return sum(self.passed) / len(self.passed) if self.passed else 1.0

    @property
    def shown(self) -> list[DecodedSentence]:
        """Some for a reader, those that do not pass before the others."""
        order = sorted(range(len(self.passed)), key=lambda number: self.passed[number])
        return [self.texts[number] for number in order[:SHOWN]]
