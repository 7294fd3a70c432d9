"""Set without speech: digital silence, the noise of a quiet room, or louder noise of several kinds.

Texts are empty, or all the same: a phrase that a model is to be trained to write there.
"""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from tauspeech.data.audio import RATE, encode_audio
from tauspeech.data.dropped_utterances import Drop
from tauspeech.data.randomness import derive_seed
from tauspeech.runtime.job import Job
from tauspeech.speech.channel import noise
from tauspeech.speech.channel.filters import decibels, power
from tauspeech.speech.sets import Check

NOISES = ("white", "pink", "brown", "hum")  # of the channel's, those that need no speech; they take turns
NOISE_LEVELS = (-45.0, -25.0)  # dB below full scale: the lowest and the highest
ROOM_LEVELS = (-75.0, -60.0)
ROOM = ("pink", "brown", "hum")  # a quiet room: air, ventilation, mains


def rows(job: Job, drops: list[Drop], check: Check | None) -> Iterator[dict[str, Any]]:
    (language,), size = job.settings["languages"], round(job.settings["seconds"] * RATE)
    about = {"word_id": "", language: job.settings.get("text", ""), "seconds": size / RATE, "engine": "none"}
    for split, counts in job.settings["counts"].items():
        for kind, number in ((kind, number) for kind, count in counts.items() for number in range(count)):
            id = f"{kind}-{number:05d}" if split == "test" else f"{split}-{kind}-{number:05d}"
            seed = derive_seed(job.seed, "no speech", id)
            samples = SOUNDS[kind](size, number, np.random.default_rng(seed))
            audio = {"bytes": encode_audio(samples), "path": f"{id}.flac"}
            yield {"utterance": id, "split": split, "audio": audio, "voice": kind, "seed": seed} | about


def silence(size: int, number: int, generator: np.random.Generator) -> np.ndarray:
    return np.zeros(size)


def room(size: int, number: int, generator: np.random.Generator) -> np.ndarray:
    """Quiet noises of several kinds, mixed at random levels."""
    return sum(
        (_at_level(_noise(kind, size, generator), generator.uniform(*ROOM_LEVELS)) for kind in ROOM), np.zeros(size)
    )


def loud(size: int, number: int, generator: np.random.Generator) -> np.ndarray:
    """Noise of one kind, at a random level."""
    return _at_level(_noise(NOISES[number % len(NOISES)], size, generator), generator.uniform(*NOISE_LEVELS))


SOUNDS: dict[str, Callable[[int, int, np.random.Generator], np.ndarray]] = {
    "silence": silence,
    "room": room,
    "noise": loud,
}


def _noise(kind: str, size: int, generator: np.random.Generator) -> np.ndarray:
    return noise.KINDS[kind](np.zeros(size), generator)


def _at_level(samples: np.ndarray, level: float) -> np.ndarray:
    return samples * np.sqrt(decibels(level) / power(samples))
