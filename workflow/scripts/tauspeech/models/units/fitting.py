"""Centres of units, from the frames of some speech."""

from collections.abc import Iterable

import numpy as np

from tauspeech.models.units.frames import FrameEncoder
from tauspeech.models.units.kmeans import fit
from tauspeech.runtime.errors import UserError
from tauspeech.runtime.pace import Pace

MOST_FRAMES = 1_000_000


def centres_of(
    encoder: FrameEncoder, speech: Iterable[np.ndarray], utterances: int, clusters: int, seed: int
) -> np.ndarray:
    """K-means on the frames of a number of utterances; of much speech, on frames of each that are drawn at random."""
    generator = np.random.default_rng(seed)
    most = max(1, MOST_FRAMES // max(utterances, 1))
    found = []
    pace = Pace("utterances encoded", utterances)
    for samples in speech:
        frames = encoder.frames(samples).astype(np.float32)
        drawn = generator.choice(len(frames), min(most, len(frames)), replace=False)
        found.append(frames[np.sort(drawn)])
        pace.add()
    frames = np.concatenate(found) if found else np.zeros((0, encoder.width), np.float32)
    if len(frames) < clusters:
        raise UserError(
            f"{utterances} utterances have {len(frames)} frames, too few for {clusters} units: give more speech, or fewer units."
        )
    return fit(frames, clusters, seed)
