"""Merge terms, from the plan to the weights: negative weights, nested merges, and vectors against other models.

The merged weights are compared with ``theta_0 + scale * sum of w (theta_i - reference_i)``, computed here with NumPy.
"""

import json

import numpy as np
import pytest

from tauspeech.plan.merges import MergeSpec, PlannedTerm
from tauspeech.search.planned_merge import recipe_of
from tests.search.results import SHAPES
from tests.vectors import references
from tests.vectors.references import HALF_ULP, assert_rounded


def weighted_sum(*terms):
    """``sum of w tau`` in float64."""
    return {name: sum(weight * tau[name] for weight, tau in terms) for name in SHAPES}


def assert_merged(results, out, change, scale=1.0):
    """The model is the base and the change; nested merges and sums are rounded to float32 on the way."""
    for name in SHAPES:
        slack = 20 * HALF_ULP * np.linalg.norm(change[name])
        assert_rounded(out[name], results.tensors["base"][name], change[name], scale, slack=slack)


def planned(job):
    """The merge in the job's specification file."""
    return json.loads((job.results / "plan/merge/mix.json").read_text(encoding="utf-8"))["settings"]["merge"]


def test_negative_weights_a_nested_merge_and_another_reference(results):
    one, two, three = (results.finetune(id) for id in ("one", "two", "three"))
    synthetic = results.finetune("synthetic")
    real = results.finetune("real", of="synthetic")
    against = results.vector(real, synthetic, "real-synthetic")
    nested = MergeSpec(
        "task_arithmetic", (PlannedTerm(results.vector(two), 2.0), PlannedTerm(results.vector(three), -1.0)), scale=0.5
    )
    terms = (
        PlannedTerm(results.vector(one), -0.75),
        PlannedTerm(nested, -1.5),
        PlannedTerm(against, 0.4, reference=synthetic),
    )
    spec = MergeSpec("task_arithmetic", terms, scale=0.8)
    job = results.merge_job(spec)
    assert planned(job)["vectors"] == [
        {"vector": "one", "weight": -0.75},
        {"merge": nested.settings, "weight": -1.5},
        {"vector": "real-synthetic", "weight": 0.4, "reference": "synthetic"},
    ]
    assert [(role, [each["id"] for each in found]) for role, found in job.spec["inputs"].items() if role != "base"] == [
        ("references", ["synthetic"]),
        ("vectors", ["one", "two", "three", "real-synthetic"]),
    ]
    recipe = recipe_of(job).as_mapping()
    assert recipe["vectors"][2]["reference"] == "models/synthetic"
    inner = weighted_sum((2.0, results.tau("two")), (-1.0, results.tau("three")))
    change = weighted_sum((-0.75, results.tau("one")), (-1.5 * 0.5, inner), (0.4, results.tau("real", "synthetic")))
    assert_merged(results, results.merged(spec), change, 0.8)


def test_an_analogy(results):
    """tau_3 + tau_2 - tau_1."""
    vectors = [results.vector(results.finetune(f"m{number}")) for number in (1, 2, 3)]
    spec = MergeSpec(
        "task_arithmetic", (PlannedTerm(vectors[2]), PlannedTerm(vectors[1]), PlannedTerm(vectors[0], -1.0))
    )
    change = weighted_sum((1, results.tau("m3")), (1, results.tau("m2")), (-1, results.tau("m1")))
    assert_merged(results, results.merged(spec), change)


def test_a_vector_less_itself_leaves_the_base(results):
    vector = results.vector(results.finetune("one"))
    twice = MergeSpec("task_arithmetic", (PlannedTerm(vector, 2.0),))
    out = results.merged(MergeSpec("task_arithmetic", (PlannedTerm(twice), PlannedTerm(vector, -2.0))))
    for name in SHAPES:
        assert out.tensors[name].numpy().tobytes() == results.tensors["base"][name].tobytes()


def test_synthetic_to_real(results):
    """theta_T + lambda (theta_S,real - theta_S,syn): the target's own vector is summed with another model's."""
    target, synthetic = results.finetune("target"), results.finetune("synthetic")
    real = results.finetune("real", of="synthetic")
    terms = PlannedTerm(results.vector(target)), PlannedTerm(results.vector(real, synthetic), 0.6, reference=synthetic)
    change = weighted_sum((1, results.tau("target")), (0.6, results.tau("real", "synthetic")))
    assert_merged(results, results.merged(MergeSpec("task_arithmetic", terms)), change)


def test_merges_nest_at_any_depth(results):
    one, two, three = (results.vector(results.finetune(id)) for id in ("one", "two", "three"))
    inner = MergeSpec("task_arithmetic", (PlannedTerm(one), PlannedTerm(two, -1.0)))
    middle = MergeSpec("magnitude", (PlannedTerm(inner),), {"keep": 0.5})
    spec = MergeSpec("task_arithmetic", (PlannedTerm(middle, 2.0), PlannedTerm(three, -1.0)))
    difference = weighted_sum((1, results.tau("one")), (-1, results.tau("two")))
    kept = {
        name: references.magnitude(np.float32(values).astype(np.float64), 0.5) for name, values in difference.items()
    }
    assert_merged(results, results.merged(spec), weighted_sum((2.0, kept), (-1.0, results.tau("three"))))


def test_what_a_pruning_takes_away(results):
    """A vector and the same vector pruned, with opposite signs."""
    vector = results.vector(results.finetune("one"))
    pruned = MergeSpec("magnitude", (PlannedTerm(vector),), {"keep": 0.3})
    rest = {name: tau - references.magnitude(tau, 0.3) for name, tau in results.tau("one").items()}
    assert_merged(
        results, results.merged(MergeSpec("task_arithmetic", (PlannedTerm(vector), PlannedTerm(pruned, -1.0)))), rest
    )
    low = MergeSpec("svd", (PlannedTerm(vector),), {"rank": 0.2})
    change = {
        name: 2 * references.svd(tau, 0.2) - references.magnitude(tau, 0.3) for name, tau in results.tau("one").items()
    }
    spec = MergeSpec("task_arithmetic", (PlannedTerm(low, 2.0), PlannedTerm(pruned, -1.0)))
    for name, found in results.merged(spec).tensors.items():
        expected = results.tensors["base"][name] + change[name]
        np.testing.assert_allclose(found.numpy(), expected, atol=1e-5)


def test_weights_of_parts_of_the_model(results):
    vector = results.vector(results.finetune("one"))
    out = results.merged(MergeSpec("task_arithmetic", (PlannedTerm(vector, {"norm": -2.0, "default": 0.5}),)))
    change = {name: (-2.0 if name == "norm.weight" else 0.5) * tau for name, tau in results.tau("one").items()}
    assert_merged(results, out, change)


def test_a_vector_of_another_model_needs_its_reference(results):
    from tauspeech.runtime.errors import UserError

    synthetic = results.finetune("synthetic")
    vector = results.vector(results.finetune("real", of="synthetic"), synthetic)
    with pytest.raises(UserError, match="was made from a model with fingerprint"):
        results.merged(MergeSpec("task_arithmetic", (PlannedTerm(vector),)))


def test_a_changed_weight_or_reference_changes_the_specification(results):
    vector, other = results.vector(results.finetune("one")), results.finetune("other")

    def key(*terms):
        return results.build.merge("mix", MergeSpec("task_arithmetic", terms)).key

    nested = MergeSpec("task_arithmetic", (PlannedTerm(vector),))
    keys = [
        key(PlannedTerm(vector)),
        key(PlannedTerm(vector, -1.0)),
        key(PlannedTerm(vector, reference=other)),
        key(PlannedTerm(nested)),
    ]
    assert len({*keys, key(PlannedTerm(nested, -1.0))}) == 5
