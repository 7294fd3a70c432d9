"""Sounds as an engine made them, kept until what they are for is done.

A share that breaks off, or whose sounds are treated in another way later, asks its engine only for what is not there.
"""

import io
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import soundfile

from tauspeech.runtime.files import canonical_json, sha256_text, write_atomic
from tauspeech.speech.engine import Sound


class SoundCache:
    """``about`` is all that a sound depends on beside its text, speaker and seed."""

    def __init__(self, folder: Path, about: dict[str, Any]):
        self._folder, self._about = folder, about

    def sound(self, version: str, text: str, speaker: str | None, seed: int, make: Callable[[], Sound]) -> Sound:
        name = sha256_text(canonical_json([self._about, version, text, speaker, seed]))
        file = self._folder / name[:2] / f"{name[2:]}.wav"
        if (found := _read(file)) is not None:
            return found
        made = make()
        made = Sound(np.asarray(made.samples, np.float32), made.rate)
        write_atomic(file, lambda part: part.write_bytes(_wav(made)))
        return made

    def forget(self) -> None:
        shutil.rmtree(self._folder, ignore_errors=True)


def _wav(sound: Sound) -> bytes:
    buffer = io.BytesIO()
    soundfile.write(buffer, sound.samples, sound.rate, format="WAV", subtype="FLOAT")
    return buffer.getvalue()


def _read(file: Path) -> Sound | None:
    try:
        samples, rate = soundfile.read(file, dtype="float32")
    except (soundfile.LibsndfileError, OSError):  # not there, or damaged
        return None
    return Sound(samples, rate)
