"""Candidates of a search that differ in their weights: variants of one merge."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Protocol

import numpy as np

from tauspeech.runtime.job import Job
from tauspeech.search.planned_merge import recipe_of
from tauspeech.vectors.execution import Execution
from tauspeech.vectors.prunings import Prunings
from tauspeech.vectors.sources import Sources
from tauspeech.vectors.sweep import Sweep

Candidate = Mapping[str, Any]
Weights = Iterator[tuple[str, np.ndarray]]


class Candidates(Protocol):
    def weights(self, candidate: Candidate) -> Weights:
        """Every tensor of the candidate's model that may differ from the base's."""
        ...


class Scales:
    """The merge at several scales, from vectors that are read once: candidates ``{scale}``."""

    def __init__(self, job: Job, candidates: Sequence[Candidate], execution: Execution):
        sources = Sources(recipe_of(job, scale=1.0), execution)
        self._sweep = Sweep(sources.base, sources.phi(), sources.execution)

    def weights(self, candidate: Candidate) -> Weights:
        return self._sweep.at(candidate["scale"])


class PrunedVectors:
    """The merge's only vector, which is read once, pruned: candidates ``{method, rank, keep}``; rank or keep 0 leaves that part out."""

    def __init__(self, job: Job, candidates: Sequence[Candidate], execution: Execution):
        points = [(candidate["rank"], candidate["keep"]) for candidate in candidates]
        self._prunings = Prunings(recipe_of(job, scale=1.0), points, execution)

    def weights(self, candidate: Candidate) -> Weights:
        return self._prunings.at(candidate["rank"], candidate["keep"])


class WeightsByName:
    """The merge at several weights of its vectors: candidates ``{weights}``, by the names that the merge gives them."""

    def __init__(self, job: Job, candidates: Sequence[Candidate], execution: Execution):
        self._job, self._execution = job, execution

    def weights(self, candidate: Candidate) -> Weights:
        sources = Sources(recipe_of(self._job, tried=candidate["weights"]), self._execution)
        return Sweep(sources.base, sources.phi(), self._execution).at(sources.recipe.merge.scale)


class Subsets:
    """The merge of some of its vectors: candidates ``{vectors}``, a list of their ids."""

    def __init__(self, job: Job, candidates: Sequence[Candidate], execution: Execution):
        self._sources = Sources(recipe_of(job), execution)

    def weights(self, candidate: Candidate) -> Weights:
        sources = self._sources
        return Sweep(sources.base, sources.phi(candidate["vectors"]), sources.execution).at(sources.recipe.merge.scale)


KINDS: dict[str, Callable[[Job, Sequence[Candidate], Execution], Candidates]] = {
    "scales": Scales,
    "pruned_vectors": PrunedVectors,
    "subsets": Subsets,
    "weights": WeightsByName,
}
