"""Prefix beam search against all alignments of short inputs."""

import itertools

import numpy as np
import pytest

from tauspeech.models.ctc.beams import best_labels, collapsed

LABELS, FRAMES = 4, 5


def likelihoods(frames: np.ndarray, blank: int) -> dict[tuple[int, ...], float]:
    """Log probability of every label sequence: the sum over its alignments."""
    found: dict[tuple[int, ...], float] = {}
    for path in itertools.product(range(LABELS), repeat=len(frames)):
        labels = tuple(collapsed(path, blank))
        score = sum(frames[frame, label] for frame, label in enumerate(path))
        found[labels] = np.logaddexp(found.get(labels, -np.inf), score)
    return found


def test_the_search_finds_the_most_probable_labels():
    """On 195 of 200 random inputs at least, since the search drops prefixes; greedy decoding does on fewer than 180."""
    rng = np.random.default_rng(0)
    found = greedy = 0
    for _ in range(200):
        blank = int(rng.integers(LABELS))
        frames = np.log(rng.dirichlet(np.full(LABELS, 0.7), size=FRAMES)).astype(np.float32)
        scores = likelihoods(frames, blank)
        best = max(scores, key=scores.__getitem__)
        labels = tuple(best_labels([frames], blank, 50)[0])
        assert scores[labels] > scores[best] - 0.2
        found += labels == best
        greedy += tuple(collapsed(frames.argmax(-1), blank)) == best
    assert found >= 195
    assert greedy < 180


@pytest.mark.parametrize(
    ("path", "labels"),
    [([], []), ([0, 0], []), ([1, 1, 0, 1], [1, 1]), ([2, 1, 1, 2], [2, 1, 2]), ([0, 3, 3, 0], [3])],
)
def test_repetitions_count_once_and_blanks_not_at_all(path, labels):
    assert collapsed(path, 0) == labels
