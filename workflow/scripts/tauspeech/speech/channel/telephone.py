"""Telephones: 8 kHz and a codec of libsndfile."""

import io

import numpy as np
import soundfile
import soxr

from tauspeech.data.audio import RATE

NARROW = 8_000  # Hz
CODECS = {"ulaw": "ULAW", "gsm": "GSM610"}  # G.711 and GSM 06.10, by libsndfile's names


def telephoned(samples: np.ndarray, codec: str) -> np.ndarray:
    """Speech through a narrow band and a codec, as long as before."""
    peak = max(1.0, float(np.abs(samples).max()))
    narrow = soxr.resample(samples / peak, RATE, NARROW, quality="HQ")
    buffer = io.BytesIO()
    soundfile.write(buffer, np.clip(narrow, -1, 1), NARROW, format="WAV", subtype=CODECS[codec])
    buffer.seek(0)
    decoded, _ = soundfile.read(buffer, dtype="float64")
    found = soxr.resample(decoded, NARROW, RATE, quality="HQ")[: len(samples)]
    return np.pad(found, (0, len(samples) - len(found))) * peak
