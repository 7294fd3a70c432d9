"""K-means by mini-batches (Sculley, "Web-scale k-means clustering", 2010), in double precision."""

import numpy as np

BLOCK = 4096  # frames whose distances are in memory at a time


def fit(frames: np.ndarray, clusters: int, seed: int, *, rounds: int = 200, batch: int = 4096) -> np.ndarray:
    """Centres of the frames, as an array of clusters by width.

    Each centre moves towards the frames of a batch that are nearest to it, by one over the number of frames that it has had; so
    it ends at their mean. A centre to which no frame of many batches is near starts again at a frame.
    """
    if len(frames) < clusters:
        raise ValueError(f"{len(frames)} frames are fewer than {clusters} clusters")
    generator = np.random.default_rng(seed)
    sample = frames[np.sort(generator.choice(len(frames), min(len(frames), max(batch, 16 * clusters)), replace=False))]
    centres = spread_out(sample.astype(np.float64), clusters, generator)
    counts = np.zeros(clusters)
    for number in range(rounds):
        drawn = frames[generator.integers(len(frames), size=batch)].astype(np.float64)
        found = nearest(drawn, centres)
        seen = np.bincount(found, minlength=clusters)
        sums = np.zeros_like(centres)
        np.add.at(sums, found, drawn)
        counts += seen
        moved = seen > 0
        centres[moved] += (sums[moved] - seen[moved, None] * centres[moved]) / counts[moved, None]
        if number < rounds // 2 and (unused := np.flatnonzero(counts == 0)).size:
            centres[unused] = drawn[generator.choice(len(drawn), unused.size)]
    return centres


def spread_out(frames: np.ndarray, clusters: int, generator: np.random.Generator) -> np.ndarray:
    """First centres as k-means++ draws them: each with a probability that grows with the distance to those before."""
    centres = np.empty((clusters, frames.shape[1]))
    centres[0] = frames[generator.integers(len(frames))]
    distances = ((frames - centres[0]) ** 2).sum(1)
    for number in range(1, clusters):
        total = distances.sum()
        chosen = generator.choice(len(frames), p=distances / total) if total > 0 else generator.integers(len(frames))
        centres[number] = frames[chosen]
        distances = np.minimum(distances, ((frames - centres[number]) ** 2).sum(1))
    return centres


def nearest(frames: np.ndarray, centres: np.ndarray) -> np.ndarray:
    """Number of the nearest centre of each frame; of centres that are as near, the first."""
    squares = (centres**2).sum(1)
    blocks = [frames[start : start + BLOCK].astype(np.float64) for start in range(0, len(frames), BLOCK)]
    found = [(squares - 2 * block @ centres.T).argmin(1) for block in blocks]
    return np.concatenate(found) if found else np.zeros(0, int)


def without_runs(units: np.ndarray) -> np.ndarray:
    """Units with one of each run of equal ones."""
    return units[np.diff(units, prepend=-1) != 0]
