"""Additions to Transformers' Trainer: complete checkpoints, a loss that is not finite, examples that do not fit."""

import re
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from tauspeech.data.audio import encode_audio
from tauspeech.models.decoding import Decoder
from tauspeech.models.foundation_sizes import SIZES
from tauspeech.models.tasks import SpeechTask
from tauspeech.models.whisper.foundation import new_model
from tauspeech.runtime.errors import UserError
from tauspeech.training.examples import Examples
from tauspeech.training.trainer import LossGuard, last_complete_checkpoint, train
from tests.models.whisper.published import published

TEXTS = ["我们参观了柏林墙。", "We visited the Berlin Wall."]


SETTINGS = {"batch": 1, "epochs": 3, "evaluations": 1, "learning_rate": 1e-3, "warmup": 0.0, "schedule": "linear"}
SETTINGS |= {"precision": "fp32", "weight_decay": 0.0, "accumulate": 1}


@pytest.fixture
def model():
    return new_model(TEXTS, SIZES["tiny"], 1)


def row(id: str, seconds: float) -> dict:
    samples = np.sin(np.arange(int(16_000 * seconds)) / 20).astype(np.float32) / 2
    return {
        "utterance": id,
        "audio": {"bytes": encode_audio(samples)},
        "seconds": seconds,
        "zh": TEXTS[0],
        "en": TEXTS[1],
    }


def test_training_resumes_from_the_newest_complete_checkpoint(tmp_path):
    for step, state in ((5, "{}"), (10, "{}"), (20, '{"half'), (100, None)):
        folder = tmp_path / f"checkpoint-{step}"
        folder.mkdir()
        if state is not None:
            (folder / "trainer_state.json").write_text(state)
    assert last_complete_checkpoint(tmp_path) == tmp_path / "checkpoint-10"
    assert not (tmp_path / "checkpoint-100").exists()
    assert last_complete_checkpoint(tmp_path / "nothing") is None


def checkpoint(folder):
    folder.mkdir()
    torch.save({"step": torch.arange(1000)}, folder / "optimizer.pt")
    save_file({"x": torch.arange(1000)}, folder / "model.safetensors")
    (folder / "trainer_state.json").write_text("{}")
    return folder


@pytest.mark.parametrize("name", ["optimizer.pt", "model.safetensors", "trainer_state.json"])
@pytest.mark.parametrize(
    "harm", [lambda whole: b"", lambda whole: whole[: len(whole) // 2], lambda whole: bytes(len(whole))]
)
def test_an_incomplete_checkpoint_is_deleted_and_the_previous_one_used(tmp_path, name, harm):
    """As a node that broke down leaves it, although the Trainer had written it."""
    before, torn = checkpoint(tmp_path / "checkpoint-5"), checkpoint(tmp_path / "checkpoint-10")
    assert last_complete_checkpoint(tmp_path) == torn
    (torn / name).write_bytes(harm((torn / name).read_bytes()))
    assert last_complete_checkpoint(tmp_path) == before
    assert not torn.exists()


@pytest.mark.parametrize("loss", [float("nan"), float("inf")])
def test_a_loss_that_is_not_finite_stops_the_training(loss):
    with pytest.raises(UserError, match=r"at step 7: lower training\.learning_rate.*in somewhere"):
        LossGuard().on_log(
            SimpleNamespace(output_dir="somewhere"), SimpleNamespace(global_step=7), None, {"loss": loss}
        )


def test_a_training_that_diverges_stops_before_it_saves_a_checkpoint(model, tmp_path):
    """Too short for a training loss in the log, so that the validation loss is the first to show it."""
    examples = Examples([(row("a", 1.0), [SpeechTask("translate", "zh", "en")])], model)
    with pytest.raises(UserError, match=r"the validation loss is (nan|inf) at step \d: lower training\.learning_rate"):
        train(model, examples, examples, SETTINGS | {"learning_rate": 1e30}, checkpoints=tmp_path, seed=1)
    assert not list(tmp_path.glob("checkpoint-*"))


def test_each_utterance_is_an_example_of_each_of_its_tasks(model):
    both = [SpeechTask("transcribe", "zh", "en"), SpeechTask("translate", "zh", "en")]
    examples = Examples([(row("a", 1.0), both), (row("b", 2.0), both[:1])], model)
    assert len(examples) == 3
    words = [model.processor.tokenizer.decode(example.labels) for example in (examples[0], examples[1])]
    assert words == [
        "<|zh|><|transcribe|><|notimestamps|>我们参观了柏林墙。<|endoftext|>",
        "<|zh|><|translate|><|notimestamps|>We visited the Berlin Wall.<|endoftext|>",
    ]
    batch = model.collate([examples[0], examples[1]])
    assert batch["input_features"].shape == (2, 80, 240)
    shorter = min(len(examples[i].labels) for i in (0, 1))
    assert (batch["labels"] == -100).any() and (batch["labels"][:, :shorter] != -100).all()


def test_an_utterance_longer_than_the_input_window_is_named(model):
    with pytest.raises(UserError, match=r"utterance long lasts 7\.00 s and the model's input window is 6 s"):
        Examples([(row("long", 7.0), [SpeechTask("translate", "zh", "en")])], model)


def test_a_text_longer_than_the_model_writes_is_named(model):
    model.longest_text = 5
    with pytest.raises(UserError, match=r"the text of utterance a has .* tokens, and the model writes 5 at most"):
        Examples([(row("a", 1.0), [SpeechTask("translate", "zh", "en")])], model)


def no_memory(*_args, **_kwargs):
    raise torch.cuda.OutOfMemoryError("CUDA out of memory")


@pytest.mark.parametrize("where", ["train", "__init__"])  # the model is put there before it is trained
def test_a_training_without_room_on_the_gpu_says_which_keys_to_change(model, tmp_path, monkeypatch, where):
    monkeypatch.setattr(f"tauspeech.training.trainer.ScoringTrainer.{where}", no_memory)
    examples = Examples([(row("a", 1.0), [SpeechTask("translate", "zh", "en")])], model)
    with pytest.raises(UserError, match=r"lower training\.batch and raise training\.accumulate"):
        train(model, examples, examples, SETTINGS, checkpoints=tmp_path, seed=1)


def test_a_decoding_without_room_on_the_gpu_says_which_keys_to_change(model, monkeypatch):
    monkeypatch.setattr(model, "encode", no_memory)
    settings = {"precision": "fp32", "batch": 8, "beams": 5, "new_tokens": 4}
    decoder = Decoder(model, settings)
    with pytest.raises(UserError, match=r"with 1 utterances at a time: lower decoding\.batch or decoding\.beams"):
        decoder.decode([row("a", 1.0)], SpeechTask("translate", "zh", "en"))


@pytest.mark.parametrize(("batch", "accumulate"), [(4, 1), (2, 2), (1, 4)])
def test_a_step_of_several_batches_has_the_loss_of_one_large_batch(model, tmp_path, capsys, batch, accumulate):
    rows = [(row(f"u{number}", 1 + number / 10), [SpeechTask("translate", "zh", "en")]) for number in range(4)]
    examples = Examples(rows, model)
    settings = SETTINGS | {"batch": batch, "accumulate": accumulate, "epochs": 10, "learning_rate": 0.0}
    train(model, examples, examples, settings, checkpoints=tmp_path, seed=1)
    found = re.search(r"step 10/10  loss ([\d.]+)", capsys.readouterr().out)
    model.network.eval()
    with torch.no_grad():
        expected = model.network(**model.collate([examples[number] for number in range(4)])).loss.item()
    assert float(found[1]) == pytest.approx(expected, rel=0.02)


def test_the_validation_loss_in_half_precision_is_that_of_the_weights_themselves(tmp_path):
    def made():
        model = published(TEXTS, noise=0.03)
        with torch.no_grad():
            for weight in model.network.parameters():
                weight.copy_(weight.half())  # numbers that bf16 rounds, many of them to either side
        return model

    def examples_of(model):
        task = SpeechTask("transcribe", "en", "en")
        return Examples([(row(f"u-{number}", 0.5 + number / 10), [task]) for number in range(8)], model)

    model = made()
    model.network(**model.collate([examples_of(model)[number] for number in range(8)])).loss.backward()
    change = {name: weight.grad.sign() for name, weight in model.network.named_parameters() if weight.grad is not None}

    def loss(scale, precision):
        model = made()
        with torch.no_grad():
            for name in change:
                model.network.get_parameter(name).add_(scale * change[name])
        settings = SETTINGS | {"batch": 8, "epochs": 1, "learning_rate": 0.0, "precision": precision}
        examples, folder = examples_of(model), tmp_path / f"{precision}{scale}"
        return train(model, examples, examples, settings, checkpoints=folder, seed=1)["evaluations"][0]["eval_loss"]

    exact, found = (loss(2e-6, each) - loss(-2e-6, each) for each in ("fp32", "bf16"))
    assert found == pytest.approx(exact, rel=0.6)
