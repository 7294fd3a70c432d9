"""Training of LoRA adapters: what changes, what a checkpoint holds, and which layers a configuration may name."""

import copy
import json
import shutil

import numpy as np
import pytest
import torch
from peft import PeftModel
from safetensors.torch import load_file
from torch import nn
from transformers import WhisperForConditionalGeneration

from tauspeech.models.family import open_model
from tauspeech.models.tasks import SpeechTask
from tauspeech.runtime.errors import UserError
from tauspeech.training.finetuning import Finetuning, TrainingSets
from tauspeech.training.lora import LoraAdapter, target_modules
from tauspeech.training.rates import best_of
from tauspeech.training.trainer import last_complete_checkpoint
from tests.training.test_finetuning import SETTINGS, base, saved, tone

__all__ = ["base"]

LORA = {"rank": 2, "alpha": 8, "targets": "attention"}
ATTENTION = ("q_proj", "k_proj", "v_proj", "out_proj")


@pytest.fixture
def finetuning(base):
    rows = [tone(number, split) for split, count in (("train", 6), ("validation", 2)) for number in range(count)]
    training_sets = TrainingSets({"ca": rows}, {"ca": [SpeechTask("transcribe", "ca", "en")]}, 1.0)
    settings = SETTINGS | {"trainable": "lora", "lora": LORA, "best_by": "loss", "epochs": 3, "evaluations": 3}
    return lambda **changes: Finetuning(base, training_sets, settings | changes, seed=1)


def test_only_the_named_layers_change_and_the_folder_has_the_adapter(finetuning, base, tmp_path):
    before = load_file(base / "model.safetensors")
    after = saved(finetuning().at(1e-2, tmp_path / "checkpoints"), base, tmp_path / "model")
    assert after.keys() == before.keys()
    changed = {name for name in before if not torch.equal(before[name], after[name])}
    attention = {name for name in before if name.removesuffix(".weight").endswith(ATTENTION) and "bias" not in name}
    assert changed == attention
    config = json.loads((tmp_path / "model" / "adapter" / "adapter_config.json").read_text())
    assert (config["peft_type"], config["r"], config["lora_alpha"]) == ("LORA", 2, 8)
    assert str(base) not in json.dumps(config)  # the same bytes wherever it was trained
    assert (tmp_path / "model" / "config.json").read_bytes() == (base / "config.json").read_bytes()


def test_the_saved_model_has_the_logits_of_the_base_with_the_adapter_in_peft(finetuning, base, tmp_path):
    saved(finetuning().at(1e-2, tmp_path / "checkpoints"), base, tmp_path / "model")
    plain = WhisperForConditionalGeneration.from_pretrained(base).eval()
    adapted = PeftModel.from_pretrained(copy.deepcopy(plain), tmp_path / "model" / "adapter").eval()
    whole = WhisperForConditionalGeneration.from_pretrained(tmp_path / "model").eval()
    generator = torch.Generator().manual_seed(1)
    features = torch.randn(2, 80, 2 * plain.config.max_source_positions, generator=generator)
    tokens = torch.tensor([[1, 2, 3], [4, 5, 6]])
    with torch.no_grad():
        logits = [model(input_features=features, decoder_input_ids=tokens).logits for model in (plain, adapted, whole)]
    assert (logits[0] - logits[1]).abs().max() > 1e-3
    torch.testing.assert_close(logits[2], logits[1], atol=1e-5, rtol=0)


def test_checkpoints_hold_the_adapter_alone(finetuning, tmp_path):
    finetuning().at(1e-3, tmp_path)
    newest = last_complete_checkpoint(tmp_path)
    assert (newest / "adapter_model.safetensors").is_file() and not (newest / "model.safetensors").exists()


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({}, id="best by loss"),
        pytest.param({"best_by": "score"}, id="best by score"),
        pytest.param({"gradient_checkpointing": True}, id="gradient checkpointing"),
        pytest.param({"patience": 1, "epochs": 6, "evaluations": 6}, id="patience"),
    ],
)
def test_a_training_that_was_killed_ends_as_if_it_had_not_been(finetuning, base, tmp_path, changes, capsys):
    whole = finetuning(**changes).at(1e-2, tmp_path / "checkpoints")
    shutil.rmtree(last_complete_checkpoint(tmp_path / "checkpoints"))
    resumed = finetuning(**changes).at(1e-2, tmp_path / "checkpoints")
    assert "resuming from checkpoint-" in capsys.readouterr().out
    assert json.dumps(resumed.history) == json.dumps(whole.history)  # in the same order, as in training.json
    ours, theirs = (saved(each, base, tmp_path / name) for name, each in (("a", resumed), ("b", whole)))
    assert all(torch.equal(ours[name], theirs[name]) for name in theirs)
    for file in ("adapter_model.safetensors", "adapter_config.json"):
        assert (tmp_path / "a/adapter" / file).read_bytes() == (tmp_path / "b/adapter" / file).read_bytes()


def test_a_finished_training_loads_the_best_adapter_again(finetuning, base, tmp_path):
    first = saved(finetuning().at(1e-2, tmp_path / "checkpoints"), base, tmp_path / "a")
    second = saved(finetuning().at(1e-2, tmp_path / "checkpoints"), base, tmp_path / "b")
    assert all(torch.equal(first[name], second[name]) for name in first)


def test_gradient_checkpointing_changes_no_weight(finetuning, base, tmp_path):
    plain = saved(finetuning().at(1e-2, tmp_path / "one"), base, tmp_path / "a")
    less_memory = saved(finetuning(gradient_checkpointing=True).at(1e-2, tmp_path / "two"), base, tmp_path / "b")
    for name in plain:
        torch.testing.assert_close(less_memory[name], plain[name], atol=1e-6, rtol=1e-4)


def test_a_search_of_the_learning_rate_starts_each_adapter_anew(finetuning, base, tmp_path):
    found = best_of([1e-6, 1e-2], finetuning().at, tmp_path / "search")
    alone = finetuning().at(found.history["learning_rate"], tmp_path / "alone")
    ours, theirs = (saved(each, base, tmp_path / name) for name, each in (("a", found), ("b", alone)))
    assert all(torch.equal(ours[name], theirs[name]) for name in theirs)
    assert len(found.history["tried"]) == 2


def test_the_start_depends_on_the_seed_and_on_nothing_else(base):
    starts = []
    for seed, noise in ((1, 0), (1, 5), (2, 0)):
        torch.manual_seed(noise)
        part = LoraAdapter(open_model(base), **LORA, seed=seed)
        starts.append({name: each.clone() for name, each in part.module.named_parameters() if "lora_A" in name})
    same, other = (all(torch.equal(starts[0][name], each[name]) for name in each) for each in starts[1:])
    assert same and not other


# Layers


class OfLayers:
    """An open model of which only the layers matter."""

    def __init__(self, lora_presets, **layers):
        self.network, self.lora_presets = nn.ModuleDict(layers), lora_presets


def test_presets_of_whisper(base):
    model = open_model(base)
    every, decoder = (set(target_modules(model, preset)) for preset in ("attention", "decoder_attention"))
    assert {name.rpartition(".")[2] for name in every} == set(ATTENTION)
    assert decoder == {name for name in every if name.startswith("model.decoder.")}
    assert any("encoder_attn" in name for name in decoder) and any(".encoder.layers." in name for name in every)
    linear = set(target_modules(model, "all_linear"))
    assert linear == {n for n, each in model.network.named_modules() if isinstance(each, nn.Linear)} - {"proj_out"}
    assert linear > every


def test_layers_by_name_are_whole_parts_of_a_name(base):
    model = open_model(base)
    assert {name.rpartition(".")[2] for name in target_modules(model, ["fc1", "conv1"])} == {"fc1", "conv1"}
    (one,) = target_modules(model, ["encoder.layers.0.self_attn.q_proj"])
    assert one == "model.encoder.layers.0.self_attn.q_proj"


@pytest.mark.parametrize(
    ("targets", "says"),
    [
        (["q_prj"], r"no linear layer or convolution called 'q_prj' .* names such as .*q_proj"),
        (["proj"], "called 'proj'"),
        (["proj_out"], "called 'proj_out'"),  # shares its weights with the embeddings
        (["embed_tokens"], "called 'embed_tokens'"),
    ],
)
def test_layers_that_an_adapter_cannot_change_are_refused(base, targets, says):
    with pytest.raises(UserError, match=rf"^key 'training\.lora\.targets': .*{says}"):
        target_modules(open_model(base), targets)


def test_a_preset_that_the_base_lacks_is_refused():
    model = OfLayers({"attention": r"q"}, q=nn.Linear(2, 2))
    with pytest.raises(
        UserError, match="is decoder_attention, and the base has no such layers: give attention, all_linear"
    ):
        target_modules(model, "decoder_attention")


def test_convolutions_in_groups_are_left_out():
    grouped, plain = nn.Conv1d(4, 4, 3, groups=2), nn.Conv1d(4, 4, 3)
    assert target_modules(OfLayers({}, one=grouped, two=nn.ModuleDict({"conv": plain})), ["conv"]) == ["two.conv"]


class Bypassing(nn.Module):
    """Some attentions of transformers take the weights out of their layers."""

    def __init__(self, bypass):
        super().__init__()
        self.q, self.k, self.bypass = nn.Linear(2, 2), nn.Linear(2, 2), bypass

    def forward(self, inputs):
        return self.q(inputs) + (nn.functional.linear(inputs, self.k.weight) if self.bypass else self.k(inputs))


@pytest.mark.parametrize("bypass", [True, False])
def test_an_adapter_without_effect_is_refused_before_the_training(bypass):
    model = OfLayers({"attention": "q|k"})
    model.network = Bypassing(bypass)
    part = LoraAdapter(model, rank=1, alpha=1, targets="attention", seed=1)
    if bypass:
        with pytest.raises(UserError, match="an adapter has no effect on k of this base"):
            part.require_effect({"inputs": torch.ones(1, 2)})
    else:
        part.require_effect({"inputs": torch.ones(1, 2)})


def test_running_statistics_stay_those_of_the_base():
    """They belong to no adapter; in training, too, the base's are used."""
    layers = nn.ModuleDict({"q": nn.Linear(3, 3), "norm": nn.BatchNorm1d(3)})
    layers["norm"].running_mean.fill_(2.0)
    model = OfLayers({"attention": "q"})
    model.network = layers
    LoraAdapter(model, rank=1, alpha=1, targets="attention", seed=1)
    layers.train()
    found = layers["norm"](torch.full((4, 3), 5.0))
    np.testing.assert_allclose(found.detach().numpy(), 3.0, rtol=1e-4)
    assert torch.equal(layers["norm"].running_mean, torch.full((3,), 2.0))
