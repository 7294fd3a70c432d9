"""What several engines need: names of settings, seeds, and sounds of other programs."""

import io
from pathlib import Path
from typing import Any

import numpy as np
import soundfile

from tauspeech.runtime.errors import one_line
from tauspeech.speech.engine import Sound


def key(model: dict[str, Any], *names: str) -> str:
    """Where the configuration says it."""
    return ".".join(["speech.models", model["engine"], model["name"], *names])


def short_seed(seed: int) -> int:
    """31 bits, which every server, program and random generator takes."""
    return seed % 2**31


def mono(audio: Path | bytes) -> Sound:
    """A file that another program made, or its bytes; ValueError says what is wrong with it."""
    try:
        source = io.BytesIO(audio) if isinstance(audio, bytes) else audio
        samples, rate = soundfile.read(source, dtype="float32", always_2d=True)
    except (soundfile.LibsndfileError, OSError) as error:
        raise ValueError(one_line(str(error).split(": ")[-1])) from None
    if not len(samples):
        raise ValueError("it holds no samples")
    return Sound(samples.mean(axis=1, dtype=np.float32), rate)
