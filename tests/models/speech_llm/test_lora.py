"""A LoRA fine-tune of a speech LLM through the workflow's training: what it changes, and that the merged model writes the same."""

import json
import shutil

import numpy as np
import pytest
import torch
from peft import PeftModel
from safetensors.torch import load_file
from transformers import AutoModelForCausalLM

from tauspeech.data.audio import encode_audio
from tauspeech.models.family import Example, open_model
from tauspeech.models.tasks import SpeechTask
from tauspeech.runtime.errors import UserError
from tauspeech.runtime.paths import FOUNDATIONS
from tauspeech.training.finetuning import Finetuning, TrainingSets
from tauspeech.training.lora import LoraAdapter
from tauspeech.training.trainer import last_complete_checkpoint
from tauspeech.vectors.encodings.vector_file import VectorFile
from tauspeech.vectors.execution import Execution
from tauspeech.vectors.extraction import extract
from tauspeech.vectors.merging import merge
from tauspeech.vectors.recipe import Recipe
from tests.models.ctc.test_family import TRAINING
from tests.models.speech_llm.small import SENTENCES, UNITS, speech, speech_llm

TASKS = [SpeechTask("transcribe", "en", "en"), SpeechTask("translate", "en", "de")]
LORA = {"trainable": "lora", "epochs": 20, "best_by": "score", "lora": {"rank": 4, "alpha": 16, "targets": "attention"}}


def rows():
    return [
        {
            "utterance": f"{split}-{number}",
            "split": split,
            "en": SENTENCES[number],
            "de": SENTENCES[4 + number],
            "seconds": 1.0,
            "audio": {"bytes": encode_audio(speech(number)), "path": None},
        }
        for split in ("train", "validation")
        for number in range(4)
    ]


ATTENTION = {f"model.layers.{n}.self_attn.{each}_proj.weight" for n in (0, 1) for each in "qkvo"}
TABLES = {"tied": ["model.embed_tokens.weight"], "untied": ["lm_head.weight", "model.embed_tokens.weight"]}


def finetuned(base, checkpoints, **lora):
    sets = TrainingSets({"talks": rows()}, {"talks": TASKS}, 1.0)
    decoding = {"batch": 8, "beams": 1, "new_tokens": 12, "precision": "fp32"}
    settings = TRAINING | LORA | {"lora": LORA["lora"] | lora, "validation_decoding": decoding}
    return Finetuning(base, sets, settings, 1).at(5e-3, checkpoints)


def trained_in(folder, tied, **lora):
    """The base, the folder of the fine-tune, and the model that was trained."""
    base = speech_llm(folder, tied)
    found = finetuned(base, folder / "checkpoints", **lora)
    (folder / "tuned").mkdir()
    found.part.save(base, folder / "tuned")
    return base, folder / "tuned", found


@pytest.fixture(scope="module")
def plain(tmp_path_factory):
    return trained_in(tmp_path_factory.mktemp("lora"), True)


@pytest.fixture(scope="module", params=TABLES)
def embedded(request, tmp_path_factory):
    """With the embeddings of new tokens."""
    folder = tmp_path_factory.mktemp(request.param)
    return *trained_in(folder, request.param == "tied", new_tokens=True), TABLES[request.param]


@pytest.fixture
def trained(plain):
    return *plain[:2], plain[2].model


def changes(base, tuned):
    before, after = (load_file(path / "model.safetensors") for path in (base, tuned))
    return {name: after[name] - before[name] for name in before if not torch.equal(before[name], after[name])}


def test_attention_alone_is_changed(trained):
    assert changes(*trained[:2]).keys() == ATTENTION


def test_embeddings_of_new_tokens_are_changed_and_of_no_others(embedded):
    base, tuned, found, tables = embedded
    changed = changes(base, tuned)
    assert changed.keys() == ATTENTION | set(tables)
    first = found.model.tokenizer.convert_tokens_to_ids("[SpeechGPT]") - 4  # marks are the first of the new tokens
    new = list(range(first, len(found.model.tokenizer)))
    assert found.model.added_tokens == new and len(new) == 6 + 2 + 3 + UNITS
    for name in tables:
        rows = changed[name].abs().sum(1).nonzero().flatten().tolist()
        assert set(rows) <= set(new) and len(rows) > UNITS // 2
    config = json.loads((tuned / "adapter" / "adapter_config.json").read_text())
    assert config["trainable_token_indices"] == {name.removesuffix(".weight"): new for name in tables}


def test_a_training_of_new_tokens_learns_more(plain, embedded):
    losses = [min(each["eval_loss"] for each in found[2].history["evaluations"]) for found in (plain, embedded)]
    assert losses[1] < losses[0]


def test_the_merged_model_with_new_embeddings_is_that_of_peft(embedded):
    base, tuned, found, _ = embedded
    merged = open_model(tuned)
    features = [merged.features(speech(number)) for number in range(4)]
    batch = merged.collate([Example(each, merged.labels(SENTENCES[n], TASKS[0])) for n, each in enumerate(features)])
    peft = PeftModel.from_pretrained(AutoModelForCausalLM.from_pretrained(base), tuned / "adapter").eval()
    with torch.inference_mode():
        ours, theirs = merged.network.eval()(**batch).logits, peft(**batch).logits
        torch.testing.assert_close(ours, theirs, atol=1e-5, rtol=0)
        torch.testing.assert_close(ours, peft.merge_and_unload()(**batch).logits, atol=1e-5, rtol=0)
    found.model.network.eval()
    answers = [model.answers(features, TASKS[0], beams=1, new_tokens=12) for model in (found.model, merged)]
    assert answers[0] == answers[1]


def test_a_vector_of_new_embeddings_is_the_difference_of_the_models_in_a_small_file(embedded, tmp_path):
    base, tuned, _, tables = embedded
    out = tmp_path / "vector.safetensors"
    extract(str(base), str(tuned / "adapter"), out, None, Execution())
    vector, difference = VectorFile(out), changes(base, tuned)
    assert vector.shapes.keys() == difference.keys()
    for name, change in difference.items():
        found = vector.piece(name).read(0, change.numel())
        np.testing.assert_allclose(found, change.numpy().ravel(), atol=1e-6)
    merged = merge(
        Recipe.parse({"base": str(base), "method": "task_arithmetic", "vectors": [{"path": str(out)}]}, tmp_path),
        tmp_path / "m",
        Execution(),
    )
    assert merged and (tmp_path / "m" / "model.safetensors").read_bytes() == (tuned / "model.safetensors").read_bytes()
    assert {name.partition("//")[2] for name in vector.tensors if name.startswith(tables[0])} == {
        "starts",
        "index",
        "values",
    }


def test_a_training_of_new_tokens_that_was_killed_goes_on(embedded, tmp_path, capsys):
    base, tuned, _, _ = embedded
    again = tmp_path / "again"
    shutil.copytree(tuned.parent / "checkpoints", again)
    shutil.rmtree(last_complete_checkpoint(again))
    resumed = finetuned(base, again, new_tokens=True)
    assert "resuming from checkpoint-" in capsys.readouterr().out
    (tmp_path / "tuned").mkdir()
    resumed.part.save(base, tmp_path / "tuned")
    for file in ("adapter_model.safetensors", "adapter_config.json"):
        assert (tmp_path / "tuned/adapter" / file).read_bytes() == (tuned / "adapter" / file).read_bytes()


def test_new_tokens_are_refused_where_there_are_none():
    model = open_model(FOUNDATIONS / "english-tiny")
    with pytest.raises(
        UserError,
        match=r"'training\.lora\.new_tokens' is true, and the base is no language model with tokens for units",
    ):
        LoraAdapter(model, **LORA["lora"], new_tokens=True, seed=1)


def test_an_adapter_of_the_output_layer_is_refused_beside_new_tokens(tmp_path):
    model = open_model(speech_llm(tmp_path, tied=False))
    with pytest.raises(
        UserError,
        match=r"'training\.lora\.targets' names lm_head, of which key 'training\.lora\.new_tokens' trains rows",
    ):
        LoraAdapter(model, rank=2, alpha=2, targets=["q_proj", "lm_head"], new_tokens=True, seed=1)


def test_the_merged_model_computes_and_writes_what_the_adapter_does(trained):
    base, tuned, model = trained
    merged = open_model(tuned)
    features = [merged.features(speech(number)) for number in range(4)]
    examples = [Example(each, merged.labels(SENTENCES[n], TASKS[0])) for n, each in enumerate(features)]
    batch = {name: each for name, each in merged.collate(examples).items() if name != "labels"}
    peft = PeftModel.from_pretrained(AutoModelForCausalLM.from_pretrained(base), tuned / "adapter").eval()
    with torch.inference_mode():
        torch.testing.assert_close(merged.network.eval()(**batch).logits, peft(**batch).logits, atol=1e-5, rtol=0)
    model.network.eval()
    for task in TASKS:
        assert model.answers(features, task, beams=1, new_tokens=12) == merged.answers(
            features, task, beams=1, new_tokens=12
        )
