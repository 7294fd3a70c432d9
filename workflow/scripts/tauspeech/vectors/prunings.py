"""A base plus one vector pruned at many ranks and keeps, one model at a time, for a search of these ratios."""

from collections.abc import Iterable, Iterator

from tauspeech.vectors.combination import Combination
from tauspeech.vectors.execution import Execution
from tauspeech.vectors.files.storage import Values
from tauspeech.vectors.grid import Grid, Point
from tauspeech.vectors.recipe import Recipe
from tauspeech.vectors.sources import Sources
from tauspeech.vectors.sweep import Sweep


class Prunings:
    """Prunings of the only vector of ``recipe`` at given points (rank, keep); rank 0 is magnitude pruning alone, keep 0 singular value pruning."""

    def __init__(self, recipe: Recipe, points: Iterable[Point], execution: Execution):
        sources = Sources(recipe, execution)
        self._base, (self._term,), self._execution = sources.base, sources.terms, execution
        self._grid = Grid(self._term.delta, points, execution)

    def at(self, rank: float, keep: float) -> Iterator[tuple[str, Values]]:
        """Every tensor that may differ from the base's, by name."""
        pruned = Combination([self._term.with_delta(self._grid.at(rank, keep))])
        return Sweep(self._base, pruned, self._execution).at(1.0)
