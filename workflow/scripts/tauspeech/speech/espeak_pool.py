"""espeak-ng: the embedded default voice.

Inside one process espeak-ng's output depends on what it said before. In a child forked from a parent
that has only initialised the library it depends on text, voice and settings alone, so each utterance
gets a child of its own, and the order and the number of workers do not matter.
"""

from collections.abc import Iterable, Iterator
from functools import partial

from tauspeech.data.audio import encode_audio
from tauspeech.data.dropped import Unusable
from tauspeech.data.randomness import derive_rng
from tauspeech.speech.children import one_child_each
from tauspeech.speech.engine import Sound
from tauspeech.speech.espeak_library import initialise, speak
from tauspeech.speech.normalisation import normalised
from tauspeech.speech.utterances import Synthesised, Utterance


def _voice(utterance: Utterance, settings: dict, seed: int) -> Synthesised:
    lot = derive_rng(seed, "voice", utterance.id)
    voice = lot.choice(settings["voices"])
    rate, pitch = lot.randint(*settings["rate"]), lot.randint(*settings["pitch"])
    spoken = speak(utterance.text, voice, rate, pitch)
    name = f"{voice} rate={rate} pitch={pitch}"
    try:
        samples = normalised(Sound(spoken.samples, spoken.rate), settings["longest"])
    except Unusable as reason:
        return Synthesised(utterance.id, b"", 0, name, unusable=str(reason))
    return Synthesised(utterance.id, encode_audio(samples), len(samples), name)


def synthesise(utterances: Iterable[Utterance], settings: dict, seed: int, workers: int) -> Iterator[Synthesised]:
    """Speech of each utterance, in order."""
    initialise()
    return one_child_each(partial(_voice, settings=settings, seed=seed), utterances, workers)
