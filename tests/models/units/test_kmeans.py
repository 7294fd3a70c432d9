"""K-means against Lloyd's algorithm, and units against a search through all centres."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tauspeech.models.units import kmeans


@pytest.fixture(scope="module")
def frames():
    generator = np.random.default_rng(3)
    return np.concatenate([generator.normal(size=(400, 6)) + 3 * generator.normal(size=6) for _ in range(12)])


def inertia(frames, centres):
    return float(((frames - centres[kmeans.nearest(frames, centres)]) ** 2).sum())


def lloyd(frames, centres):
    for _ in range(100):
        found = ((frames[:, None] - centres) ** 2).sum(-1).argmin(1)
        centres = np.stack(
            [frames[found == n].mean(0) if (found == n).any() else each for n, each in enumerate(centres)]
        )
    return centres


def test_centres_are_nearly_as_good_as_those_of_all_frames_at_once(frames):
    centres = kmeans.fit(frames, 12, seed=1)
    generator = np.random.default_rng(0)
    best = min(inertia(frames, lloyd(frames, kmeans.spread_out(frames, 12, generator))) for _ in range(5))
    assert inertia(frames, centres) <= 1.05 * best


def test_the_same_seed_gives_the_same_centres(frames):
    first, second, other = (kmeans.fit(frames, 8, seed=seed) for seed in (1, 1, 2))
    assert np.array_equal(first, second) and not np.array_equal(first, other)


def test_every_frame_gets_its_nearest_centre_whatever_is_beside_it(frames):
    centres = kmeans.fit(frames, 20, seed=1, rounds=20)
    found = kmeans.nearest(frames.astype(np.float32), centres)
    assert np.array_equal(found, ((frames[:, None] - centres) ** 2).sum(-1).argmin(1))
    assert np.array_equal(
        found, np.concatenate([kmeans.nearest(frames[n : n + 1], centres) for n in range(len(frames))])
    )


def test_fewer_frames_than_clusters_are_refused():
    with pytest.raises(ValueError, match="3 frames are fewer than 4 clusters"):
        kmeans.fit(np.zeros((3, 2)), 4, seed=1)


def test_equal_frames_are_one_cluster():
    centres = kmeans.fit(np.ones((50, 2)), 4, seed=1)
    assert set(kmeans.nearest(np.ones((5, 2)), centres)) == {0}


@given(st.lists(st.integers(0, 3), max_size=40))
def test_runs_are_collapsed(units):
    found = kmeans.without_runs(np.array(units, int)).tolist()
    assert all(one != next for one, next in pairwise(found))
    assert found == [each for n, each in enumerate(units) if n == 0 or units[n - 1] != each]
