"""Utterance with its list of words, as a corpus lists it, before its audio is read."""

from pathlib import Path
from typing import NamedTuple


class UtteranceWords(NamedTuple):
    """Words or phrases of an utterance's list, and those of them by which its errors are split.

    The two differ where a list is published with distractors, which no published score counts.
    """

    listed: tuple[str, ...]
    counted: tuple[str, ...]


class ListedUtterance(NamedTuple):
    """A line of a corpus; its audio may be missing."""

    name: str  # identifies the utterance in its corpus
    text: str
    words: UtteranceWords
    file: Path  # its audio, or the Parquet file that holds it
    row: int | None = None  # in the Parquet file
    speaker: str = ""  # empty if the corpus does not name one
