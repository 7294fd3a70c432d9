"""What stands around Transformers' Trainer: whole checkpoints, a loss that is no number, examples that do not fit."""

from types import SimpleNamespace

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from tauspeech.data.audio import encode_audio
from tauspeech.models.decoding import Decoder
from tauspeech.models.tasks import speech_task
from tauspeech.models.whisper.foundation import SIZES, build_model, build_processor
from tauspeech.runtime.errors import UserError
from tauspeech.training.examples import Examples, collate
from tauspeech.training.trainer import LossGuard, last_whole_checkpoint, train

TEXTS = ["我们参观了柏林墙。", "We visited the Berlin Wall."]


SETTINGS = {"batch": 1, "epochs": 3, "evaluations": 1, "learning_rate": 1e-3, "warmup": 0.0, "schedule": "linear"}
SETTINGS |= {"precision": "fp32", "weight_decay": 0.0, "accumulate": 1}


@pytest.fixture(scope="module")
def processor():
    return build_processor(TEXTS, SIZES["tiny"])


def row(id: str, seconds: float) -> dict:
    samples = np.sin(np.arange(int(16_000 * seconds)) / 20).astype(np.float32) / 2
    return {
        "utterance": id,
        "audio": {"bytes": encode_audio(samples)},
        "seconds": seconds,
        "zh": TEXTS[0],
        "en": TEXTS[1],
    }


def test_training_goes_on_from_the_newest_whole_checkpoint(tmp_path):
    for step, state in ((5, "{}"), (10, "{}"), (20, '{"half'), (100, None)):
        folder = tmp_path / f"checkpoint-{step}"
        folder.mkdir()
        if state is not None:
            (folder / "trainer_state.json").write_text(state)
    assert last_whole_checkpoint(tmp_path) == tmp_path / "checkpoint-10"
    assert not (tmp_path / "checkpoint-100").exists()
    assert last_whole_checkpoint(tmp_path / "nothing") is None


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
def test_a_torn_checkpoint_gives_way_to_the_one_before_it(tmp_path, name, harm):
    """What a node that broke down has not written of it, though the Trainer had."""
    before, torn = checkpoint(tmp_path / "checkpoint-5"), checkpoint(tmp_path / "checkpoint-10")
    assert last_whole_checkpoint(tmp_path) == torn
    (torn / name).write_bytes(harm((torn / name).read_bytes()))
    assert last_whole_checkpoint(tmp_path) == before
    assert not torn.exists()


@pytest.mark.parametrize("loss", [float("nan"), float("inf")])
def test_a_loss_that_is_no_number_stops_the_training(loss):
    with pytest.raises(UserError, match=r"at step 7: lower training\.learning_rate.*in somewhere"):
        LossGuard().on_log(
            SimpleNamespace(output_dir="somewhere"), SimpleNamespace(global_step=7), None, {"loss": loss}
        )


def test_a_training_that_goes_astray_stops_before_it_keeps_that(processor, tmp_path):
    """Too short for the loss of its steps to be told, so that the validation loss has to tell."""
    examples = Examples([(row("a", 1.0), [speech_task("translate", "zh", "en")])], processor, 100)
    model = build_model(processor, SIZES["tiny"], 1)
    with pytest.raises(UserError, match=r"the validation loss is (nan|inf) at step \d: lower training\.learning_rate"):
        train(model, examples, examples, SETTINGS | {"learning_rate": 1e30}, checkpoints=tmp_path, seed=1)
    assert not list(tmp_path.glob("checkpoint-*"))


def test_each_utterance_is_taught_each_lesson(processor):
    both = [speech_task("transcribe", "zh", "en"), speech_task("translate", "zh", "en")]
    examples = Examples([(row("a", 1.0), both), (row("b", 2.0), both[:1])], processor, 100)
    assert len(examples) == 3
    words = [processor.tokenizer.decode(example["labels"]) for example in (examples[0], examples[1])]
    assert words == [
        "<|zh|><|transcribe|><|notimestamps|>我们参观了柏林墙。<|endoftext|>",
        "<|zh|><|translate|><|notimestamps|>We visited the Berlin Wall.<|endoftext|>",
    ]
    batch = collate([examples[0], examples[1]])
    assert batch["input_features"].shape == (2, 80, 240)
    shorter = min(len(examples[i]["labels"]) for i in (0, 1))
    assert (batch["labels"] == -100).any() and (batch["labels"][:, :shorter] != -100).all()


def test_an_utterance_longer_than_the_models_window_is_named(processor):
    with pytest.raises(UserError, match=r"utterance long lasts 7\.00 s and the model hears 6 s"):
        Examples([(row("long", 7.0), [speech_task("translate", "zh", "en")])], processor, 100)


def test_a_text_longer_than_the_model_writes_is_named(processor):
    with pytest.raises(UserError, match=r"the text of utterance a has .* tokens and the model writes 5"):
        Examples([(row("a", 1.0), [speech_task("translate", "zh", "en")])], processor, 5)


def no_memory(*_args, **_kwargs):
    raise torch.cuda.OutOfMemoryError("CUDA out of memory")


@pytest.mark.parametrize("where", ["train", "__init__"])  # the model is put there before it is trained
def test_a_training_without_room_on_the_gpu_says_which_keys_to_change(processor, tmp_path, monkeypatch, where):
    monkeypatch.setattr(f"tauspeech.training.trainer.JudgedTrainer.{where}", no_memory)
    examples = Examples([(row("a", 1.0), [speech_task("translate", "zh", "en")])], processor, 100)
    with pytest.raises(UserError, match=r"lower training\.batch and raise training\.accumulate"):
        train(build_model(processor, SIZES["tiny"], 1), examples, examples, SETTINGS, checkpoints=tmp_path, seed=1)


def test_a_decoding_without_room_on_the_gpu_says_which_keys_to_change(processor, monkeypatch):
    monkeypatch.setattr("tauspeech.models.decoding.transcribe", no_memory)
    settings = {"precision": "fp32", "batch": 8, "beams": 5, "new_tokens": 4}
    decoder = Decoder(build_model(processor, SIZES["tiny"], 1), processor, settings)
    with pytest.raises(UserError, match=r"with 1 utterances at a time: lower decoding\.batch or decoding\.beams"):
        decoder.decode([row("a", 1.0)], speech_task("translate", "zh", "en"))
