"""Reading, resampling and encoding of audio. The project's own format is 16 kHz, mono, 16-bit FLAC."""

import io
from pathlib import Path

import numpy as np
import soundfile
import soxr

from tauspeech.runtime.errors import UserError

RATE = 16_000
RATES = range(4_000, 768_001)  # plausible sampling rates in Hz; a file with another one is damaged
_HALF_A_STEP = 2**-16  # smaller samples become zero in 16-bit audio


def silent(samples: np.ndarray) -> bool:
    """True if all samples are zero in 16-bit audio."""
    return bool(np.abs(samples).max(initial=0) < _HALF_A_STEP)


def resample(samples: np.ndarray, rate: int) -> np.ndarray:
    """Samples at 16 kHz."""
    return samples if rate == RATE else soxr.resample(samples, rate, RATE, quality="HQ")


def encode_audio(samples: np.ndarray) -> bytes:
    """FLAC bytes of 16 kHz samples in [-1, 1]."""
    buffer = io.BytesIO()
    soundfile.write(buffer, np.clip(samples, -1, 1), RATE, format="FLAC", subtype="PCM_16")
    return buffer.getvalue()


def decode_audio(flac: bytes) -> np.ndarray:
    samples, _ = soundfile.read(io.BytesIO(flac), dtype="float32")
    return samples


def read(path: Path) -> np.ndarray:
    """Samples of an audio file in any format that soundfile reads, as 16 kHz mono."""
    try:
        samples, rate = soundfile.read(path, dtype="float32", always_2d=True)
    except (soundfile.LibsndfileError, OSError) as error:
        raise UserError(f"{path} cannot be read as audio ({error}): give a WAV, FLAC, MP3 or Ogg file.") from None
    if rate not in RATES:
        raise UserError(
            f"{path} has a sampling rate of {rate} Hz, which is not plausible for speech: export it again as WAV."
        )
    mono = samples.mean(axis=1)
    if not len(mono):
        raise UserError(f"{path} holds no audio: remove its row or record it again.")
    if not np.isfinite(mono).all():
        raise UserError(f"{path} holds samples that are not numbers: export it again as 16-bit audio.")
    return resample(mono, rate)
