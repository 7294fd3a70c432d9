"""Cost of the searches of LoRS-Merging compared with one merge for each of their candidates.

First over ranks and keeps: a random vector of Whisper-tiny's shape (38 M parameters), 4 ranks and 4 keeps as in the paper.
Then over scales: four such vectors, pruned, at 9 scales. On one thread. Weights are computed but not decoded with: the
cost of decoding is the same in all cases.
"""

import os

os.environ |= {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}

import itertools
import math
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "workflow" / "scripts"))

import checkpoints

from tauspeech.vectors.combination import Combination, Summand
from tauspeech.vectors.deltas import Delta, Difference, Model
from tauspeech.vectors.execution import Execution
from tauspeech.vectors.files.storage import ranges
from tauspeech.vectors.grid import Grid
from tauspeech.vectors.methods import lors
from tauspeech.vectors.sweep import Sweep
from tauspeech.vectors.weights import Weight

TINY = checkpoints.SMALL | {
    "d_model": 384,
    "encoder_layers": 4,
    "decoder_layers": 4,
    "encoder_attention_heads": 6,
    "decoder_attention_heads": 6,
    "encoder_ffn_dim": 1536,
    "decoder_ffn_dim": 1536,
}
RANKS, KEEPS = (0.01, 0.02, 0.03, 0.05), (0.1, 0.2, 0.4, 0.6)
SCALES = (0.05, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.7, 1.0)


def read(delta: Delta) -> None:
    def one(name: str) -> None:
        piece = delta.piece(name)
        for start, stop in ranges(math.prod(piece.shape)):
            piece.read(start, stop)

    Execution().each("reading", one, delta.shapes, lambda name: math.prod(delta.shapes[name]))


def seconds(act: Callable[[], object]) -> float:
    begin = time.process_time()
    act()
    return time.process_time() - begin


def one_by_one(vector: Delta) -> None:
    for rank in RANKS:
        for keep in KEEPS:
            (term,) = lors.combine([Summand(vector, Weight(), False, "")], rank=rank, keep=keep).terms
            read(term.delta)


def on_grid(vector: Delta) -> None:
    grid = Grid(vector, itertools.product(RANKS, KEEPS), Execution())
    for rank in RANKS:
        for keep in KEEPS:
            read(grid.at(rank, keep))


def pruned_sum(vectors: list[Delta]) -> Combination:
    return lors.combine(
        [Summand(vector, Weight(), False, str(n)) for n, vector in enumerate(vectors)], rank=0.02, keep=0.2
    )


def merges(base: Model, vectors: list[Delta]) -> None:
    for scale in SCALES:
        for _ in Sweep(base, pruned_sum(vectors), Execution()).at(scale):
            pass


def sweep(base: Model, vectors: list[Delta]) -> None:
    one_sum = Sweep(base, pruned_sum(vectors), Execution())
    for scale in SCALES:
        for _ in one_sum.at(scale):
            pass


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="bench-search-") as folder:
        checkpoints.make(Path(folder), TINY)
        execution = Execution()
        vector = Difference(Model(Path(folder) / "ft1", execution), Model(Path(folder) / "base", execution))
        naive, grid = seconds(lambda: one_by_one(vector)), seconds(lambda: on_grid(vector))
        base = Model(Path(folder) / "base", execution)
        vectors = [Difference(Model(Path(folder) / name, execution), base) for name in ("ft1", "ft2", "ft3", "ft4")]
        apart, swept = seconds(lambda: merges(base, vectors)), seconds(lambda: sweep(base, vectors))
    print(f"{len(RANKS)} ranks x {len(KEEPS)} keeps, CPU seconds")
    print(f"a merge a point      {naive:7.1f}")
    print(f"a grid               {grid:7.1f}    {naive / grid:.1f} times less")
    print(f"\n{len(SCALES)} scales of {len(vectors)} pruned vectors, CPU seconds")
    print(f"a merge a scale      {apart:7.1f}")
    print(f"one sum              {swept:7.1f}    {apart / swept:.1f} times less")


if __name__ == "__main__":
    main()
