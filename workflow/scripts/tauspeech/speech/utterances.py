"""Utterances: texts to synthesise, and the resulting audio."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from tauspeech.data.audio import RATE
from tauspeech.data.randomness import derive_rng
from tauspeech.data.takes import take_id


@dataclass(frozen=True)
class Utterance:
    """A text to synthesise; its id alone determines which voice is drawn."""

    id: str
    text: str


@dataclass(frozen=True)
class Synthesised:
    """Audio of an utterance as FLAC, its number of samples and its voice; or the reason why it is unusable."""

    id: str
    flac: bytes
    samples: int
    voice: str
    seed: int | None = None
    unusable: str | None = None

    def row(self, sentence: dict[str, Any], engine: str) -> dict[str, Any]:
        """Row of the manifest; it has a seed where the engine itself is random."""
        audio = {"bytes": self.flac, "path": f"{sentence['utterance']}.flac"}
        about = {"audio": audio, "seconds": self.samples / RATE, "voice": self.voice}
        return sentence | about | {"engine": engine, "seed": self.seed}


def spoken(sentences: Iterable[dict[str, str]], settings: Mapping[str, Any]) -> list[dict[str, str]]:
    """Sentences of the wanted splits, each as often as it has takes; further takes have names of their own."""
    splits, takes = settings.get("splits"), settings.get("takes", 1)
    return [
        sentence | {"utterance": take_id(sentence["utterance"], number)}
        for sentence in sentences
        if splits is None or sentence["split"] in splits
        for number in range(1, takes + 1)
    ]


def drawn_voice(voices: list[str], seed: int, utterance: str) -> str:
    """Voice of an utterance. A carrier and its control differ in one word only: both get the same voice."""
    return derive_rng(seed, "voice", voice_id(utterance)).choice(voices)


def voice_id(utterance: str) -> str:
    """Identifier by which the voice is drawn: the same for a carrier and its control."""
    return utterance.replace("-control-", "-carrier-")
