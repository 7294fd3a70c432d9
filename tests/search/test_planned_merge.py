"""A planned merge, run as its script runs it: vectors pruned by searched ratios, then summed at a searched scale."""

import numpy as np
import pytest
import yaml

from tauspeech.plan.merges import MergeSpec, PlannedTerm, Searched
from tauspeech.runtime.receipts import Receipt
from tauspeech.search.planned_merge import recipe_of
from tauspeech.vectors.execution import Execution
from tauspeech.vectors.merging import merge
from tauspeech.vectors.recipe import Recipe
from tests.search.results import SHAPES
from tests.vectors import references
from tests.vectors.lab import Output
from tests.vectors.references import HALF_ULP, assert_rounded

RATIOS = {
    "ca--asr": {"svd": {"rank": 0.1}, "magnitude": {"keep": 0.6}, "lors": {"rank": 0.3, "keep": 0.1}},
    "de--asr": {"svd": {"rank": 0.5}, "magnitude": {"keep": 0.2}, "lors": {"rank": 0.1, "keep": 0.4}},
    "de--st": {"svd": {"rank": 1}, "magnitude": {"keep": 0.05}, "lors": {"rank": 0.05, "keep": 0.2}},
}
PRUNINGS = ["magnitude", "svd", "lors"]


@pytest.fixture
def vectors(results):
    return {id: results.vector(results.finetune(id)) for id in RATIOS}


@pytest.fixture
def taus(results, vectors):
    return {id: results.tau(id) for id in vectors}


@pytest.fixture
def pruned(results, vectors):
    """A merge of the vectors, each pruned as its own search has chosen, at a searched scale."""
    searches = {id: results.search(f"{id}--pruning", chosen) for id, chosen in reversed(RATIOS.items())}
    scale = Searched(results.search("mix", {"scale": 0.7}), "scale")

    def spec(method):
        terms = tuple(
            PlannedTerm(MergeSpec(method, (PlannedTerm(vectors[id]),), Searched(searches[id], method))) for id in RATIOS
        )
        return MergeSpec("task_arithmetic", terms, scale=scale)

    return spec


@pytest.fixture
def plain(results, vectors):
    """A merge of the vectors as they are."""
    return lambda scale: MergeSpec("task_arithmetic", tuple(map(PlannedTerm, vectors.values())), scale=scale)


@pytest.mark.parametrize("method", PRUNINGS)
def test_each_vector_is_pruned_by_the_ratios_that_were_chosen_for_it(results, pruned, method):
    recipe = recipe_of(results.merge_job(pruned(method))).as_mapping()
    assert (recipe["base"], recipe["method"], recipe["scale"]) == ("models/base", "task_arithmetic", 0.7)
    found = {entry["id"]: entry for entry in recipe["vectors"]}
    assert list(found) == list(RATIOS)
    for id, entry in found.items():
        assert entry["weight"] == 1
        assert (entry["merge"]["method"], entry["merge"]["scale"]) == (method, 1)
        assert entry["merge"]["options"] == RATIOS[id][method]
        (only,) = entry["merge"]["vectors"]
        assert (only["path"], only["id"]) == (f"vectors/{id}.safetensors", id)


def test_without_pruning_the_vectors_are_summed_as_they_are(results, plain):
    recipe = recipe_of(results.merge_job(plain(0.7))).as_mapping()
    assert [entry["path"] for entry in recipe["vectors"]] == [f"vectors/{id}.safetensors" for id in RATIOS]
    assert not any("merge" in entry for entry in recipe["vectors"])


def test_a_scale_can_be_given_in_place_of_the_planned_one(results, pruned):
    assert recipe_of(results.merge_job(pruned("svd")), scale=0.2).as_mapping()["scale"] == 0.2


@pytest.mark.parametrize("method", PRUNINGS)
def test_the_model_is_the_base_and_the_scale_times_the_sum_of_pruned_vectors(results, pruned, taus, method):
    out = results.merged(pruned(method))
    changes = [references.phi(method, RATIOS[id][method], [tau], [1.0]) for id, tau in taus.items()]
    for name, shape in SHAPES.items():
        assert out[name].shape == shape
        # Each pruned vector is rounded to float32 before it is added to the others.
        norm = sum(np.linalg.norm(tau[name]) for tau in taus.values())
        change = sum(each[name] for each in changes)
        assert_rounded(out[name], results.tensors["base"][name], change, 0.7, slack=20 * HALF_ULP * norm)


def test_the_three_prunings_and_the_plain_sum_are_different_models(results, pruned, plain):
    made = [results.merged(pruned(method)).bytes for method in PRUNINGS] + [results.merged(plain(0.7)).bytes]
    assert len(set(made)) == 4


def test_a_planned_scale_needs_no_search(results, plain, taus):
    out = results.merged(plain(0.25))
    for name in SHAPES:
        assert_rounded(out[name], results.tensors["base"][name], sum(tau[name] for tau in taus.values()), 0.25)
    inputs = Receipt.read(results.folder / "merged/mix/receipt.json").content["inputs"]
    assert inputs.keys() == {"base", *(f"vectors/{id}" for id in RATIOS)}


def test_the_receipt_names_everything_that_the_model_was_made_of(results, pruned):
    results.merged(pruned("lors"))
    receipt = Receipt.read(results.folder / "merged/mix/receipt.json")
    assert set(receipt.content["inputs"]) == {
        *("base", "searches/mix"),
        *(f"vectors/{id}" for id in RATIOS),
        *(f"searches/{id}--pruning" for id in RATIOS),
    }
    assert {"model.safetensors", "merge_receipt.json", "config.json"} <= receipt.files().keys()


@pytest.mark.parametrize("method", PRUNINGS)
def test_the_recipe_of_the_receipt_makes_the_same_model_by_hand(results, pruned, method, tmp_path):
    """As ``tauspeech merge`` would, beside the results."""
    out = results.merged(pruned(method))
    file = results.path("own.yaml")
    file.write_text(yaml.safe_dump(out.receipt["recipe"]), encoding="utf-8")
    receipt = merge(Recipe.read(file), tmp_path / "again", Execution(2))
    assert Output(tmp_path / "again", receipt).bytes == out.bytes


def test_the_merge_receipt_counts_what_was_kept_of_each_pruned_vector(results, pruned):
    tensors = results.merged(pruned("magnitude")).receipt["tensors"]
    for id, chosen in RATIOS.items():
        kept = tensors["tall"][id][id]["kept"]
        assert kept == int(chosen["magnitude"]["keep"] * 440 + 0.5)
