"""VITS and MMS: letters to sound, with one voice or several."""

import json

import numpy as np
import pytest
import uroman
from safetensors.torch import load_file, save_file

from tauspeech.data.dropped_utterances import Unusable
from tauspeech.runtime.errors import UserError
from tauspeech.speech.engines import vits
from tauspeech.speech.engines.vits import open_engine

from . import checkpoints
from .behaviour import TEXT, keeps_its_word


def opened(folder, language="en"):
    return open_engine({"engine": "vits", "name": "mine", "model": str(folder)}, language)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return checkpoints.vits(tmp_path_factory.mktemp("vits") / "one")


@pytest.fixture(scope="module")
def crowd(tmp_path_factory):
    return checkpoints.vits(tmp_path_factory.mktemp("vits") / "crowd", speakers=3)


def changed(folder, tmp_path, **settings):
    """The same model with other settings of the tokenizer."""
    copy = tmp_path / "changed"
    copy.mkdir()
    for file in folder.iterdir():
        (copy / file.name).write_bytes(file.read_bytes())
    path = copy / "tokenizer_config.json"
    path.write_text(json.dumps(json.loads(path.read_text(encoding="utf-8")) | settings), encoding="utf-8")
    return copy


def test_one_voice(folder):
    engine = opened(folder)
    assert engine.speakers == []
    assert engine.version == f"transformers 5.23.0 vits {folder}"
    keeps_its_word(engine, None, 16_000, opened(folder))


def test_several_voices(crowd):
    engine = opened(crowd)
    assert engine.speakers == ["0", "1", "2"]
    keeps_its_word(engine, "2", 16_000)
    said = [engine.synthesise(TEXT, speaker, 7).samples for speaker in engine.speakers]
    assert not np.array_equal(said[0], said[1])
    assert not np.array_equal(said[1], said[2])


def test_a_speaker_of_a_model_with_one_voice_is_refused(folder):
    with pytest.raises(UserError, match=r"the voice vits/mine/anna does not exist: .* vits/mine\.$"):
        opened(folder).synthesise(TEXT, "anna", 1)


def test_capitals_and_letters_that_the_model_lacks_change_nothing(folder):
    engine = opened(folder)
    expected = engine.synthesise("hello world", None, 1).samples
    np.testing.assert_array_equal(
        engine.synthesise("Hello 你 World!", None, 1).samples, engine.synthesise("hello  world", None, 1).samples
    )
    assert not np.array_equal(engine.synthesise("hello there", None, 1).samples, expected)


@pytest.mark.parametrize("blank", [True, False])
def test_letters_beyond_the_table_are_left_out(folder, tmp_path, blank):
    """Where the tokenizer filters nothing, a strange letter has a number that the network would fail at."""
    engine = opened(changed(folder, tmp_path, normalize=False, add_blank=blank))
    np.testing.assert_array_equal(
        engine.synthesise("héllo", None, 1).samples, engine.synthesise("hllo", None, 1).samples
    )
    with pytest.raises(Unusable, match="no letter"):
        engine.synthesise("你好", None, 1)


@pytest.mark.parametrize("text", ["你好", "", "123"])
def test_a_text_without_a_known_letter_is_no_utterance(folder, text):
    with pytest.raises(Unusable, match="no letter"):
        opened(folder).synthesise(text, None, 1)


def test_a_package_that_the_tokenizer_lacks_is_named(folder, tmp_path, monkeypatch):
    monkeypatch.setattr(vits, "find_spec", lambda name: None)
    with pytest.raises(UserError, match=r"^speech\.models\.vits\.mine\.model: .* run `\S+ -m pip install phonemizer`"):
        opened(changed(folder, tmp_path, phonemize=True))


def test_other_scripts_are_romanised_by_a_uroman_that_is_opened_once(folder, tmp_path, monkeypatch):
    opening = []
    made = uroman.Uroman.__init__
    monkeypatch.setattr(uroman.Uroman, "__init__", lambda self: opening.append(1) or made(self))
    engine = opened(changed(folder, tmp_path, is_uroman=True))
    np.testing.assert_array_equal(
        engine.synthesise("Привет мир", None, 1).samples, engine.synthesise("privet mir", None, 1).samples
    )
    engine.synthesise("привет мир", None, 2)
    assert opening == [1]


def test_weights_in_the_names_of_older_versions_are_read(folder, tmp_path):
    copy = changed(folder, tmp_path)
    older = {
        name.replace("parametrizations.weight.original0", "weight_g").replace(
            "parametrizations.weight.original1", "weight_v"
        ): tensor
        for name, tensor in load_file(folder / "model.safetensors").items()
    }
    assert any(name.endswith("weight_g") for name in older)
    save_file(older, copy / "model.safetensors", metadata={"format": "pt"})
    np.testing.assert_array_equal(
        opened(copy).synthesise(TEXT, None, 1).samples, opened(folder).synthesise(TEXT, None, 1).samples
    )


def test_missing_weights_are_not_made_up(folder, tmp_path):
    copy = changed(folder, tmp_path)
    tensors = load_file(folder / "model.safetensors")
    lost = next(name for name in tensors if name.startswith("text_encoder.") and name.endswith("out_proj.weight"))
    save_file({name: tensor for name, tensor in tensors.items() if name != lost}, copy / "model.safetensors")
    with pytest.raises(UserError, match=rf"^speech\.models\.vits\.mine\.model: .* lacks 1 weights, such as {lost}"):
        opened(copy)


def test_weights_in_pickle_are_not_opened(folder, tmp_path):
    copy = changed(folder, tmp_path)
    (copy / "model.safetensors").rename(copy / "pytorch_model.bin")
    with pytest.raises(UserError, match=r"^speech\.models\.vits\.mine\.model: .* no weights in the format safetensors"):
        opened(copy)


def test_a_cut_file_of_weights_is_named(folder, tmp_path):
    copy = changed(folder, tmp_path)
    weights = (copy / "model.safetensors").read_bytes()
    (copy / "model.safetensors").write_bytes(weights[: len(weights) // 2])
    with pytest.raises(UserError, match=r"^speech\.models\.vits\.mine\.model: .* download the model again"):
        opened(copy)


def test_a_tokenizer_that_is_not_there_is_named(folder, tmp_path):
    copy = changed(folder, tmp_path)
    (copy / "vocab.json").unlink()
    with pytest.raises(UserError, match=r"^speech\.models\.vits\.mine\.model: the tokenizer of .*\(no vocab\.json\)"):
        opened(copy)


def test_another_kind_of_model_is_named(folder, tmp_path):
    copy = changed(folder, tmp_path)
    (copy / "config.json").write_text('{"model_type": "whisper"}', encoding="utf-8")
    with pytest.raises(UserError, match=r"vits\.mine\.model: .* of the type 'whisper', not 'vits'"):
        opened(copy)


def test_a_model_that_is_not_there_is_named_with_its_command(monkeypatch):
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    with pytest.raises(
        UserError,
        match=r"^speech\.models\.vits\.mine\.model: the model facebook/mms-tts-xyz is not in the cache .*`hf download",
    ):
        opened("facebook/mms-tts-xyz")
    with pytest.raises(UserError, match=r"vits\.mine\.model: \./nowhere is neither a folder nor a model of the hub"):
        opened("./nowhere")
