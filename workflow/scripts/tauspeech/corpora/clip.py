"""One utterance that a corpus offers, before anyone has listened to it."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Clip:
    split: str
    name: str  # as its table writes it
    sentence: str
    translation: str
    client: str
    file: Path  # its audio, or the Parquet file that holds it
    row: int = 0  # there

    @property
    def stem(self) -> str:
        """What it is called wherever it is kept."""
        return Path(self.name).stem
