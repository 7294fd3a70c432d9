"""Helpers of engines: configuration keys, seeds, and audio from servers and programs."""

import io
from pathlib import Path
from typing import Any

import numpy as np
import soundfile

from tauspeech.runtime.errors import one_line
from tauspeech.speech.engine import Sound


def key(model: dict[str, Any], *names: str) -> str:
    """Configuration key of a setting, for messages."""
    return ".".join(["speech.models", model["engine"], model["name"], *names])


def short_seed(seed: int) -> int:
    """Seed of 31 bits, which all servers, programs and random generators accept."""
    return seed % 2**31


def mono(audio: Path | bytes) -> Sound:
    """Mono audio of a file, or of its bytes; raises ValueError if it cannot be read."""
    try:
        source = io.BytesIO(audio) if isinstance(audio, bytes) else audio
        samples, rate = soundfile.read(source, dtype="float32", always_2d=True)
    except (soundfile.LibsndfileError, OSError) as error:
        raise ValueError(one_line(str(error).split(": ")[-1])) from None
    if not len(samples):
        raise ValueError("it holds no samples")
    return Sound(samples.mean(axis=1, dtype=np.float32), rate)
