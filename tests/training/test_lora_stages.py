"""From trainings by LoRA to vectors and merges, as the workflow's scripts do it; and the user's own in place of a training."""

import json
import shutil
from importlib import import_module

import numpy as np
import pytest
import torch
from peft import PeftModel
from safetensors.torch import load_file, save_file
from transformers import WhisperForConditionalGeneration

from tauspeech.plan.config import complete
from tauspeech.plan.index import _plan_of
from tauspeech.runtime.errors import UserError
from tauspeech.runtime.job import Job
from tauspeech.runtime.stages import STAGES, spec_path
from tauspeech.vectors.encodings.vector_file import VectorFile
from tests.workflow.project import ROOT, untrained_base

WORDS = ("neuschwanstein", "avignon")
LORA = {"trainable": "lora", "lora": {"rank": 2, "alpha": 4}}


class Stages:
    """A results folder in which the jobs of a plan run in this process."""

    def __init__(self, folder):
        self.folder, self.results = folder, folder / "results" / "t"

    def plan(self, **sections):
        config = {"name": "t", "experiment": "rare_words", "words": str(self.folder / "words.tsv")}
        config |= {
            "base": str(self.folder / "base"),
            "text": {"counts": {"train": 8, "validation": 2, "test": 1, "general": 1}},
        }
        config |= {
            "training": {"epochs": 2, "batch": 4, "evaluations": 1, "best_by": "loss", "learning_rate": 1e-2} | LORA
        }
        return _plan_of(complete(config | sections, "c.yaml"), self.results)

    def make(self, plan, stage, id):
        """The folder of a job's outputs, after everything that it needs."""
        job = plan.jobs[stage, id]
        for parent in job.parents:
            self.make(plan, parent.stage, parent.id)
        return self.make_one(job)

    def make_one(self, job):
        """The same for a job whose inputs are made."""
        path = self.results / spec_path(job.stage, job.id)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(job.text, encoding="utf-8")
        planned = Job(path, 1)
        if not planned.done():
            import_module(STAGES[job.stage].script.removesuffix(".py")).main(planned)
        return planned.receipt.parent

    def weights(self, *parts):
        return load_file(self.results.joinpath(*parts, "model.safetensors"))


@pytest.fixture(scope="module")
def stages(tmp_path_factory):
    torch.set_num_threads(1)
    folder = tmp_path_factory.mktemp("stages")
    lines = (ROOT / "config/words.tsv").read_text(encoding="utf-8").splitlines()
    rows = [lines[0], *(line for line in lines if line.split("\t")[0] in WORDS)]
    (folder / "words.tsv").write_text("\n".join([*rows, ""]), encoding="utf-8")
    shutil.copytree(untrained_base(), folder / "base")
    made = Stages(folder)
    made.make(made.plan(), "merge", "first2--average")
    return made


def adapter_change(folder):
    """The products of an adapter in float64, by the tensor that they change."""
    tensors = {name: each.double().numpy() for name, each in load_file(folder / "adapter_model.safetensors").items()}
    config = json.loads((folder / "adapter_config.json").read_text())
    scale = config["lora_alpha"] / config["r"]
    return {
        name.removeprefix("base_model.model.").replace("lora_B.", ""): scale
        * b
        @ tensors[name.replace("lora_B", "lora_A")]
        for name, b in tensors.items()
        if "lora_B" in name
    }


def test_the_vector_holds_the_factors_and_is_the_change_of_the_model(stages):
    path = stages.results / "vectors/avignon.safetensors"
    vector, base, tuned = VectorFile(path), stages.weights("models/base"), stages.weights("models/avignon")
    assert vector.encoding == "lora" and vector.partial
    assert path.stat().st_size < 0.2 * sum(each.numel() * 4 for each in base.values())
    exact = adapter_change(stages.results / "models/avignon/adapter")
    assert set(vector.shapes) == set(exact)
    for name, change in exact.items():
        piece = vector.piece(name)
        np.testing.assert_allclose(piece.read(0, change.size), change.ravel(), rtol=1e-5, atol=1e-9)
        whole = base[name].double().numpy() + change
        np.testing.assert_allclose(tuned[name].numpy(), whole, rtol=2e-7, atol=1e-8)
    unchanged = base.keys() - exact.keys()
    assert unchanged and all(torch.equal(tuned[name], base[name]) for name in unchanged)


def test_a_merge_is_the_exact_sum_of_the_products(stages):
    base, merged = stages.weights("models/base"), stages.weights("merged/first2--average")
    changes = [adapter_change(stages.results / "models" / word / "adapter") for word in WORDS]
    for name in changes[0]:
        exact = base[name].double().numpy() + 0.5 * (changes[0][name] + changes[1][name])
        np.testing.assert_allclose(merged[name].numpy(), exact, rtol=1e-6, atol=1e-8)


def test_a_merge_of_adapters_is_also_an_adapter_that_peft_loads(stages):
    folder = stages.results / "merged/first2--average"
    base = WhisperForConditionalGeneration.from_pretrained(stages.results / "models/base")
    ours = PeftModel.from_pretrained(base, folder / "adapter").merge_and_unload().state_dict()
    for name, each in load_file(folder / "model.safetensors").items():
        torch.testing.assert_close(ours[name], each, atol=1e-6, rtol=1e-5)
    assert (
        max(json.loads((folder / "adapter/adapter_config.json").read_text())[key] for key in ("r", "lora_alpha")) == 4
    )
    receipt = json.loads((folder / "receipt.json").read_text())
    assert {"adapter/adapter_config.json", "adapter/adapter_model.safetensors"} <= receipt["outputs"].keys()


def test_an_own_adapter_gives_the_same_as_the_training_that_made_it(stages, tmp_path):
    trained = stages.results / "models/avignon"
    shutil.copytree(trained / "adapter", tmp_path / "mine")
    vector = VectorFile(stages.results / "vectors/avignon.safetensors")
    other = Stages(stages.folder)
    other.results = tmp_path / "results" / "t"
    plan = other.plan(adapters={"avignon": str(tmp_path / "mine")})
    other.make(plan, "vector", "avignon")
    assert not (other.results / "speech").exists()  # nothing was trained
    assert (other.results / "models/avignon/model.safetensors").read_bytes() == (
        trained / "model.safetensors"
    ).read_bytes()
    ours = VectorFile(other.results / "vectors/avignon.safetensors")
    assert ours.encoding == "lora" and ours.id == vector.id


def test_an_own_model_gives_the_difference_of_its_weights(stages, tmp_path):
    trained = stages.results / "models/avignon"
    other = Stages(stages.folder)
    other.results = tmp_path / "results" / "t"
    mine = shutil.copytree(trained, tmp_path / "mine", ignore=shutil.ignore_patterns("adapter", "*.json.hashes", ".*"))
    plan = other.plan(models={"avignon": str(mine)})
    other.make(plan, "vector", "avignon")
    vector = VectorFile(other.results / "vectors/avignon.safetensors")
    base, tuned = stages.weights("models/base"), stages.weights("models/avignon")
    name = "model.decoder.layers.0.self_attn.q_proj.weight"
    assert vector.encoding == "float32"
    np.testing.assert_array_equal(
        vector.piece(name).read(0, base[name].numel()), (tuned[name] - base[name]).ravel().numpy()
    )
    (mine / "config.json").write_text((mine / "config.json").read_text() + "\n")
    with pytest.raises(UserError, match=r"mine/config\.json changed since this run was planned"):
        shutil.rmtree(other.results / "models/avignon")
        other.make(plan, "finetune", "avignon")


@pytest.mark.parametrize("kind", ["adapters", "models"])
def test_what_belongs_to_another_base_is_refused(stages, tmp_path, kind):
    folder = tmp_path / "mine"
    source = stages.results / ("models/avignon/adapter" if kind == "adapters" else "models/avignon")
    shutil.copytree(source, folder, ignore=shutil.ignore_patterns("adapter", ".*"))
    (weights,) = folder.glob("*.safetensors")
    tensors = load_file(weights)
    name = next(each for each in tensors if "q_proj" in each and each.endswith("weight") and "lora_A" not in each)
    tensors[name] = torch.cat([tensors[name], tensors[name]])
    save_file(tensors, weights, metadata={"format": "pt"})
    other = Stages(stages.folder)
    other.results = tmp_path / "results" / "t"
    plan = other.plan(**{kind: {"avignon": str(folder)}})
    with pytest.raises(UserError, match=r"q_proj.*\[\d+, \d+\].*own base"):
        other.make(plan, "finetune", "avignon")
    assert not (other.results / "models/avignon").exists()
