"""What several engines need: names of settings, sentences on one line, seeds and sounds of other programs."""

import io
from pathlib import Path
from typing import Any

import numpy as np
import soundfile

from tauspeech.speech.engine import Sound


def key(model: dict[str, Any], *names: str) -> str:
    """Where the configuration says it."""
    return ".".join(["speech.models", model["engine"], model["name"], *names])


def short_seed(seed: int) -> int:
    """31 bits, which every server, program and random generator takes."""
    return seed % 2**31


def one_line(text: str, longest: int = 200) -> str:
    """What somebody else's program has to say, fit for a sentence of ours."""
    line = " ".join("".join(letter if letter.isprintable() else " " for letter in text).split())
    return line if len(line) <= longest else line[: longest - 3] + "..."


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
