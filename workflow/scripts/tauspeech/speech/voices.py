"""What goes into a voice and what comes out of it."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Utterance:
    """A text to be said; its id alone draws the voice."""

    id: str
    text: str


@dataclass(frozen=True)
class Voiced:
    """FLAC of an utterance, its number of samples and who said it."""

    id: str
    flac: bytes
    samples: int
    voice: str
