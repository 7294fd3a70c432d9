"""A recording as a channel makes it: which effects an utterance gets, and how strong, is drawn by its own name."""

import random
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from tauspeech.data.randomness import derive_rng, derive_seed
from tauspeech.speech.channel.filters import decibels, filtered
from tauspeech.speech.channel.noise import with_noise
from tauspeech.speech.channel.rooms import in_room
from tauspeech.speech.channel.telephone import telephoned

PEAK = 0.99

Settings = Mapping[str, Any]  # the section ``channel`` of a configuration


@dataclass(frozen=True)
class Drawn:
    """Effects of one utterance; None is an effect that it does not get."""

    room: tuple[float, float] | None  # seconds of reverberation, and dB of the direct path above the rest
    noise: tuple[str, float] | None  # kind, and dB of the speech above it
    band: tuple[float, float] | None  # Hz
    codec: str | None
    gain: float  # dB


def drawn(settings: Settings, rng: random.Random) -> Drawn:
    """Effects by the probabilities and ranges of the settings; every number is drawn, so that a share changes no other effect."""
    rooms, noise, microphones, telephone = (settings[key] for key in ("rooms", "noise", "microphones", "telephone"))
    room = rng.random() < rooms["share"], (rng.uniform(*rooms["seconds"]), rng.uniform(*rooms["direct"]))
    noises = rng.random() < noise["share"], (rng.choice(noise["kinds"]), rng.uniform(*noise["snr"]))
    band = rng.random() < microphones["share"], (rng.uniform(*microphones["low"]), rng.uniform(*microphones["high"]))
    codec = rng.random() < telephone["share"], rng.choice(telephone["codecs"])
    gain = rng.uniform(*settings["gain"])
    return Drawn(*(value if chosen else None for chosen, value in (room, noises, band, codec)), gain)


def recorded(samples: np.ndarray, effects: Drawn, generator: np.random.Generator) -> np.ndarray:
    """Speech through a room, noise, a microphone and a telephone; loud samples are scaled down rather than clipped."""
    found = samples.astype(np.float64)
    if effects.room:
        found = in_room(found, *effects.room, generator)
    if effects.noise:
        found = with_noise(found, *effects.noise, generator)
    if effects.band:
        found = filtered(found, *effects.band)
    if effects.codec:
        found = telephoned(found, effects.codec)
    found *= np.sqrt(decibels(effects.gain))
    return (found * min(1.0, PEAK / max(float(np.abs(found).max()), 1e-12))).astype(np.float32)


def through_channel(samples: np.ndarray, settings: Settings, seed: int, utterance: str) -> np.ndarray:
    """A recording of an utterance; the same whatever the others of its set are."""
    effects = drawn(settings, derive_rng(seed, "channel", utterance))
    return recorded(samples, effects, np.random.default_rng(derive_seed(seed, "channel noise", utterance)))
