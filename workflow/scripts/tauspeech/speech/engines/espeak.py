"""espeak-ng beside other engines, in a set of several."""

from typing import Any

from tauspeech.data.randomness import derive_rng
from tauspeech.runtime.errors import UserError
from tauspeech.speech.children import one_child_each
from tauspeech.speech.engine import Sound
from tauspeech.speech.espeak_library import initialise, speak, version


class Espeak:
    def __init__(self, model: dict[str, Any]):
        initialise()
        self.speakers: list[str] = []
        self.version = version()
        self._model = model

    def say(self, text: str, speaker: str | None, seed: int) -> Sound:
        if not speaker:
            raise UserError("a voice of espeak-ng is named 'espeak/NAME', as in 'espeak/cmn+f2'.")
        lot = derive_rng(seed, "espeak")
        rate, pitch = lot.randint(*self._model["rate"]), lot.randint(*self._model["pitch"])
        ((samples, made),) = one_child_each(_samples, [(text, speaker, rate, pitch)], 1)
        return Sound(samples, made)


def _samples(said: tuple[str, str, int, int]) -> tuple[Any, int]:
    spoken = speak(*said)
    return spoken.samples, spoken.rate


def open_engine(model: dict[str, Any], language: str) -> Espeak:
    return Espeak(model)
