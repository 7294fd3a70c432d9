"""Trainings that leave the encoder as it is: what changes, how often it is computed, and that they resume exactly."""

import json
import shutil

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from tauspeech.data.audio import decode_audio
from tauspeech.models.decoding import Decoder
from tauspeech.models.family import Example, open_model
from tauspeech.models.kept_features import KeptFeatures
from tauspeech.models.tasks import SpeechTask
from tauspeech.runtime.errors import UserError
from tauspeech.training.decoder import trainable
from tauspeech.training.finetuning import Finetuning, TrainingSets
from tauspeech.training.trainer import ScoringTrainer, last_complete_checkpoint
from tests.models.ctc.checkpoints import save_checkpoint
from tests.training.test_finetuning import SETTINGS, base, saved, tone

__all__ = ["base"]

DECODER = {"trainable": "decoder"}
LORA = {"trainable": "lora", "lora": {"rank": 2, "alpha": 8, "targets": "decoder_attention"}}
TASK = SpeechTask("transcribe", "ca", "en")
ROWS = [tone(number, split) for split, count in (("train", 6), ("validation", 2)) for number in range(count)]


@pytest.fixture
def finetuning(base):
    sets = TrainingSets({"ca": ROWS}, {"ca": [TASK]}, 1.0)
    settings = SETTINGS | {"best_by": "loss", "epochs": 3, "evaluations": 3}
    return lambda **changes: Finetuning(base, sets, settings | changes, seed=1)


@pytest.fixture
def encoded(monkeypatch):
    """Sizes of the batches that encoders of Whisper compute in the test."""
    found = []
    forward = torch.nn.Conv1d.forward

    def counted(layer, inputs):
        if layer.stride == (2,):
            found.append(len(inputs))
        return forward(layer, inputs)

    monkeypatch.setattr(torch.nn.Conv1d, "forward", counted)
    return found


def test_the_encoder_does_not_change_and_all_else_does(finetuning, base, tmp_path):
    before = load_file(base / "model.safetensors")
    after = saved(finetuning(**DECODER).at(1e-2, tmp_path / "checkpoints"), base, tmp_path / "model")
    same = {name for name in before if torch.equal(before[name], after[name])}
    assert same == {name for name in before if name.startswith("model.encoder.")}


@pytest.mark.parametrize("part", [DECODER, LORA], ids=["decoder", "lora"])
@pytest.mark.parametrize("best_by", ["loss", "score"])
def test_each_utterance_is_encoded_once(finetuning, tmp_path, encoded, part, best_by):
    training = finetuning(**part, best_by=best_by)
    training.at(1e-3, tmp_path / "one")
    training.at(1e-2, tmp_path / "other")  # another learning rate
    assert encoded == [1] * len(ROWS)


def test_all_utterances_are_encoded_before_the_training_and_never_in_its_precision(
    finetuning, tmp_path, encoded, monkeypatch
):
    before = []
    train = ScoringTrainer.train
    monkeypatch.setattr(
        ScoringTrainer, "train", lambda *given, **named: before.extend(encoded) or train(*given, **named)
    )
    finetuning(**DECODER).at(1e-3, tmp_path / "checkpoints")
    assert before == [1] * len(ROWS)


def test_states_of_their_own_are_other_features(base):
    """One cache may hold those of both."""
    model = open_model(base)
    kept = model.with_encoded_features()
    assert kept.features_id != model.features_id and kept.with_encoded_features() is kept


def test_a_training_of_the_encoder_computes_it_in_every_step(finetuning, tmp_path, encoded):
    finetuning(trainable="lora", lora=LORA["lora"] | {"targets": "attention"}).at(1e-3, tmp_path)
    assert sum(encoded) > 3 * 6


def test_an_encoder_with_dropout_computes_every_step_too(finetuning, base, tmp_path, encoded, monkeypatch):
    def with_dropout(*arguments):
        model = open_model(*arguments)
        model.network.config.dropout = model.encoder.dropout = 0.1
        return model

    monkeypatch.setattr("tauspeech.training.finetuning.open_model", with_dropout)
    finetuning(**DECODER).at(1e-3, tmp_path / "checkpoints")
    assert sum(encoded) > 3 * 6


@pytest.fixture
def noisy(base):
    """A model whose output depends on its input."""
    model, generator = open_model(base), torch.Generator().manual_seed(1)
    with torch.no_grad():
        for name, weight in model.network.named_parameters():
            if "encoder_attn" in name or "proj_out" in name or "encoder.conv" in name:
                weight.add_(0.4 * torch.randn(weight.shape, generator=generator))
    return model


def test_the_loss_is_that_of_the_features_but_for_the_rounding_to_16_bits(noisy):
    labels = noisy.labels("Bon dia a tothom.", TASK)

    def loss(model, row):
        example = Example(model.features(decode_audio(row["audio"]["bytes"])), labels)
        with torch.no_grad():
            return model.network(**model.collate([example, example])).loss.item()

    kept = noisy.with_encoded_features()
    assert loss(kept, ROWS[0]) == pytest.approx(loss(noisy, ROWS[0]), rel=5e-5)
    assert loss(kept, ROWS[3]) != pytest.approx(loss(noisy, ROWS[0]), rel=5e-5)


@pytest.mark.parametrize("beams", [1, 3])
def test_hypotheses_are_those_of_the_features(noisy, beams):
    settings = {"beams": beams, "batch": 4, "new_tokens": 6, "precision": "fp32"}
    texts = [Decoder(each, settings).decode(ROWS, TASK) for each in (noisy, noisy.with_encoded_features())]
    assert texts[0] == texts[1] and len(set(texts[0])) > 1


@pytest.mark.parametrize("part", [DECODER, LORA], ids=["decoder", "lora"])
def test_a_training_that_was_killed_ends_as_if_it_had_not_been(finetuning, base, tmp_path, part, capsys):
    whole = finetuning(**part).at(1e-2, tmp_path / "checkpoints")
    shutil.rmtree(last_complete_checkpoint(tmp_path / "checkpoints"))
    resumed = finetuning(**part).at(1e-2, tmp_path / "checkpoints")
    assert "resuming from checkpoint-" in capsys.readouterr().out
    assert json.dumps(resumed.history) == json.dumps(whole.history)  # in the same order, as in training.json
    ours, theirs = (saved(each, base, tmp_path / name) for name, each in (("a", resumed), ("b", whole)))
    assert all(torch.equal(ours[name], theirs[name]) for name in theirs)


def test_features_beyond_the_limit_of_memory_lie_in_a_file_without_a_name(base, tmp_path):
    model = open_model(base).with_encoded_features()
    size = 120 * 48 * 2
    kept, all_in_memory = KeptFeatures(tmp_path / "new", 2 * size), KeptFeatures(tmp_path / "none")
    for _ in range(2):
        for row in ROWS:
            assert np.array_equal(*(each.get(model, row, TASK) for each in (kept, all_in_memory)))
    assert list(tmp_path.iterdir()) == [tmp_path / "new"] and not list((tmp_path / "new").iterdir())
    assert kept._file.seek(0, 2) == (len(ROWS) - 2) * size


def test_a_base_without_a_decoder_or_a_fixed_window_refuses_both(tmp_path):
    save_checkpoint("wav2vec2", tmp_path)
    with pytest.raises(
        UserError, match=r"'training\.trainable' is decoder, and the base has none: set it to all or lora"
    ):
        trainable(open_model(tmp_path), {}, 1)
    with pytest.raises(UserError, match="'base_window': inputs of CTC models are as long as their audio: leave it out"):
        open_model(tmp_path, 10)
