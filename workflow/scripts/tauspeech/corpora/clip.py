"""Clip: an utterance as a corpus lists it, before its audio is read."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Clip:
    split: str
    name: str  # as in the corpus's table
    sentence: str
    translation: str
    client: str
    file: Path  # its audio, or the Parquet file that holds it
    row: int = 0  # in the Parquet file

    @property
    def stem(self) -> str:
        """Name without folder and suffix, the same in every distribution of the corpus."""
        return Path(self.name).stem
