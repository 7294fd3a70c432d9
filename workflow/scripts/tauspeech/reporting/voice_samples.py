"""Voice samples of the report: the same sentences in every voice, side by side."""

import io
from collections.abc import Iterable
from typing import Any

import numpy as np
import pandas as pd
from PIL import Image

from tauspeech.data.audio import RATE, decode_audio
from tauspeech.reporting.content import Sample, Voice

_WINDOW, _HOP, _RANGE = 512, 160, 70.0  # samples, samples, decibels
_HEIGHT, _PER_SECOND = 96, 100  # pixels


def samples_from(tables: Iterable[pd.DataFrame]) -> list[Sample]:
    """Each sentence in all its voices, in the order of the tables."""
    found = []
    for table in tables:
        for sentence, rows in table.groupby("sentence", sort=False):
            voices = [
                Voice(
                    row.voice, row.engine, row.seconds, row.hypothesis, row.audio, spectrogram(decode_audio(row.audio))
                )
                for row in rows.itertuples()
            ]
            found.append(Sample(str(sentence), str(rows["language"].iloc[0]), voices))
    return found


def engines_of(speech: dict[str, Any]) -> str:
    """Engines and models of the voices, by their names in the configuration."""
    voices = [voice for named in speech["voices"].values() for voice in named]
    models = ("espeak" if "/" not in voice else "/".join(voice.split("/")[:2]) for voice in voices)
    return ", ".join(dict.fromkeys("espeak" if model.startswith("espeak") else model for model in models))


def spectrogram(samples: np.ndarray) -> bytes:
    """A PNG, dark on light: time from left to right, 0 to 8 kHz upwards, the loudest 70 dB."""
    padded = np.pad(samples, (0, max(0, _WINDOW - len(samples))))
    frames = np.lib.stride_tricks.sliding_window_view(padded, _WINDOW)[::_HOP] * np.hanning(_WINDOW)
    levels = 20 * np.log10(np.abs(np.fft.rfft(frames)) + 1e-6)
    shade = np.clip((levels - levels.max() + _RANGE) / _RANGE, 0, 1)
    image = Image.fromarray((255 * (1 - shade.T[::-1])).astype(np.uint8))
    width = max(1, round(len(padded) / RATE * _PER_SECOND))
    buffer = io.BytesIO()
    image.resize((width, _HEIGHT), Image.Resampling.BILINEAR).quantize(16).save(buffer, "PNG", optimize=True)
    return buffer.getvalue()
