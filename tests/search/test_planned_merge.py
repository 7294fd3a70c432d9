"""The merge of a plan, run as a job runs it: vectors that are each pruned by ratios of their own, then summed."""

import json
import shutil

import numpy as np
import pytest
import yaml

import merge_vectors
from tauspeech.plan.jobs import PlannedJob
from tauspeech.runtime.job import Job
from tauspeech.runtime.receipts import Receipt, write_receipt
from tauspeech.runtime.stages import receipt_path, spec_path
from tauspeech.search.planned_merge import recipe_of
from tauspeech.vectors.execution import Execution
from tauspeech.vectors.merging import merge
from tauspeech.vectors.recipe import Recipe
from tests.vectors import references
from tests.vectors.lab import Lab, Output
from tests.vectors.references import HALF_ULP, assert_rounded

SHAPES = {"tall": (40, 11), "wide": (9, 30), "conv": (5, 4, 3), "bias": (13,), "norm.weight": (6,)}
RATIOS = {
    "ca--asr": {"svd": {"rank": 0.1}, "magnitude": {"keep": 0.6}, "lors": {"rank": 0.3, "keep": 0.1}},
    "de--asr": {"svd": {"rank": 0.5}, "magnitude": {"keep": 0.2}, "lors": {"rank": 0.1, "keep": 0.4}},
    "de--st": {"svd": {"rank": 1}, "magnitude": {"keep": 0.05}, "lors": {"rank": 0.05, "keep": 0.2}},
}
PRUNINGS = ["magnitude", "svd", "lors"]


class Results:
    """A results folder with a base, fine-tunes' vectors and what was chosen for each."""

    def __init__(self, folder):
        self.folder = folder / "results" / "t"
        self.lab = Lab(self.folder / "models")
        self.lab.folder.mkdir(parents=True)
        numbers = np.random.default_rng(5)
        self.base = self.model("base", {name: numbers.standard_normal(shape) for name, shape in SHAPES.items()})
        self.taus, self.jobs = {}, {"base": self.made("base", "base", "config.json", "model.safetensors")}
        for id, chosen in RATIOS.items():
            moved = {name: values + 0.1 * numbers.standard_normal(values.shape) for name, values in self.base.items()}
            self.taus[id] = references.difference(self.model(id, moved), self.base)
            shutil.move(self.lab.vector(id, "base", id), self.path("vectors", f"{id}.safetensors"))
            self.path("ratios", f"{id}.json").write_text(json.dumps(chosen | {"curve": []}), encoding="utf-8")
            self.jobs[f"vector{id}"] = self.made("vector", id, f"{id}.safetensors")
            self.jobs[f"ratios{id}"] = self.made("ratios", id, f"{id}.json")
        self.path("weights", "mix.json").write_text(json.dumps({"weight": 0.7, "curve": []}), encoding="utf-8")
        self.jobs["weight"] = self.made("weight", "mix", "mix.json")

    def model(self, name, tensors):
        content = {key: np.asarray(values, np.float32) for key, values in tensors.items()}
        self.lab.model(name, content)
        return content

    def path(self, *parts):
        path = self.folder.joinpath(*parts)
        path.parent.mkdir(parents=True, exist_ok=True)
        return path

    def made(self, stage, id, *files):
        """The job of what lies there already, with its receipt."""
        job, receipt = PlannedJob(stage, id, {}), self.folder / receipt_path(stage, id)
        write_receipt(receipt, job.key, job.spec, {}, [receipt.parent / file for file in files], seconds=0)
        return job

    def job(self, **settings):
        """A merge of all vectors; what was chosen for them is listed in another order."""
        ratios = [self.jobs[f"ratios{id}"] for id in reversed(RATIOS)]
        inputs = {
            "base": self.jobs["base"],
            "vectors": [self.jobs[f"vector{id}"] for id in RATIOS],
            "ratios": ratios if "pruning" in settings else None,
            "weight": None if "weight" in settings else self.jobs["weight"],
        }
        job = PlannedJob("merge", "mix", {"method": "task_arithmetic", "options": {}} | settings, inputs, seed=1)
        spec = self.path(spec_path("merge", "mix"))
        spec.write_text(job.text, encoding="utf-8")
        return Job(spec, 1)

    def merged(self, **settings):
        job = self.job(**settings)
        merge_vectors.main(job)
        return Output(job.path(), json.loads(job.path("merge_receipt.json").read_text(encoding="utf-8")))


@pytest.fixture
def results(tmp_path):
    return Results(tmp_path)


def pruned_sum(results, method):
    """Of each vector what its own ratios leave, added up."""
    pruned = [references.phi(method, RATIOS[id][method], [tau], [1.0]) for id, tau in results.taus.items()]
    return {name: sum(each[name] for each in pruned) for name in SHAPES}


@pytest.mark.parametrize("method", PRUNINGS)
def test_each_vector_is_pruned_by_the_ratios_that_were_chosen_for_it(results, method):
    recipe = recipe_of(results.job(pruning=method), scale=0.7)
    assert recipe.as_mapping()["method"] == "task_arithmetic"
    assert recipe.as_mapping()["scale"] == 0.7
    found = {entry["id"]: entry for entry in recipe.as_mapping()["vectors"]}
    assert list(found) == list(RATIOS)
    for id, entry in found.items():
        assert entry["weight"] == 1
        assert (entry["merge"]["method"], entry["merge"]["scale"]) == (method, 1)
        assert entry["merge"]["options"] == RATIOS[id][method]
        (only,) = entry["merge"]["vectors"]
        assert (only["path"], only["id"]) == (f"vectors/{id}.safetensors", id)


def test_without_pruning_the_vectors_are_summed_as_they_are(results):
    recipe = recipe_of(results.job(), scale=0.7).as_mapping()
    assert [entry["path"] for entry in recipe["vectors"]] == [f"vectors/{id}.safetensors" for id in RATIOS]
    assert not any("merge" in entry for entry in recipe["vectors"])


@pytest.mark.parametrize("method", PRUNINGS)
def test_the_model_is_the_base_and_the_weight_times_the_sum_of_pruned_vectors(results, method):
    out, change = results.merged(pruning=method), pruned_sum(results, method)
    for name, shape in SHAPES.items():
        assert out[name].shape == shape
        # Each pruned vector is rounded to float32 before it is added to the others.
        norm = sum(np.linalg.norm(tau[name]) for tau in results.taus.values())
        assert_rounded(out[name], results.base[name], change[name], 0.7, slack=20 * HALF_ULP * norm)


def test_the_three_prunings_and_the_plain_sum_are_different_models(results):
    made = [results.merged(pruning=method).bytes for method in PRUNINGS] + [results.merged().bytes]
    assert len(set(made)) == 4


def test_a_planned_weight_needs_no_choice(results):
    out = results.merged(weight=0.25)
    for name in SHAPES:
        change = sum(tau[name] for tau in results.taus.values())
        assert_rounded(out[name], results.base[name], change, 0.25)
    assert "weight" not in Receipt.read(results.folder / "merged/mix/receipt.json").content["inputs"]


def test_the_receipt_says_what_the_model_was_made_of(results):
    results.merged(pruning="lors")
    receipt = Receipt.read(results.folder / "merged/mix/receipt.json")
    assert set(receipt.content["inputs"]) == {
        "base",
        "weight",
        *(f"{role}/{id}" for role in ("vectors", "ratios") for id in RATIOS),
    }
    assert {"model.safetensors", "merge_receipt.json", "config.json"} <= receipt.files().keys()


@pytest.mark.parametrize("method", PRUNINGS)
def test_the_recipe_of_the_receipt_makes_the_same_model_by_hand(results, method, tmp_path):
    """As ``tauspeech merge`` would, beside the results."""
    out = results.merged(pruning=method)
    file = results.path("own.yaml")
    file.write_text(yaml.safe_dump(out.receipt["recipe"]), encoding="utf-8")
    receipt = merge(Recipe.read(file), tmp_path / "again", Execution(2))
    assert Output(tmp_path / "again", receipt).bytes == out.bytes


def test_the_merge_receipt_counts_what_was_kept_of_each_pruned_vector(results):
    tensors = results.merged(pruning="magnitude").receipt["tensors"]
    for id, chosen in RATIOS.items():
        kept = tensors["tall"][id][id]["kept"]
        assert kept == int(chosen["magnitude"]["keep"] * 440 + 0.5)
