"""Grid, many ranks and keeps of one vector at once: each equals a separate merge with LoRS."""

from itertools import product

import numpy as np
import pytest

from tauspeech.vectors.combination import Combination, Summand
from tauspeech.vectors.execution import Execution
from tauspeech.vectors.grid import Grid
from tauspeech.vectors.sources import Sources
from tauspeech.vectors.sweep import Sweep
from tauspeech.vectors.transforms.trimming import cut, cuts
from tauspeech.vectors.weights import Weight

RANKS, KEEPS = (0, 0.1, 0.3, 1), (0, 0.05, 0.4, 1)
SHAPES = {"tall": (40, 9), "wide": (7, 50), "conv": (4, 3, 5), "bias": (11,), "scalar": (), "nothing": (0, 3)}
SHAPES |= {"zeros": (6, 6), "one": (1, 1), "norm.running_var": (5,)}


@pytest.fixture
def vector(lab):
    numbers = np.random.default_rng(0)
    for name in ("base", "a"):
        content = {key: np.asarray(numbers.random(shape), np.float32) for key, shape in SHAPES.items()}
        content["zeros"][:] = 1
        content["tall"] = np.round(content["tall"], 1)  # many magnitudes tie
        lab.model(name, content)
    return Sources(lab.recipe("task_arithmetic", ["a"]), Execution())


@pytest.mark.parametrize("threads", [1, 2])
def test_every_point_is_what_lors_makes(lab, vector, threads):
    delta = vector.terms[0].delta
    grid = Grid(delta, product(RANKS, KEEPS), Execution(threads))
    for rank in RANKS:
        for keep in KEEPS:
            phi = Combination([Summand(grid.at(rank, keep), Weight(), False, "a")])
            out = lab.merge("lors", ["a"], {"rank": rank, "keep": keep}, scale=0.5)
            for name, merged in Sweep(vector.base, phi, Execution()).at(0.5):
                assert out.tensors[name].numpy().tobytes() == merged.tobytes(), (rank, keep, name)


def test_a_matrix_is_decomposed_once(vector, monkeypatch):
    solved = []
    monkeypatch.setattr(np.linalg, "eigh", lambda gram, solve=np.linalg.eigh: solved.append(gram.shape) or solve(gram))
    grid = Grid(vector.terms[0].delta, product(RANKS, KEEPS), Execution())
    for rank in RANKS:
        for keep in KEEPS:
            grid.at(rank, keep).piece("tall").read(0, 360)
    assert solved.count((9, 9)) == 1


def test_several_cuts_at_once_are_each_by_itself(vector):
    piece = vector.terms[0].delta.piece("tall")
    counts = [0, 1, 7, 7, 100, 359, 360]
    assert cuts(piece, counts) == [cut(piece, count) for count in counts]
