"""Frames of encoders against transformers' own, and units that do not depend on threads."""

import numpy as np
import pytest
import torch
from transformers import HubertConfig, HubertModel, Wav2Vec2FeatureExtractor

from tauspeech.models.family import open_model
from tauspeech.models.units.frames import open_frames
from tauspeech.runtime.errors import UserError
from tauspeech.runtime.paths import FOUNDATIONS
from tests.models.speech_llm.small import extractor, speech

TINY = FOUNDATIONS / "english-tiny"
FRAME = 800  # samples of a frame of this encoder


@pytest.fixture(scope="module")
def hubert(tmp_path_factory):
    folder = tmp_path_factory.mktemp("hubert")
    torch.manual_seed(1)
    config = HubertConfig(
        hidden_size=16, num_hidden_layers=3, num_attention_heads=2, intermediate_size=32, conv_dim=(8,) * 7,
        num_conv_pos_embeddings=8, num_conv_pos_embedding_groups=2,
    )  # fmt: skip
    HubertModel(config).save_pretrained(folder)
    Wav2Vec2FeatureExtractor().save_pretrained(folder)
    return folder


@pytest.mark.parametrize("layer", [-1, 0, 2])
def test_hubert(hubert, layer):
    samples = speech(1)
    found = open_frames(hubert, layer).frames(samples)
    inputs = Wav2Vec2FeatureExtractor()(samples, sampling_rate=16_000, return_tensors="pt").input_values
    with torch.inference_mode():
        output = HubertModel.from_pretrained(hubert).eval()(inputs, output_hidden_states=True)
    np.testing.assert_allclose(found, output.hidden_states[layer][0].numpy(), atol=1e-6)
    assert len(open_frames(hubert, layer).frames(np.zeros(0, np.float32))) >= 1


@pytest.mark.parametrize("layer", [-1, 1])
def test_a_whisper_has_frames_of_the_speech_alone(layer):
    encoder, model = open_frames(TINY, layer), open_model(TINY)
    samples = speech(1, 1.3)
    with torch.inference_mode():
        inputs = torch.from_numpy(model.features(samples)[None])
        output = model.network.eval().model.encoder(inputs, output_hidden_states=True)
    expected = output.last_hidden_state if layer == -1 else output.hidden_states[layer]
    found = encoder.frames(samples)
    assert found.shape == (len(samples) // FRAME, encoder.width) == (26, 96)
    np.testing.assert_allclose(found, expected[0, :26].numpy(), atol=1e-6)


def test_long_speech_is_encoded_in_pieces():
    encoder, window = open_frames(TINY, -1), 6 * 16_000
    samples = np.concatenate([speech(number, 5) for number in range(3)])
    pieces = [encoder.frames(samples[start : start + window]) for start in range(0, len(samples), window)]
    found = encoder.frames(samples)
    assert len(found) == len(samples) // FRAME
    np.testing.assert_array_equal(found, np.concatenate(pieces))


def test_a_shorter_window_has_the_frames_of_speech_that_fits_it():
    samples = speech(1, 2.0)
    whole, shorter = (open_frames(TINY, -1, window).frames(samples) for window in (None, 5.5))
    assert whole.shape == shorter.shape and not np.array_equal(whole, shorter)
    correlation = np.corrcoef(whole.ravel(), shorter.ravel())[0, 1]
    assert correlation > 0.95
    long = np.concatenate([samples, samples])  # 3 s of 5.5 s stay free
    pieces = [
        open_frames(TINY, -1, 5.5).frames(each) for each in (long[: int(2.5 * 16_000)], long[int(2.5 * 16_000) :])
    ]
    np.testing.assert_array_equal(open_frames(TINY, -1, 5.5).frames(long), np.concatenate(pieces))


def test_a_window_that_does_not_fit_is_refused(hubert):
    for window in (3.0, 6.0, 7.0):
        with pytest.raises(UserError, match=rf"the window of {window:g} s is not between 3 s, .*, and the 6 s"):
            open_frames(TINY, -1, window)
    with pytest.raises(UserError, match="takes speech of any length"):
        open_frames(hubert, -1, 5.0)


def test_units_are_the_same_with_other_numbers_of_threads():
    found, before = [], torch.get_num_threads()
    for threads in (1, 2):
        torch.set_num_threads(threads)
        found.append(extractor().units(speech(3, 2)).tolist())
    torch.set_num_threads(before)
    assert found[0] == found[1]


def test_other_models_are_refused(tmp_path):
    (tmp_path / "config.json").write_text('{"model_type": "bert"}')
    with pytest.raises(UserError, match=r"type 'bert', and units are made with encoders of the types whisper, hubert"):
        open_frames(tmp_path, -1)
    with pytest.raises(UserError, match="has 2 layers"):
        open_frames(TINY, 3)
