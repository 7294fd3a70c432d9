"""Bindings of the espeak-ng library in the espeakng-loader wheel: audio of a text with the start of each phoneme.

Within one process, espeak-ng's samples depend on earlier utterances; see espeak_pool.py.
"""

import ctypes
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import espeakng_loader
import numpy as np

from tauspeech.runtime.errors import UserError

_SYNCHRONOUS, _PHONEME_EVENTS, _NO_EXIT, _UTF8 = 2, 1, 0x8000, 1  # synchronous: threads would not survive a fork
_RATE, _PITCH, _RANGE = 1, 3, 4
_PHONEME = 7


class _Id(ctypes.Union):
    _fields_ = [("number", ctypes.c_int), ("name", ctypes.c_char_p), ("string", ctypes.c_char * 8)]


class _Event(ctypes.Structure):
    _fields_ = [
        ("type", ctypes.c_int),
        ("unique_identifier", ctypes.c_uint),
        ("text_position", ctypes.c_int),
        ("length", ctypes.c_int),
        ("audio_position", ctypes.c_int),
        ("sample", ctypes.c_int),
        ("user_data", ctypes.c_void_p),
        ("id", _Id),
    ]


_CALLBACK = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.POINTER(_Event))
_library: ctypes.CDLL | None = None
_rate = 0


@dataclass(frozen=True)
class EspeakOutput:
    """Audio of a text and its phonemes."""

    samples: np.ndarray  # float32
    rate: int
    phonemes: list[tuple[str, int]]  # espeak-ng's name and first sample of each


def initialise() -> ctypes.CDLL:
    """Load the library once per process."""
    global _library, _rate
    if _library is None:
        _library = ctypes.CDLL(espeakng_loader.get_library_path())
        data = str(espeakng_loader.get_data_path()).encode()
        _rate = _library.espeak_Initialize(_SYNCHRONOUS, 0, data, _NO_EXIT | _PHONEME_EVENTS)
        if _rate <= 0:
            raise RuntimeError("espeak-ng could not be initialised from the espeakng-loader wheel")
        # Breathy voices contain noise, which is otherwise seeded with the time of day.
        _library.espeak_ng_SetRandSeed(ctypes.c_long(1))
        _library.espeak_Info.restype = ctypes.c_char_p
        _library.espeak_TextToPhonemes.restype = ctypes.c_char_p
    return _library


def version() -> str:
    """Name and version of the library, for the manifest."""
    return "espeak-ng " + initialise().espeak_Info(None).decode().split()[0]


def _has_variant(voice: str) -> bool:
    variant = voice.partition("+")[2]
    return not variant or (Path(espeakng_loader.get_data_path()) / "voices" / "!v" / variant).is_file()


def _set_voice(voice: str) -> None:
    # For an unknown voice the library returns an error and would use the previous voice; for an unknown variant it
    # reports nothing and would use the plain voice.
    if initialise().espeak_SetVoiceByName(voice.encode()) != 0 or not _has_variant(voice):
        raise UserError(f"espeak-ng has no voice '{voice}': see `espeak-ng --voices` and speech.voices in the config.")


def espeak_synthesise(text: str, voice: str, rate: int, pitch: int, spread: int = 50) -> EspeakOutput:
    """Audio and phonemes of a text; ``rate`` in words per minute, ``pitch`` and ``spread`` from 0 to 99."""
    library = initialise()
    chunks: list[np.ndarray] = []
    phonemes: list[tuple[str, int]] = []

    def collect(samples: Any, count: int, events: Any) -> int:
        if samples and count > 0:
            chunks.append(np.ctypeslib.as_array(samples, (count,)).copy())
        number = 0
        while events and events[number].type:
            if events[number].type == _PHONEME:
                phonemes.append((events[number].id.string.decode(errors="replace"), events[number].sample))
            number += 1
        return 0

    callback = _CALLBACK(collect)  # kept by this function until espeak-ng is done with it
    library.espeak_SetSynthCallback(callback)
    _set_voice(voice)
    for parameter, value in ((_RATE, rate), (_PITCH, pitch), (_RANGE, spread)):
        library.espeak_SetParameter(parameter, value, 0)
    encoded = text.encode()
    library.espeak_Synth(encoded, len(encoded) + 1, 0, 1, 0, _UTF8, None, None)
    if not any(chunk.any() for chunk in chunks):
        raise UserError(
            f"espeak-ng produced no audio for '{text}' with the voice '{voice}': change the text, or use another voice."
        )
    return EspeakOutput(np.concatenate(chunks).astype(np.float32) / 32768, _rate, phonemes)


def phoneme_notation(text: str, voice: str) -> str:
    """Text in espeak-ng's phoneme notation, which contains the tones that its events lack."""
    library = initialise()
    _set_voice(voice)
    buffer = ctypes.create_string_buffer(text.encode())
    place = ctypes.c_void_p(ctypes.addressof(buffer))
    clauses = []
    while place.value:
        clauses.append(library.espeak_TextToPhonemes(ctypes.byref(place), _UTF8, 0).decode(errors="replace"))
    return " ".join(clauses)
