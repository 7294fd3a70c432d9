"""SpeechT5: a network, a vocoder, and a vector for each speaker."""

import numpy as np
import pytest
from safetensors.numpy import save_file

from tauspeech.data.dropped_utterances import Unusable
from tauspeech.runtime.errors import UserError
from tauspeech.speech.engines import speecht5
from tauspeech.speech.engines.speecht5 import open_engine

from . import checkpoints
from .behaviour import TEXT, keeps_its_word

LOT = np.random.default_rng(0)
VECTORS = {"slt": LOT.normal(size=512).astype(np.float32), "bdl": LOT.normal(size=(1, 512)).astype(np.float32)}


@pytest.fixture(scope="module")
def settings(tmp_path_factory):
    base = tmp_path_factory.mktemp("speecht5")
    save_file(VECTORS, base / "speakers.safetensors")
    return {
        "engine": "speecht5",
        "name": "mine",
        "model": str(checkpoints.speecht5(base / "speecht5")),
        "vocoder": str(checkpoints.vocoder(base / "hifigan")),
        "speakers": str(base / "speakers.safetensors"),
    }


def test_speakers_of_a_file_with_names(settings):
    engine = open_engine(settings, "en")
    assert engine.speakers == ["bdl", "slt"]
    assert engine.version == f"transformers 5.23.0 speecht5 {settings['model']} with {settings['vocoder']}"
    keeps_its_word(engine, "slt", 16_000, open_engine(settings, "en"))
    assert not np.array_equal(engine.synthesise(TEXT, "bdl", 7).samples, engine.synthesise(TEXT, "slt", 7).samples)


def test_speakers_of_a_table_have_numbers(settings, tmp_path):
    np.save(tmp_path / "speakers.npy", np.stack([VECTORS["slt"], VECTORS["bdl"][0]]).astype(np.float64))
    engine = open_engine(settings | {"speakers": str(tmp_path / "speakers.npy")}, "en")
    assert engine.speakers == ["0", "1"]
    named = open_engine(settings, "en")
    np.testing.assert_array_equal(engine.synthesise(TEXT, "1", 7).samples, named.synthesise(TEXT, "bdl", 7).samples)


def test_english_numbers_are_spelt_out(settings):
    english, other = open_engine(settings, "en"), open_engine(settings, "de")
    np.testing.assert_array_equal(
        english.synthesise("in 12", "slt", 7).samples, english.synthesise("in twelve", "slt", 7).samples
    )
    assert len(other.synthesise("in 12", "slt", 7).samples) < len(english.synthesise("in 12", "slt", 7).samples)


def test_a_text_that_is_too_long_is_no_utterance(settings):
    with pytest.raises(Unusable, match="too long a text"):
        open_engine(settings, "en").synthesise("hello " * 20, "slt", 1)


def test_the_package_that_transformers_needs_is_named(settings, monkeypatch):
    monkeypatch.setattr(speecht5, "find_spec", lambda name: None)
    with pytest.raises(UserError, match=r"^speech\.models\.speecht5\.mine needs .* `pip install sentencepiece`"):
        open_engine(settings, "en")


def text_file(path):
    path.write_text("not a table", encoding="utf-8")


@pytest.mark.parametrize(
    ("name", "write", "message"),
    [
        ("a.safetensors", lambda path: None, r"a\.safetensors does not exist"),
        ("a.npy", lambda path: None, r"a\.npy does not exist"),
        ("a.pt", text_file, r"neither a \.safetensors nor a \.npy"),
        ("a.safetensors", text_file, r"a\.safetensors cannot be read \("),
        ("a.npy", text_file, r"a\.npy cannot be read \("),
        ("a.npy", lambda path: np.save(path, np.array([{}], dtype=object)), r"a\.npy cannot be read \("),
        ("a.npy", lambda path: np.save(path, np.zeros((0, 512))), "has no speakers"),
        ("a.npy", lambda path: np.save(path, np.ones((2, 256))), r"speaker '0' in .* not a vector of 512 numbers"),
        ("a.safetensors", lambda path: save_file({"x": np.ones(3)}, path), r"speaker 'x' in .* not a vector of 512"),
        ("a.npy", lambda path: np.save(path, np.full((1, 512), np.nan)), r"speaker '0' in .* not a vector"),
    ],
)
def test_a_file_without_vectors_is_named(settings, tmp_path, name, write, message):
    write(tmp_path / name)
    with pytest.raises(UserError, match=rf"^speech\.models\.speecht5\.mine\.speakers: .*{message}"):
        open_engine(settings | {"speakers": str(tmp_path / name)}, "en")


def test_a_vocoder_of_another_kind_is_named(settings):
    with pytest.raises(
        UserError, match=r"^speech\.models\.speecht5\.mine\.vocoder: .* of the type 'speecht5', not 'hifigan'"
    ):
        open_engine(settings | {"vocoder": settings["model"]}, "en")
    with pytest.raises(UserError, match=r"^speech\.models\.speecht5\.mine\.vocoder: \./nowhere is neither"):
        open_engine(settings | {"vocoder": "./nowhere"}, "en")
