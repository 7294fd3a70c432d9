"""espeak-ng as one of several engines of a set."""

from typing import Any

from tauspeech.data.randomness import derive_rng
from tauspeech.runtime.errors import UserError
from tauspeech.speech.children import one_child_each
from tauspeech.speech.engine import Sound
from tauspeech.speech.espeak_library import espeak_synthesise, initialise, version


class Espeak:
    def __init__(self, model: dict[str, Any]):
        initialise()
        self.speakers: list[str] = []
        self.version = version()
        self._model = model

    def synthesise(self, text: str, speaker: str | None, seed: int) -> Sound:
        if not speaker:
            raise UserError("a voice of espeak-ng has the form 'espeak/NAME', such as 'espeak/cmn+f2': add its name.")
        rng = derive_rng(seed, "espeak")
        rate, pitch = rng.randint(*self._model["rate"]), rng.randint(*self._model["pitch"])
        ((samples, sampling_rate),) = one_child_each(_samples, [(text, speaker, rate, pitch)], 1)
        return Sound(samples, sampling_rate)


def _samples(arguments: tuple[str, str, int, int]) -> tuple[Any, int]:
    output = espeak_synthesise(*arguments)
    return output.samples, output.rate


def open_engine(model: dict[str, Any], language: str) -> Espeak:
    return Espeak(model)
