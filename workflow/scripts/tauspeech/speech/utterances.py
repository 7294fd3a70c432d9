"""What goes into a voice and what comes out of it."""

from dataclasses import dataclass

from tauspeech.data.randomness import derive_rng


@dataclass(frozen=True)
class Utterance:
    """A text to be said; its id alone draws the voice."""

    id: str
    text: str


@dataclass(frozen=True)
class Voiced:
    """FLAC of an utterance, its number of samples and who said it; or why it cannot be used."""

    id: str
    flac: bytes
    samples: int
    voice: str
    seed: int | None = None
    unusable: str | None = None


def drawn(voices: list[str], seed: int, utterance: str) -> str:
    """The voice that says an utterance. The carrier and its control differ in one word: the same voice says both."""
    return derive_rng(seed, "voice", voice_id(utterance)).choice(voices)


def voice_id(utterance: str) -> str:
    return utterance.replace("-control-", "-carrier-")
