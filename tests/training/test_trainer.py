"""What stands around Transformers' Trainer: whole checkpoints, a loss that is no number, examples that do not fit."""

from types import SimpleNamespace

import numpy as np
import pytest
import torch

from tauspeech.errors import UserError
from tauspeech.models.foundation import SIZES, build_model, build_processor
from tauspeech.models.lesson import lesson
from tauspeech.models.listener import Listener
from tauspeech.speech.audio import encode
from tauspeech.training.examples import Examples, collate
from tauspeech.training.trainer import LossGuard, last_whole_checkpoint, train

TEXTS = ["我们参观了柏林墙。", "We visited the Berlin Wall."]


@pytest.fixture(scope="module")
def processor():
    return build_processor(TEXTS, SIZES["tiny"])


def row(id: str, seconds: float) -> dict:
    samples = np.sin(np.arange(int(16_000 * seconds)) / 20).astype(np.float32) / 2
    return {"utterance": id, "audio": {"bytes": encode(samples)}, "seconds": seconds, "zh": TEXTS[0], "en": TEXTS[1]}


def test_training_goes_on_from_the_newest_whole_checkpoint(tmp_path):
    for step, state in ((5, "{}"), (10, "{}"), (20, '{"half'), (100, None)):
        folder = tmp_path / f"checkpoint-{step}"
        folder.mkdir()
        if state is not None:
            (folder / "trainer_state.json").write_text(state)
    assert last_whole_checkpoint(tmp_path) == tmp_path / "checkpoint-10"
    assert not (tmp_path / "checkpoint-100").exists()
    assert last_whole_checkpoint(tmp_path / "nothing") is None


@pytest.mark.parametrize("loss", [float("nan"), float("inf")])
def test_a_loss_that_is_no_number_stops_the_training(loss):
    with pytest.raises(UserError, match=r"at step 7: lower training\.learning_rate.*in somewhere"):
        LossGuard().on_log(
            SimpleNamespace(output_dir="somewhere"), SimpleNamespace(global_step=7), None, {"loss": loss}
        )


def test_each_utterance_is_taught_each_lesson(processor):
    both = [lesson("transcribe", "zh", "en"), lesson("translate", "zh", "en")]
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
    with pytest.raises(UserError, match=r"utterance long lasts 7\.0 s and the model hears 6 s"):
        Examples([(row("long", 7.0), [lesson("translate", "zh", "en")])], processor, 100)


def test_a_text_longer_than_the_model_writes_is_named(processor):
    with pytest.raises(UserError, match=r"the text of utterance a has .* tokens and the model writes 5"):
        Examples([(row("a", 1.0), [lesson("translate", "zh", "en")])], processor, 5)


def no_memory(*_args, **_kwargs):
    raise torch.cuda.OutOfMemoryError("CUDA out of memory")


def test_a_training_without_room_on_the_gpu_says_which_keys_to_change(processor, tmp_path, monkeypatch):
    monkeypatch.setattr("tauspeech.training.trainer.JudgedTrainer.train", no_memory)
    examples = Examples([(row("a", 1.0), [lesson("translate", "zh", "en")])], processor, 100)
    settings = {"batch": 1, "epochs": 1, "evaluations": 1, "learning_rate": 1e-3, "warmup": 0.1, "schedule": "linear"}
    settings |= {"precision": "fp32", "weight_decay": 0.0, "accumulate": 1, "max_grad_norm": 1.0}
    with pytest.raises(UserError, match=r"lower training\.batch and raise training\.accumulate"):
        train(build_model(processor, SIZES["tiny"], 1), examples, examples, settings, checkpoints=tmp_path, seed=1)


def test_a_decoding_without_room_on_the_gpu_says_which_keys_to_change(processor, monkeypatch):
    monkeypatch.setattr("tauspeech.models.listener.transcribe", no_memory)
    settings = {"precision": "fp32", "batch": 8, "beams": 5, "new_tokens": 4}
    listener = Listener(build_model(processor, SIZES["tiny"], 1), processor, settings)
    with pytest.raises(UserError, match=r"with 1 utterances at a time: lower decoding\.batch or decoding\.beams"):
        listener.listen([row("a", 1.0)], lesson("translate", "zh", "en"))
