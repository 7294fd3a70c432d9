"""Sources of a set's speech: a module each, with a function ``rows(job, drops, check)`` that yields manifest rows.

``check`` is the round-trip check, where the plan asks for it: it filters rows, and adds the others to ``drops``.
"""

from typing import Any, Protocol

from tauspeech.data.dropped_utterances import Drop


class Check(Protocol):
    """The round-trip check of a set: the rows that pass; the others are added to ``drops``."""

    def __call__(self, rows: list[dict[str, Any]], drops: list[Drop]) -> list[dict[str, Any]]: ...

    @property
    def example(self) -> str:
        """What the base writes for one sentence, for a message; empty if nothing was checked."""
        ...
