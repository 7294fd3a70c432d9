"""Candidates of a search: each is the model that a merge would make, from vectors that are read once."""

from collections import Counter

import pytest

from tauspeech.plan.merges import MergeSpec, PlannedTerm, Searched
from tauspeech.search.candidates import KINDS
from tauspeech.vectors import grid
from tauspeech.vectors.execution import Execution
from tauspeech.vectors.files import storage

SCALES = [{"scale": scale} for scale in (0.0, 0.3, 1.0, -0.5)]
PRUNINGS = [
    {"method": "svd", "rank": 0.2, "keep": 0.0},
    {"method": "svd", "rank": 1, "keep": 0.0},
    {"method": "magnitude", "rank": 0.0, "keep": 0.4},
    {"method": "lors", "rank": 0.2, "keep": 0.4},
]


@pytest.fixture
def vector(results):
    return results.vector(results.finetune("one"))


@pytest.fixture
def merge(results, vector):
    """A merge whose own scale is that of a search which has not run."""
    other = results.vector(results.finetune("two"))
    return lambda scale=1.0: MergeSpec("ties", (PlannedTerm(vector), PlannedTerm(other, -0.5)), {"keep": 0.4}, scale)


@pytest.fixture
def opened(results):
    def candidates(kind, merge, listed):
        job = results.build.search("mix", merge, (), kind, listed, None)
        return KINDS[kind](results.at_run_time(job), listed, Execution(1))

    return candidates


@pytest.fixture
def reads(monkeypatch):
    """Bytes read of each file, by its name."""
    counted = Counter()
    fill = storage._OpenFile.fill

    def count(self, buffer, offset):
        counted[self.path.name] += buffer.nbytes
        fill(self, buffer, offset)

    monkeypatch.setattr(storage._OpenFile, "fill", count)
    return counted


def assert_same(weights, output):
    for name, values in weights:
        assert values.tobytes() == output.tensors[name].numpy().tobytes(), name


@pytest.mark.parametrize("candidate", SCALES, ids=str)
def test_a_scale_is_the_merge_at_that_scale(results, opened, merge, candidate):
    found = dict(opened("scales", merge(), SCALES).weights(candidate))
    assert found.keys() == results.tensors["base"].keys()
    assert_same(found.items(), results.merged(merge(candidate["scale"])))


@pytest.mark.parametrize("candidate", PRUNINGS, ids=str)
def test_a_pruning_is_the_merge_of_the_pruned_vector(results, opened, vector, candidate):
    candidates = opened("pruned_vectors", MergeSpec("task_arithmetic", (PlannedTerm(vector),)), PRUNINGS)
    options = {ratio: candidate[ratio] for ratio in ("rank", "keep") if candidate[ratio]}
    assert_same(
        candidates.weights(candidate), results.merged(MergeSpec(candidate["method"], (PlannedTerm(vector),), options))
    )


def test_a_nested_merge_may_have_searched_options(results, opened, vector):
    search = results.search("one--pruning", {"svd": {"rank": 0.3}})
    nested = PlannedTerm(MergeSpec("svd", (PlannedTerm(vector),), Searched(search, "svd")), -1.0)
    candidates = opened("scales", MergeSpec("task_arithmetic", (nested,)), SCALES)
    assert_same(candidates.weights({"scale": 0.3}), results.merged(MergeSpec("task_arithmetic", (nested,), scale=0.3)))


def test_scales_read_the_vectors_once_for_many_candidates(opened, merge, reads):
    candidates = opened("scales", merge(), SCALES)
    read = reads["one.safetensors"], reads["two.safetensors"]
    assert all(read)
    for candidate in SCALES * 3:
        dict(candidates.weights(candidate))
    assert (reads["one.safetensors"], reads["two.safetensors"]) == read


def test_prunings_decompose_the_vector_once_for_many_candidates(results, opened, vector, monkeypatch):
    decomposed = []
    spectrum = grid.Spectrum
    monkeypatch.setattr(grid, "Spectrum", lambda *given: decomposed.append(given) or spectrum(*given))
    candidates = opened("pruned_vectors", MergeSpec("task_arithmetic", (PlannedTerm(vector),)), PRUNINGS)
    before = len(decomposed)
    assert before == len(results.tensors["base"])
    for candidate in PRUNINGS * 2:
        dict(candidates.weights(candidate))
    assert len(decomposed) == before
