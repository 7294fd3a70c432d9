"""Bark: three networks and a codec, whose draws follow from the seed."""

import json
import shutil

import numpy as np
import pytest
import torch

from tauspeech.data.dropped_utterances import Unusable
from tauspeech.runtime.errors import UserError
from tauspeech.speech.engines.bark import open_engine

from . import checkpoints
from .behaviour import TEXT, keeps_its_word


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return checkpoints.bark(tmp_path_factory.mktemp("bark") / "bark")


@pytest.fixture
def copy(folder, tmp_path):
    return shutil.copytree(folder, tmp_path / "copy")


def opened(folder, **settings):
    return open_engine({"engine": "bark", "name": "mine", "model": str(folder)} | settings, "en")


def test_presets_are_the_speakers(folder):
    engine = opened(folder)
    assert engine.speakers == [*checkpoints.PRESETS, "none"]
    assert engine.version == f"transformers 5.23.0 bark {folder}"
    keeps_its_word(engine, checkpoints.PRESETS[0], 24_000, opened(folder))
    said = [engine.synthesise(TEXT, speaker, 7).samples for speaker in engine.speakers]
    assert not np.array_equal(*said[:2])
    np.testing.assert_array_equal(said[2], engine.synthesise(TEXT, None, 7).samples)


def test_a_voice_without_a_speaker_is_one_of_the_language(folder):
    assert opened(folder).usual_speakers == ["v2/en_speaker_0"]
    model = {"engine": "bark", "name": "mine", "model": str(folder)}
    assert open_engine(model, "de").usual_speakers == ["v2/de_speaker_1"]
    assert open_engine(model, "sv").usual_speakers == checkpoints.PRESETS


def test_without_presets_the_voice_is_drawn(folder, tmp_path):
    engine = opened(checkpoints.bark(tmp_path / "bark", presets=False))
    assert engine.speakers == []
    keeps_its_word(engine, None, 24_000)
    np.testing.assert_array_equal(
        engine.synthesise(TEXT, None, 7).samples, opened(folder).synthesise(TEXT, None, 7).samples
    )
    with pytest.raises(UserError, match=r"^speech\.models\.bark\.mine\.model: .* with a voice 'v2/en_speaker_0'"):
        engine.synthesise(TEXT, "v2/en_speaker_0", 7)


def test_the_rate_is_that_of_the_generation_config(copy):
    path = copy / "generation_config.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"sample_rate": 32_000}), encoding="utf-8")
    assert opened(copy).synthesise(TEXT, None, 7).rate == 32_000


def test_fewer_new_tokens_make_less_sound(folder):
    whole, short = (opened(folder, new_tokens=number).synthesise(TEXT, None, 7) for number in (None, 8))
    assert 0 < len(short.samples) < len(whole.samples)


def test_audio_depends_on_the_text_and_a_long_text_is_truncated(folder):
    engine = opened(folder)
    assert not np.array_equal(engine.synthesise("yes", None, 7).samples, engine.synthesise("no", None, 7).samples)
    # 16 tokens are read.
    np.testing.assert_array_equal(
        engine.synthesise("a " * 16, None, 7).samples, engine.synthesise("a " * 90, None, 7).samples
    )


def test_a_draw_that_ends_at_once_is_no_utterance(folder):
    engine = opened(folder)
    engine._network.generation_config.semantic_config["semantic_vocab_size"] = 0  # nothing is left but the end
    with pytest.raises(Unusable, match="silence"):
        engine.synthesise(TEXT, None, 7)


@pytest.mark.parametrize(
    "spoil",
    [
        lambda path: path.unlink(),
        lambda path: path.write_bytes(b"nothing"),
        lambda path: np.save(path, np.zeros((3, 3, 3))),
        lambda path: np.save(path, np.array([{}], dtype=object)),
    ],
)
def test_a_preset_that_cannot_be_read_is_named(copy, spoil):
    spoil(copy / "speaker_embeddings/v2/en_speaker_0_fine_prompt.npy")
    with pytest.raises(
        UserError,
        match=r"bark\.mine\.model: the fine_prompt of the voice 'v2/en_speaker_0'.* copy it from the published",
    ):
        opened(copy).synthesise(TEXT, "v2/en_speaker_0", 7)


def test_a_preset_outside_of_the_model_is_not_read(copy, tmp_path):
    np.save(tmp_path / "outside.npy", np.arange(9))
    path = copy / "speaker_embeddings_path.json"
    table = json.loads(path.read_text())
    table["v2/en_speaker_0"]["semantic_prompt"] = "../outside.npy"
    path.write_text(json.dumps(table), encoding="utf-8")
    with pytest.raises(UserError, match="outside of the model"):
        opened(copy).synthesise(TEXT, "v2/en_speaker_0", 7)


def test_presets_of_the_hub_are_downloaded_when_they_are_used(copy, folder, monkeypatch):
    """The cache holds the model without its hundreds of voices."""
    expected = opened(folder).synthesise(TEXT, "v2/en_speaker_0", 7).samples
    shutil.rmtree(copy / "speaker_embeddings")
    asked = []

    def download(repository, name, revision):
        asked.append((repository, name, revision))
        return str(folder / name)

    monkeypatch.setattr("tauspeech.speech.pretrained.model_folder", lambda name, _: copy)
    monkeypatch.setattr("huggingface_hub.hf_hub_download", download)
    engine = opened("suno/bark-small@abc")
    assert asked == []
    said = engine.synthesise(TEXT, "v2/en_speaker_0", 7).samples
    engine.synthesise(TEXT, "v2/en_speaker_0", 8)
    np.testing.assert_array_equal(said, expected)
    files = [f"speaker_embeddings/v2/en_speaker_0_{part}_prompt.npy" for part in ("semantic", "coarse", "fine")]
    assert asked == [("suno/bark-small", name, "abc") for name in files]


def test_a_voice_that_cannot_be_downloaded_is_named_with_its_command(copy, monkeypatch):
    shutil.rmtree(copy / "speaker_embeddings")
    monkeypatch.setattr("tauspeech.speech.pretrained.model_folder", lambda name, _: copy)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    with pytest.raises(UserError, match=r"voice 'v2/en_speaker_0' .* `hf download nobody/bark --include 'speaker_emb"):
        opened("nobody/bark@main").synthesise(TEXT, "v2/en_speaker_0", 7)


def test_a_model_without_its_generation_config_is_named(copy):
    (copy / "generation_config.json").unlink()
    with pytest.raises(UserError, match=r"^speech\.models\.bark\.mine\.model: .* has no generation_config\.json"):
        opened(copy)


def test_pickled_weights_are_not_loaded_and_the_message_has_the_command(copy):
    torch.save({}, copy / "pytorch_model.bin")
    (copy / "model.safetensors").unlink()
    with pytest.raises(UserError, match=r"no weights in the format safetensors.*`tauspeech convert "):
        opened(copy)


def test_a_tokenizer_that_is_not_there_is_named(copy):
    """transformers would make one of no words, and read out nothing."""
    for name in ("tokenizer.json", "vocab.txt"):
        (copy / name).unlink(missing_ok=True)
    with pytest.raises(UserError, match=r"^speech\.models\.bark\.mine\.model: the tokenizer of "):
        opened(copy)
