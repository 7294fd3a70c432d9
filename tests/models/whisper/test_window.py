"""A shorter input window: what it computes, and that files hold the full model."""

import numpy as np
import pytest
import torch
from safetensors.torch import load_file
from transformers import WhisperForConditionalGeneration

from tauspeech.models.decoding import Decoder
from tauspeech.models.family import Example, open_model
from tauspeech.models.foundation_sizes import SIZES
from tauspeech.models.tasks import SpeechTask
from tauspeech.models.whisper.foundation import new_model
from tauspeech.runtime.errors import UserError
from tests.training.test_finetuning import tone

TEXTS = ["Bon dia a tothom.", "Good morning, everyone."]
POSITIONS = "model.encoder.embed_positions.weight"
SECONDS, COUNT = 4, 80  # of 6 and 120
TASK = SpeechTask("transcribe", "ca", "en")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    target = tmp_path_factory.mktemp("model")
    new_model(TEXTS, SIZES["tiny"], 1).save(target)
    return target


@pytest.fixture
def samples():
    return np.random.default_rng(1).normal(0, 0.1, 16_000).astype(np.float32)


def encoded(model, samples):
    with torch.no_grad():
        return model.network.model.encoder(torch.from_numpy(model.features(samples)[None])).last_hidden_state[0]


def test_features_are_the_beginning_of_the_full_ones(folder, samples):
    full, short = open_model(folder), open_model(folder, SECONDS)
    assert short.features(samples).shape == (80, 2 * COUNT)
    np.testing.assert_allclose(short.features(samples), full.features(samples)[:, : 2 * COUNT], atol=1e-6)
    assert short.features_id != full.features_id  # one cache may hold those of both


def test_the_network_is_one_that_was_made_for_the_window(folder, samples):
    """Transformers' own class with fewer positions, to which all weights are given by hand."""
    short, weights = open_model(folder, SECONDS), load_file(folder / "model.safetensors")
    config = WhisperForConditionalGeneration.config_class.from_pretrained(folder, max_source_positions=COUNT)
    made = WhisperForConditionalGeneration(config).eval()
    made.load_state_dict(weights | {POSITIONS: weights[POSITIONS][:COUNT]}, strict=False)
    with torch.no_grad():
        expected = made.model.encoder(torch.from_numpy(short.features(samples)[None])).last_hidden_state[0]
    torch.testing.assert_close(encoded(short, samples), expected, atol=0, rtol=0)


def test_without_attention_the_output_is_the_beginning_of_the_full_one(folder, samples):
    """Attention alone joins positions of more than three frames, so all else must be equal."""
    full, short = open_model(folder), open_model(folder, SECONDS)
    with torch.no_grad():
        for model in (full, short):
            for layer in model.encoder.layers:
                layer.self_attn.out_proj.weight.zero_()
    last = COUNT - 1  # its frames reach into what is cut
    torch.testing.assert_close(encoded(short, samples)[:last], encoded(full, samples)[:last], atol=1e-5, rtol=0)


@pytest.mark.parametrize("write", ["save", "save_like"])
def test_a_saved_model_is_the_full_one_bit_for_bit(folder, samples, tmp_path, write):
    model = open_model(folder, SECONDS)
    before = encoded(model, samples)
    with torch.no_grad():
        model.network.model.decoder.layer_norm.weight.add_(1)
    (tmp_path / "saved").mkdir()
    model.save(tmp_path / "saved") if write == "save" else model.save_like(folder, tmp_path / "saved")
    base, found = (load_file(each / "model.safetensors") for each in (folder, tmp_path / "saved"))
    assert {name for name in base if not torch.equal(base[name], found[name])} == {"model.decoder.layer_norm.weight"}
    assert open_model(tmp_path / "saved").network.config.max_source_positions == 120
    assert torch.equal(encoded(model, samples), before)  # and goes on with the shorter window


def test_positions_of_a_merge_are_cut_and_saved_too(folder, tmp_path):
    """Vectors of older trainings change them."""
    model = open_model(folder, SECONDS)
    table = load_file(folder / "model.safetensors")[POSITIONS] + 1
    model.load_weights([(POSITIONS, table.numpy())])
    assert torch.equal(model.encoder.embed_positions.weight, table[:COUNT])
    (tmp_path / "saved").mkdir()
    model.save_like(folder, tmp_path / "saved")
    assert torch.equal(load_file(tmp_path / "saved" / "model.safetensors")[POSITIONS], table)


def test_positions_stay_excluded_from_training(folder):
    model = open_model(folder, SECONDS)
    assert [name for name, weight in model.network.named_parameters() if not weight.requires_grad] == [POSITIONS]


def test_the_loss_has_gradients_for_all_other_weights(folder, samples):
    model = open_model(folder, SECONDS)
    batch = model.collate([Example(model.features(samples), model.labels(TEXTS[0], TASK))] * 2)
    model.network(**batch).loss.backward()
    without = [name for name, weight in model.network.named_parameters() if weight.grad is None]
    assert without == [POSITIONS]


@pytest.mark.parametrize("beams", [1, 3])
def test_a_shorter_window_decodes(folder, beams):
    settings = {"beams": beams, "batch": 4, "new_tokens": 6, "precision": "fp32"}
    decoder = Decoder(open_model(folder, SECONDS), settings)
    assert len(decoder.decode([tone(1, "test"), tone(2, "test")], TASK)) == 2


def test_three_seconds_must_stay_free(folder):
    model = open_model(folder, SECONDS)
    decoder = Decoder(model, {"beams": 1, "batch": 4, "new_tokens": 4, "precision": "fp32"})
    long = tone(1, "test") | {"seconds": 1.25}
    assert decoder.fits_window(tone(1, "test")) and not decoder.fits_window(long)
    with pytest.raises(
        UserError, match=r"1\.25 s .* window is 4 s, of which 3 s must stay free: set speech\.longest to 1"
    ):
        decoder.decode([long], TASK)


def test_a_window_beyond_the_published_one_is_refused(folder):
    with pytest.raises(UserError, match="'base_window' is 10, and the base's input window is 6 s: lower it"):
        open_model(folder, 10)
