"""Parallel synthesis with espeak-ng, one process per utterance.

Within one process, espeak-ng's output depends on earlier utterances. In a child forked from a parent that has only
initialised the library, it depends only on text, voice and settings; so the result is independent of the order and the
number of workers.
"""

from collections.abc import Iterable, Iterator
from functools import partial
from typing import Any

from tauspeech.data.audio import encode_audio
from tauspeech.data.dropped_utterances import Unusable
from tauspeech.data.randomness import derive_rng
from tauspeech.speech.children import one_child_each
from tauspeech.speech.engine import Sound
from tauspeech.speech.espeak_library import espeak_synthesise, initialise
from tauspeech.speech.normalisation import normalise_audio
from tauspeech.speech.utterances import Synthesised, Utterance


def _synthesise_one(utterance: Utterance, settings: dict[str, Any], seed: int) -> Synthesised:
    rng = derive_rng(seed, "voice", utterance.id)
    voice = rng.choice(settings["voices"])
    rate, pitch = rng.randint(*settings["rate"]), rng.randint(*settings["pitch"])
    output = espeak_synthesise(utterance.text, voice, rate, pitch)
    name = f"{voice} rate={rate} pitch={pitch}"
    try:
        samples = normalise_audio(Sound(output.samples, output.rate), settings["longest"])
    except Unusable as reason:
        return Synthesised(utterance.id, b"", 0, name, unusable=str(reason))
    return Synthesised(utterance.id, encode_audio(samples), len(samples), name)


def synthesise(
    utterances: Iterable[Utterance], settings: dict[str, Any], seed: int, workers: int
) -> Iterator[Synthesised]:
    """Speech of each utterance, in order."""
    initialise()
    return one_child_each(partial(_synthesise_one, settings=settings, seed=seed), utterances, workers)
