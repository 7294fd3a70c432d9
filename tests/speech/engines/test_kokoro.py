"""Kokoro: phonemes, voices and speeds, with a small stand-in for ONNX Runtime, which only its own environment has."""

import json
import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import ClassVar

import numpy as np
import pytest

from tauspeech.data.dropped_utterances import Unusable
from tauspeech.runtime.errors import UserError
from tauspeech.speech.engines.kokoro import LONGEST, RATE, STYLE, open_engine
from tauspeech.speech.kokoro_phonemes import espeak_phonemes

from .behaviour import TEXT, keeps_its_word

# The letters and marks of the published vocabulary that the tests need, with numbers of their own.
SYMBOLS = " ,.!?;:“”()abcdefhijklmnopqrstuvwxyzAIOQTWYæðŋɑɐɒɔəɛɜɡɪɹɾʃʊʌʒʔˈˌːᵊθʤʧʣʦɲβʁø̃ɕʨ↓→↗↘"
VOICES = ("af_one", "am_two", "bf_three", "zf_four", "zm_five", "ff_six")


class Session:
    """A network whose samples are the tokens, at a pitch that the style gives; it becomes shorter with the speed."""

    names = ("input_ids", "style", "speed")
    asked: ClassVar[list[dict[str, np.ndarray]]] = []

    def __init__(self, path, options, providers):
        if b"broken" in Path(path).read_bytes():
            raise RuntimeError("Protobuf parsing failed.")
        assert providers == ["CPUExecutionProvider"]
        Session.threads = options.intra_op_num_threads

    def get_inputs(self):
        return [SimpleNamespace(name=name) for name in self.names]

    def run(self, outputs, inputs):
        assert outputs is None and sorted(inputs) == sorted(self.names)
        Session.asked.append(inputs)
        tokens, style, speed = (inputs[name] for name in self.names)
        assert (tokens.dtype, style.dtype, speed.dtype) == (np.int64, np.float32, np.float32)
        assert style.shape == (1, STYLE) and speed.shape == (1,)
        samples = np.repeat(tokens[0] / 1000 + style[0, 0] / 10_000, int(1000 / speed[0]))
        return [samples[None].astype(np.float32)]


@pytest.fixture(autouse=True)
def runtime(monkeypatch):
    module = ModuleType("onnxruntime")
    module.__version__ = "1.0"
    module.SessionOptions = SimpleNamespace
    module.InferenceSession = Session
    monkeypatch.setitem(sys.modules, "onnxruntime", module)
    monkeypatch.setattr(Session, "asked", [])


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "onnx").mkdir()
    (tmp_path / "onnx" / "model_quantized.onnx").write_bytes(b"network")
    numbers = {symbol: number for number, symbol in enumerate(SYMBOLS, 1)}
    (tmp_path / "tokenizer.json").write_text(json.dumps({"model": {"vocab": numbers}}), encoding="utf-8")
    (tmp_path / "config.json").write_text('{"model_type": "style_text_to_speech_2"}', encoding="utf-8")
    (tmp_path / "voices").mkdir()
    for number, name in enumerate(VOICES, 1):
        styles = np.zeros((LONGEST, 1, STYLE), np.float32)
        styles[:, 0, 0] = 1000 * number + np.arange(LONGEST)
        styles.tofile(tmp_path / "voices" / f"{name}.bin")
    return tmp_path


def opened(folder, language="en", **changes):
    settings = {"file": "onnx/model_quantized.onnx", "speed": [0.8, 1.25]}
    return open_engine({"engine": "kokoro", "name": "v1", "model": str(folder)} | settings | changes, language)


def refused(folder, message, language="en", **changes):
    with pytest.raises(UserError, match=message):
        opened(folder, language, **changes)


def test_a_voice_gives_the_same_audio_for_the_same_arguments(folder):
    engine = opened(folder)
    assert engine.version == f"kokoro onnxruntime 1.0 {folder} onnx/model_quantized.onnx"
    keeps_its_word(engine, "am_two", RATE, opened(folder))


@pytest.mark.parametrize(
    ("language", "speakers"),
    [("en", ["af_one", "am_two", "bf_three"]), ("zh-CN", ["zf_four", "zm_five"]), ("cmn", ["zf_four", "zm_five"])],
)
def test_speakers_are_the_voices_of_the_language(folder, language, speakers):
    assert opened(folder, language).speakers == speakers


def test_a_voice_has_a_style_for_each_number_of_phonemes(folder):
    engine = opened(folder)
    for speaker in ("af_one", "bf_three"):
        engine.synthesise("so", speaker, 1)
    styles = [asked["style"][0, 0] - 1000 * number for asked, number in zip(Session.asked, (1, 3), strict=True)]
    counts = [asked["input_ids"].shape[1] - 2 for asked in Session.asked]  # without the padding around them
    assert styles == [count - 1 for count in counts]
    assert all(asked["input_ids"][0, [0, -1]].tolist() == [0, 0] for asked in Session.asked)


def test_the_seed_draws_the_speed_within_its_limits(folder):
    engine = opened(folder, speed=[0.8, 1.25])
    for seed in range(40):
        engine.synthesise(TEXT, "af_one", seed)
    speeds = [float(asked["speed"][0]) for asked in Session.asked]
    assert 0.8 <= min(speeds) < 0.9 and 1.1 < max(speeds) <= 1.25
    np.testing.assert_array_equal(
        opened(folder, speed=[1, 1]).synthesise(TEXT, "af_one", 1).samples,
        opened(folder, speed=[1, 1]).synthesise(TEXT, "af_one", 2).samples,
    )


def test_an_older_conversion_has_another_name_for_its_tokens(folder, monkeypatch):
    monkeypatch.setattr(Session, "names", ("tokens", "style", "speed"))
    assert len(opened(folder).synthesise(TEXT, "af_one", 1).samples)


def test_the_original_configuration_has_the_symbols_too(folder):
    expected = opened(folder).synthesise(TEXT, "af_one", 1).samples
    symbols = json.loads((folder / "tokenizer.json").read_text(encoding="utf-8"))["model"]["vocab"]
    (folder / "tokenizer.json").unlink()
    (folder / "config.json").write_text(json.dumps({"vocab": symbols}), encoding="utf-8")
    np.testing.assert_array_equal(opened(folder).synthesise(TEXT, "af_one", 1).samples, expected)
    (folder / "config.json").unlink()
    refused(
        folder, r"^speech\.models\.kokoro\.v1\.model: neither tokenizer\.json nor config\.json in .* has the symbols"
    )


def test_threads_are_those_of_the_job(folder, monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "2")
    opened(folder)
    assert Session.threads == 2


@pytest.mark.parametrize("text", ["你好", "...", ""])
def test_a_text_without_a_phoneme_is_no_utterance(folder, text, monkeypatch):
    monkeypatch.setattr("tauspeech.speech.kokoro_phonemes.espeak_phonemes", lambda text, letter: text)
    with pytest.raises(Unusable, match="no letter"):
        opened(folder).synthesise(text, "af_one", 1)


def test_a_text_of_too_many_phonemes_is_no_utterance(folder):
    with pytest.raises(Unusable, match="too long"):
        opened(folder).synthesise("we went home and " * 60, "af_one", 1)


@pytest.mark.parametrize(
    ("letter", "text", "phonemes"),
    [
        ("a", "Hello there, better water!", "həlˈO ðˈɛɹ, bˈɛTəɹ wˈɔTəɹ!"),
        ("b", "Hello there, better water!", "həlˈQ ðˈɛː, bˈɛtə wˈɔːtə!"),
        ("e", "¿Dónde está?", "¿dˈonde estˈa?"),
        ("f", "C'est bon; « hier ».", "sɛ bˈɔ̃; “ jˈɛʁ ”."),
        ("i", "La pizza (buona).", "la pˈiʦːa (bʊˈɔna)."),
        ("p", "Não, amanhã.", "nˈɐ̃ʊ̃, ˌæmɐ̃ɲˈɐ̃."),
    ],
)
def test_phonemes_are_in_the_symbols_of_the_model_with_the_marks_of_the_text(letter, text, phonemes):
    assert espeak_phonemes(text, letter) == phonemes


def test_words_of_another_language_leave_no_flags():
    assert espeak_phonemes("Le week-end.", "f") == "lə wˈiːkˈɛnd."


def with_misaki(monkeypatch, **modules):
    for name in ("misaki", "misaki.zh", "misaki.ja", "jieba"):
        monkeypatch.setitem(sys.modules, name, modules.get(name.rpartition(".")[2]))  # None: it cannot be imported


def with_mandarin(monkeypatch, **phonemes):
    zh = SimpleNamespace(ZHG2P=lambda: lambda text: (phonemes[text], None))
    with_misaki(monkeypatch, misaki=ModuleType("misaki"), zh=zh, jieba=SimpleNamespace(setLogLevel=lambda level: None))


@pytest.mark.parametrize(
    ("text", "phonemes"),
    [
        ("你好。", "ni↓ xau↓."),
        ("你好iPhone。", "ni↓ xau↓ ˈI fˈOn."),  # not its letters, of which some are symbols of other phonemes
        ("K", "kˈA"),
    ],
)
def test_mandarin_is_in_the_phonemes_of_misaki_and_latin_letters_are_english(folder, monkeypatch, text, phonemes):
    with_mandarin(monkeypatch, **{"你好。": "ni↓ xau↓.", "你好": "ni↓ xau↓", "。": "."})
    opened(folder, "zh").synthesise(text, "zf_four", 1)
    (asked,) = Session.asked
    assert "".join(SYMBOLS[number - 1] for number in asked["input_ids"][0, 1:-1]) == phonemes


def test_a_character_that_the_phonemiser_leaves_is_no_utterance(folder, monkeypatch):
    with_mandarin(monkeypatch, 𠮷野家="𠮷je↓ ʨja→")
    with pytest.raises(Unusable, match="a character that the voice cannot read"):
        opened(folder, "zh").synthesise("𠮷野家", "zf_four", 1)


@pytest.mark.parametrize(("language", "voice"), [("ja", "jf_seven"), ("zh", "zf_four")])
def test_a_phonemiser_that_is_not_installed_is_named_with_its_command(folder, monkeypatch, language, voice):
    with_misaki(monkeypatch)
    (folder / "voices" / "zf_four.bin").rename(folder / "voices" / f"{voice}.bin")
    with pytest.raises(
        UserError,
        match=rf"^speech\.models\.kokoro\.v1: phonemes of {language} need packages .* `\S+ -m pip install 'misaki\[{language}\]'`",
    ):
        opened(folder, language).synthesise("一", voice, 1)


def test_a_language_without_voices_is_refused(folder):
    refused(folder, r"^speech\.models\.kokoro\.v1: Kokoro has no voices of de, only of en, es, fr, hi, it, ja", "de")
    refused(folder, r"v1\.model: \S+voices has no voice of it \(a file such as if_NAME\.bin\)", "it")


def test_files_that_are_not_there_or_broken_are_named(folder):
    refused(folder, r"v1\.file: .* no file onnx/x\.onnx: .* such as onnx/model_quantized\.onnx", file="onnx/x.onnx")
    (folder / "onnx" / "model_quantized.onnx").write_bytes(b"broken")
    refused(folder, r"v1\.file: \S+ cannot be loaded \(Protobuf parsing failed\.\): download it again")
    refused("./nowhere", r"v1\.model: \./nowhere is neither a folder nor a model of the hub")


@pytest.mark.parametrize("numbers", [np.zeros(100, "<f4"), np.full(LONGEST * STYLE, np.nan, "<f4")])
def test_a_file_that_is_no_voice_is_named(folder, numbers):
    numbers.tofile(folder / "voices" / "af_one.bin")
    with pytest.raises(UserError, match=r"v1\.model: \S+af_one\.bin is not a voice, which has 510 x 256 numbers"):
        opened(folder).synthesise(TEXT, "af_one", 1)


def test_a_model_that_cannot_be_downloaded_is_named_with_its_command(monkeypatch):
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    refused(
        "some/kokoro@main",
        r"v1\.model: some/kokoro is not in the cache .*`hf download some/kokoro --include 'onnx/model_quantized\.onnx' "
        r"'voices/\*\.bin' 'tokenizer\.json' 'config\.json'`",
    )
