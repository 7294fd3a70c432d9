"""Decoding by CTranslate2: what it is asked for, and, where it is installed, that its texts are those of transformers."""

import sys
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from tauspeech.data.audio import RATE, decode_audio
from tauspeech.models.conversion import convert, use_converted
from tauspeech.models.family import open_model
from tauspeech.models.tasks import SpeechTask
from tauspeech.models.whisper import converted as module
from tauspeech.models.whisper.converted import PIECE, ConvertedWhisper, convert_and_use
from tauspeech.runtime.errors import UserError
from tauspeech.runtime.paths import FOUNDATIONS
from tauspeech.runtime.receipts import Receipt, write_receipt
from tauspeech.speech.espeak_pool import synthesise
from tauspeech.speech.utterances import Utterance

FOUNDATION = FOUNDATIONS / "small"
TRANSCRIBE, TRANSLATE = (SpeechTask(kind, "zh", "en") for kind in ("transcribe", "translate"))


class Recorder:
    """CTranslate2's class of Whisper models, which keeps the arguments of its calls."""

    def __init__(self, folder, **options):
        self.options, self.encoded, self.asked = options, [], []

    def encode(self, features):
        self.encoded.append(features.shape)
        return features

    def generate(self, states, prompts, **settings):
        self.asked.append((prompts, settings))
        return [SimpleNamespace(sequences_ids=[[40 + row]]) for row in range(len(prompts))]


@pytest.fixture
def package(monkeypatch):
    view = SimpleNamespace(from_array=lambda array: array)
    fake = SimpleNamespace(models=SimpleNamespace(Whisper=Recorder), StorageView=view)
    monkeypatch.setitem(sys.modules, "ctranslate2", fake)


@pytest.fixture(scope="module")
def model():
    return open_model(FOUNDATION)


@pytest.fixture
def converted(package, model, monkeypatch):
    monkeypatch.setattr(model, "converted", ConvertedWhisper(model, FOUNDATION, 1))
    return model


def sounds(count):
    random = np.random.default_rng(1)
    return [random.normal(0, 0.1, RATE).astype(np.float32) for _ in range(count)]


def test_prompt_beams_lengths_and_suppressed_tokens_are_ours(converted):
    batch = converted.encode([converted.features(each) for each in sounds(2)])
    converted.decode(batch, TRANSLATE, beams=3, new_tokens=20)
    ((prompts, settings),) = converted.converted._network.asked
    prompt = converted.labels("", TRANSLATE)[:3]
    assert prompts == [[converted.network.generation_config.decoder_start_token_id, *prompt]] * 2
    assert (settings["beam_size"], settings["max_length"], settings["suppress_blank"]) == (3, 40, True)
    assert settings["suppress_tokens"] == converted.network.generation_config.suppress_tokens
    assert converted.converted._network.options["compute_type"] == "float32"


def test_a_batch_is_encoded_in_pieces_and_once_for_all_tasks(converted):
    network = converted.converted._network
    batch = converted.encode([converted.features(each) for each in sounds(PIECE + 1)])
    texts = [converted.decode(batch, task, beams=1, new_tokens=5) for task in (TRANSCRIBE, TRANSLATE)]
    assert [shape[0] for shape in network.encoded] == [PIECE, 1]
    assert [len(prompts) for prompts, _ in network.asked] == 2 * [PIECE, 1]
    assert len(texts[0]) == PIECE + 1
    converted.decode(converted.encode([converted.features(sounds(1)[0])]), TRANSCRIBE, beams=1, new_tokens=5)
    assert [shape[0] for shape in network.encoded] == [PIECE, 1, 1]


def test_inputs_that_numpy_cannot_share_are_copied(converted):
    """Inputs on a GPU, for which --engine ctranslate2 was asked, are copied likewise."""
    batch = torch.zeros(1, 80, 10, requires_grad=True)
    assert converted.converted.generate(batch, {"num_beams": 1, "max_new_tokens": 5}) == [[40]]


def test_settings_that_it_would_not_follow_are_named(package, model, monkeypatch):
    monkeypatch.setattr("tauspeech.models.conversion.require_ctranslate2", lambda: None)
    monkeypatch.setattr(model.network.generation_config, "no_repeat_ngram_size", 3)
    with pytest.raises(
        UserError, match="have no_repeat_ngram_size, which is not used with CTranslate2: choose the engine"
    ):
        use_converted(model, FOUNDATION, FOUNDATION, 1)


@pytest.mark.parametrize("beams", [1, 3])
def test_texts_are_those_of_transformers(model, tmp_path, beams):
    pytest.importorskip("ctranslate2", reason="ctranslate2 is optional and not installed")
    sentences = ["昨天我们参观了巴黎。", "巴黎离里昂远吗？", "很多人都知道莎士比亚的名字。"]
    voice = {"voices": ["cmn"], "rate": [230, 250], "pitch": [45, 55], "longest": 30.0}
    spoken = synthesise([Utterance(f"u{number}", text) for number, text in enumerate(sentences)], voice, 1, 1)
    samples = [decode_audio(each.flac) for each in spoken]
    convert(FOUNDATION, tmp_path / "converted")
    assert {"tokenizer.json", "preprocessor_config.json"} <= {file.name for file in (tmp_path / "converted").iterdir()}
    other = open_model(FOUNDATION)
    use_converted(other, FOUNDATION, tmp_path / "converted", 1)

    def texts(decoding, task, new_tokens):
        batch = decoding.encode([decoding.features(each) for each in samples])
        return decoding.decode(batch, task, beams=beams, new_tokens=new_tokens)

    with torch.inference_mode():
        for task in (TRANSCRIBE, TRANSLATE):
            for new_tokens in (100, 5, 2, 1):
                assert texts(other, task, new_tokens) == texts(model, task, new_tokens)


# Conversions of a run


@pytest.fixture
def run_folder(tmp_path, package, monkeypatch):
    """A run with a merged model and its conversion; gives the merged model's folder."""
    merged, made = tmp_path / "merged/a--ta", tmp_path / "converted/a--ta"
    for folder, file in ((merged, "model.safetensors"), (made, "model.bin")):
        folder.mkdir(parents=True)
        (folder / file).write_bytes(b"weights")
    write_receipt(merged / "receipt.json", "k", {}, {}, [merged / "model.safetensors"], 1)
    used = {"model": {"key": "k", "receipt": Receipt.read(merged / "receipt.json").digest}}
    write_receipt(made / "receipt.json", "c", {}, used, [made / "model.bin"], 1)
    return merged


def test_the_conversion_of_a_run_is_used_while_it_is_of_the_same_model(run_folder, model, monkeypatch, tmp_path):
    converted = []
    monkeypatch.setattr(module, "convert", lambda folder, out: converted.append(folder))
    monkeypatch.setattr(module, "use_converted", lambda model, folder, threads: converted.append(folder))
    convert_and_use(model, run_folder, 1)
    assert converted == [tmp_path / "converted/a--ta"]
    write_receipt(run_folder / "receipt.json", "other", {}, {}, [run_folder / "model.safetensors"], 1)
    convert_and_use(model, run_folder, 1)
    assert converted[1] == run_folder and converted[2].name == "converted" and not converted[2].exists()
