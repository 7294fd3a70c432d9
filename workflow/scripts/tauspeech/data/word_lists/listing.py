"""Utterance with its list of words, as a corpus lists it, before its audio is read."""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from tauspeech.runtime.files import canonical_json, sha256_text


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


def hash_of_texts(utterances: Sequence[ListedUtterance]) -> str:
    return sha256_text(canonical_json([[each.name, each.text] for each in utterances]))


def hash_of_lists(utterances: Sequence[ListedUtterance]) -> str:
    return sha256_text(canonical_json([[each.name, each.words] for each in utterances]))
