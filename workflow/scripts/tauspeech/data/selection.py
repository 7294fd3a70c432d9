"""Which utterances of a corpus enter a set: lots, hours and lengths.

The order is drawn from seed, language and the utterance's own name, so it depends neither on how a corpus is
stored nor on what else it holds. A set of some hours is the beginning of that order, up to the first
utterance that would exceed them. Trying shorter ones after it would favour them, and five hours would no
longer contain the one hour of the same seed.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, TypeVar

from tauspeech.data.randomness import derive_seed

Item = TypeVar("Item")


@dataclass(frozen=True)
class Lengths:
    """What a model hears at once, and what is too short to hold a word; both ends are allowed."""

    shortest: float = 0.5
    longest: float = 30.0

    def fault(self, seconds: float) -> str | None:
        if seconds < self.shortest:
            return "too short"
        return "too long" if seconds > self.longest else None


def by_lot(items: Iterable[Item], name: Callable[[Item], str], seed: int, language: str) -> list[Item]:
    return sorted(items, key=lambda item: (derive_seed(seed, "corpus", language, name(item)), name(item)))


def within(rows: Iterable[dict[str, Any]], hours: float) -> Iterator[dict[str, Any]]:
    """Rows until the next one would exceed the hours; it is read, and left out."""
    seconds = 0.0
    for row in rows:
        seconds += row["seconds"]
        if seconds > hours * 3600:
            return
        yield row
