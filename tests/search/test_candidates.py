"""Candidates of a search: each is the model that a merge would make, from vectors that are read once."""

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest

from tauspeech.plan.merges import MergeSpec, Searched, Term, Tried, with_chosen_weights
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
    return lambda scale=1.0: MergeSpec("ties", (Term(vector), Term(other, -0.5)), {"keep": 0.4}, scale)


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
    candidates = opened("pruned_vectors", MergeSpec("task_arithmetic", (Term(vector),)), PRUNINGS)
    options = {ratio: candidate[ratio] for ratio in ("rank", "keep") if candidate[ratio]}
    assert_same(candidates.weights(candidate), results.merged(MergeSpec(candidate["method"], (Term(vector),), options)))


WEIGHTS = [{"weights": {"first": first, "rest": rest}} for first, rest in ((0.4, 0.0), (1.0, -0.7))]


@pytest.mark.parametrize("candidate", WEIGHTS, ids=str)
def test_weights_that_are_tried_and_chosen_are_those_of_the_merge(results, opened, vector, candidate):
    """In a nested merge as well: TIES of two vectors with one weight, and a third vector beside it."""
    others = [results.vector(results.finetune(id)) for id in ("two", "three")]

    def spec(first, rest):
        nested = MergeSpec("ties", (Term(vector, first), Term(others[0], first)), {"keep": 0.4})
        return MergeSpec("task_arithmetic", (Term(nested), Term(others[1], rest)))

    tried = spec(Tried("first"), Tried("rest"))
    expected = results.merged(spec(*candidate["weights"].values()))
    assert_same(opened("weights", tried, WEIGHTS).weights(candidate), expected)
    search = results.search("mix", candidate["weights"])
    chosen = results.merged(with_chosen_weights(tried, search))
    assert all(chosen.tensors[name].equal(expected.tensors[name]) for name in expected.tensors)


def test_a_nested_merge_may_have_searched_options(results, opened, vector):
    search = results.search("one--pruning", {"svd": {"rank": 0.3}})
    nested = Term(MergeSpec("svd", (Term(vector),), Searched(search, "svd")), -1.0)
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
    candidates = opened("pruned_vectors", MergeSpec("task_arithmetic", (Term(vector),)), PRUNINGS)
    before = len(decomposed)
    assert before == len(results.tensors["base"])
    for candidate in PRUNINGS * 2:
        dict(candidates.weights(candidate))
    assert len(decomposed) == before


def test_a_subset_is_the_merge_of_its_vectors_alone_at_the_scale_that_a_search_has_chosen(results, opened):
    vectors = [results.vector(results.finetune(name)) for name in ("one", "two", "three")]
    scale = Searched(results.search("chosen", {"scale": 0.7}), "scale")

    def mean(of):
        return MergeSpec("average", tuple(Term(vector) for vector in of), scale=scale)

    subsets = [{"count": 1, "vectors": ["two"]}, {"count": 2, "vectors": ["one", "three"]}]
    candidates = opened("subsets", mean(vectors), subsets)
    assert_same(candidates.weights(subsets[0]), results.merged(mean(vectors[1:2])))
    assert_same(candidates.weights(subsets[1]), results.merged(mean([vectors[0], vectors[2]])))


def test_a_vector_between_two_fine_tunes_acts_on_a_third(results, opened):
    """theta_target + lambda (theta_recorded - theta_synthetic), against float64; at scale 0 the target bit for bit."""
    recorded, synthetic, target = (results.finetune(name) for name in ("recorded", "synthetic", "target"))
    vector = results.vector(recorded, reference=synthetic, id="syn2real")
    merge = MergeSpec("average", (Term(vector, reference=synthetic),))
    job = results.build.search("mix", merge, (), "scales", SCALES, None, base=target)
    candidates = KINDS["scales"](results.at_run_time(job), SCALES, Execution(1))
    tensors, tau = results.tensors, results.tau("recorded", "synthetic")
    for name, values in candidates.weights({"scale": 0.3}):
        expected = tensors["target"][name].astype(np.float64) + 0.3 * tau[name]
        np.testing.assert_allclose(values, expected, rtol=0, atol=1e-6)
    assert all(np.array_equal(values, tensors["target"][name]) for name, values in candidates.weights({"scale": 0.0}))
    found = results.merged(replace(merge, scale=0.3), base=target)
    assert_same(candidates.weights({"scale": 0.3}), found)
