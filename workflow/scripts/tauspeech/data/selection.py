"""Selection of a corpus's utterances for a set: random order, hours and allowed durations.

The random order depends on seed, language and the utterance's name only, not on how the corpus is stored or what else
it contains. A set of N hours is the beginning of that order, up to the first utterance that would exceed N hours.
Shorter utterances after it are not tried: that would bias the set towards them, and the set of five hours would not
contain the set of one hour with the same seed.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, TypeVar

from tauspeech.data.randomness import derive_seed

Item = TypeVar("Item")


@dataclass(frozen=True)
class Lengths:
    """Allowed duration of an utterance in seconds, both ends included."""

    shortest: float = 0.5
    longest: float = 30.0

    def fault(self, seconds: float) -> str | None:
        """Reason to drop an utterance of this duration, or None."""
        if seconds < self.shortest:
            return "too short"
        return "too long" if seconds > self.longest else None


def in_seeded_order(items: Iterable[Item], name: Callable[[Item], str], seed: int, language: str) -> list[Item]:
    """Items in the random order of seed and language."""
    return sorted(items, key=lambda item: (derive_seed(seed, "corpus", language, name(item)), name(item)))


def within(rows: Iterable[dict[str, Any]], hours: float) -> Iterator[dict[str, Any]]:
    """Rows up to the first one that would exceed the hours; that row is read, but not yielded."""
    seconds = 0.0
    for row in rows:
        seconds += row["seconds"]
        if seconds > hours * 3600:
            return
        yield row
