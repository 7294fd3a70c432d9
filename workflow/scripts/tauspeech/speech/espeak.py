"""espeak-ng from its wheel: the embedded default voice.

Inside one process espeak-ng's output depends on what it said before. In a child forked from a parent
that has only initialised the library it depends on text, voice and settings alone, so each utterance
gets a child of its own, and the order and the number of workers do not matter.
"""

import ctypes
from collections.abc import Iterable, Iterator
from functools import partial
from pathlib import Path

import espeakng_loader
import numpy as np

from tauspeech.errors import UserError
from tauspeech.randomness import derive_rng
from tauspeech.speech.audio import encode, resample
from tauspeech.speech.children import one_child_each
from tauspeech.speech.voices import Utterance, Voiced

_SYNCHRONOUS, _NO_EXIT, _UTF8 = 2, 0x8000, 1  # no threads of its own, which a fork would lose
_RATE, _PITCH, _RANGE = 1, 3, 4
_CALLBACK = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.c_void_p)
_library: ctypes.CDLL | None = None
_rate = 0


def _initialise() -> None:
    global _library, _rate
    if _library is None:
        _library = ctypes.CDLL(espeakng_loader.get_library_path())
        data = str(espeakng_loader.get_data_path()).encode()
        _rate = _library.espeak_Initialize(_SYNCHRONOUS, 0, data, _NO_EXIT)
        if _rate <= 0:
            raise RuntimeError("espeak-ng could not be initialised from the espeakng-loader wheel")
        # The breath of some voices is noise, which starts from the time of day otherwise.
        _library.espeak_ng_SetRandSeed(ctypes.c_long(1))


def version() -> str:
    _initialise()
    assert _library
    _library.espeak_Info.restype = ctypes.c_char_p
    return "espeak-ng " + _library.espeak_Info(None).decode().split()[0]


def _has_variant(voice: str) -> bool:
    variant = voice.partition("+")[2]
    return not variant or (Path(espeakng_loader.get_data_path()) / "voices" / "!v" / variant).is_file()


def _say(text: str, voice: str, rate: int, pitch: int, spread: int) -> np.ndarray:
    assert _library
    chunks: list[np.ndarray] = []

    @_CALLBACK
    def collect(samples, count, _events):  # type: ignore[no-untyped-def]
        if samples and count > 0:
            chunks.append(np.ctypeslib.as_array(samples, (count,)).copy())
        return 0

    _library.espeak_SetSynthCallback(collect)
    # An unknown voice is reported only by this code, and the voice before it would go on speaking; an unknown
    # variant is not reported at all, and the plain voice would speak.
    if _library.espeak_SetVoiceByName(voice.encode()) != 0 or not _has_variant(voice):
        raise UserError(f"espeak-ng has no voice '{voice}': see `espeak-ng --voices` and speech.voices in the config.")
    for parameter, value in ((_RATE, rate), (_PITCH, pitch), (_RANGE, spread)):
        _library.espeak_SetParameter(parameter, value, 0)
    encoded = text.encode()
    _library.espeak_Synth(encoded, len(encoded) + 1, 0, 1, 0, _UTF8, None, None)
    if not any(chunk.any() for chunk in chunks):
        raise UserError(f"espeak-ng made no sound of '{text}' with the voice '{voice}'.")
    return np.concatenate(chunks).astype(np.float32) / 32768


def _voice(utterance: Utterance, settings: dict, seed: int) -> Voiced:
    lot = derive_rng(seed, "voice", utterance.id)
    voice = lot.choice(settings["voices"])
    rate, pitch = lot.randint(*settings["rate"]), lot.randint(*settings["pitch"])
    samples = resample(_say(utterance.text, voice, rate, pitch, 50), _rate)
    return Voiced(utterance.id, encode(samples), len(samples), f"{voice} rate={rate} pitch={pitch}")


def synthesise(utterances: Iterable[Utterance], settings: dict, seed: int, workers: int) -> Iterator[Voiced]:
    """Speech of each utterance, in order."""
    _initialise()
    return one_child_each(partial(_voice, settings=settings, seed=seed), utterances, workers)
