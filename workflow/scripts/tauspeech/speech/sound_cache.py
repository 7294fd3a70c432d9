"""Cache of engines' audio before normalisation.

A job that was interrupted synthesises only the missing sentences; audio of servers, which costs money, is used again
even if the normalisation changes.
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
    """Cache in a folder. ``about`` is everything that audio depends on besides text, speaker and seed."""

    def __init__(self, folder: Path, about: dict[str, Any]):
        self._folder, self._about = folder, about

    def sound(self, version: str, text: str, speaker: str | None, seed: int, make: Callable[[], Sound]) -> Sound:
        """Cached audio, or the result of ``make``, which is then cached."""
        name = sha256_text(canonical_json([self._about, version, text, speaker, seed]))
        file = self._folder / name[:2] / f"{name[2:]}.wav"
        if (found := _read(file)) is not None:
            return found
        made = make()
        made = Sound(np.asarray(made.samples, np.float32), made.rate)
        write_atomic(file, lambda part: part.write_bytes(_wav(made)))
        return made

    def clear(self) -> None:
        """Delete the cache."""
        shutil.rmtree(self._folder, ignore_errors=True)


def _wav(sound: Sound) -> bytes:
    buffer = io.BytesIO()
    soundfile.write(buffer, sound.samples, sound.rate, format="WAV", subtype="FLOAT")
    return buffer.getvalue()


def _read(file: Path) -> Sound | None:
    try:
        samples, rate = soundfile.read(file, dtype="float32")
    except (soundfile.LibsndfileError, OSError):  # missing or damaged
        return None
    return Sound(samples, rate)
