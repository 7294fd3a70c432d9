"""A recording as a channel makes it: which effects an utterance gets, and how strong, is drawn by its own name."""

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np

from tauspeech.data.randomness import derive_rng, derive_seed
from tauspeech.speech.channel.filters import decibels, filtered
from tauspeech.speech.channel.noise import with_noise
from tauspeech.speech.channel.rooms import in_room
from tauspeech.speech.channel.telephone import telephoned

PEAK = 0.99

Settings = Mapping[str, Any]  # the section ``channel`` of a configuration, or a part of it
Effect = TypeVar("Effect")


@dataclass(frozen=True)
class Drawn:
    """Effects of one utterance; None is an effect that it does not get."""

    room: tuple[float, float] | None  # seconds of reverberation, and dB of the direct path above the rest
    noise: tuple[str, float] | None  # kind, and dB of the speech above it
    band: tuple[float, float] | None  # Hz
    codec: str | None
    gain: float  # dB


def drawn(settings: Settings, seed: int, utterance: str) -> Drawn:
    """Effects by the shares and ranges of the settings; each has a generator of its own, so that none changes another."""

    def effect(name: str, draw: Callable[[random.Random, Settings], Effect]) -> Effect | None:
        rng, section = derive_rng(seed, "channel", utterance, name), settings[name]
        return draw(rng, section) if rng.random() < section["share"] else None

    return Drawn(
        room=effect("rooms", lambda rng, room: (rng.uniform(*room["seconds"]), rng.uniform(*room["direct"]))),
        noise=effect("noise", lambda rng, noise: (rng.choice(noise["kinds"]), rng.uniform(*noise["snr"]))),
        band=effect("microphones", lambda rng, band: (rng.uniform(*band["low"]), rng.uniform(*band["high"]))),
        codec=effect("telephone", lambda rng, telephone: rng.choice(telephone["codecs"])),
        gain=derive_rng(seed, "channel", utterance, "gain").uniform(*settings["gain"]),
    )


def recorded(samples: np.ndarray, effects: Drawn, seed: int) -> np.ndarray:
    """Speech through a room, noise, a microphone and a telephone; loud samples are scaled down rather than clipped.

    ``seed`` determines the reflections of the room and the noise, each by itself.
    """
    found = samples.astype(np.float64)
    if effects.room:
        found = in_room(found, *effects.room, np.random.default_rng(derive_seed(seed, "room")))
    if effects.noise:
        found = with_noise(found, *effects.noise, np.random.default_rng(derive_seed(seed, "noise")))
    if effects.band:
        found = filtered(found, *effects.band)
    if effects.codec:
        found = telephoned(found, effects.codec)
    found *= np.sqrt(decibels(effects.gain))
    return (found * min(1.0, PEAK / max(float(np.abs(found).max()), 1e-12))).astype(np.float32)


def through_channel(samples: np.ndarray, settings: Settings, seed: int, utterance: str) -> np.ndarray:
    """A recording of an utterance; the same whatever the others of its set are."""
    return recorded(samples, drawn(settings, seed, utterance), derive_seed(seed, "channel", utterance))
