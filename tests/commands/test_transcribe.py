"""`tauspeech transcribe`: files of any format and length, with a line for each, and errors in one sentence."""

import argparse
import json
import shutil
from itertools import pairwise
from types import SimpleNamespace

import numpy as np
import pytest
import soundfile
import soxr
import torch
from tests.models.whisper.published import published
from transformers import (
    GenerationConfig,
    WhisperConfig,
    WhisperFeatureExtractor,
    WhisperForConditionalGeneration,
    WhisperProcessor,
)

from tauspeech.commands import transcribe
from tauspeech.data.audio import RATE, decode_audio
from tauspeech.models import ctranslate2_package
from tauspeech.models.family import open_model
from tauspeech.models.foundation_sizes import SIZES
from tauspeech.models.pauses import cut, utterances
from tauspeech.models.tasks import SpeechTask
from tauspeech.models.whisper import long_audio
from tauspeech.models.whisper.family import PROMPT, Whisper
from tauspeech.models.whisper.foundation import new_model
from tauspeech.models.whisper.prompt import settings_from_vocabulary
from tauspeech.runtime.errors import UserError
from tauspeech.runtime.paths import FOUNDATIONS
from tauspeech.speech.espeak_pool import synthesise
from tauspeech.speech.utterances import Utterance

FOUNDATION = FOUNDATIONS / "small"
SENTENCES = ["昨天我们参观了巴黎。", "巴黎离里昂远吗？", "很多人都知道莎士比亚的名字。"]
VOICE = {"voices": ["cmn"], "rate": [230, 250], "pitch": [45, 55], "longest": 30.0}


@pytest.fixture
def run(capsys):
    """The command with these arguments; the lines of its output are in ``out`` and ``err``."""
    parser = argparse.ArgumentParser()
    transcribe.add(parser.add_subparsers())

    def call(*arguments):
        args = parser.parse_args(["transcribe", "--threads", "1", *map(str, arguments)])
        capsys.readouterr()
        try:
            args.run(args)
        finally:
            call.out, call.err = (text.splitlines() for text in capsys.readouterr())
        return call.out

    return call


@pytest.fixture(autouse=True)
def without_ctranslate2(monkeypatch):
    monkeypatch.setattr(ctranslate2_package, "installed", lambda: None)


@pytest.fixture
def program(monkeypatch):
    """CTranslate2 in place of which a stub writes the same text, whatever it gets; what it was asked for is kept."""
    asked = []

    def use(model, folder, threads):
        text = model.labels(SENTENCES[2], SpeechTask("transcribe", "zh", "en"))

        def generate(inputs, settings):
            asked.append(settings)
            return [text for _ in inputs]

        model.converted = SimpleNamespace(generate=generate)

    monkeypatch.setattr(ctranslate2_package, "installed", lambda: "4.7.0")
    monkeypatch.setattr(long_audio, "convert_and_use", use)
    return asked


@pytest.fixture(scope="module")
def speech():
    """Samples of each sentence."""
    utterances = [Utterance(f"u{number}", text) for number, text in enumerate(SENTENCES)]
    sounds = list(synthesise(utterances, VOICE, 1, 1))  # all first: it forks, and decoding holds locks
    return [decode_audio(sound.flac) for sound in sounds]


@pytest.fixture(scope="module")
def plain(speech):
    """Hypotheses of the foundation for each sentence alone, decoded as in the workflow."""
    model = open_model(FOUNDATION)
    batch = model.encode([model.features(samples) for samples in speech])
    return {
        kind: model.decode(batch, SpeechTask(kind, "zh", "en"), beams=1, new_tokens=100)
        for kind in ("transcribe", "translate")
    }


@pytest.fixture
def wav(tmp_path):
    def write(name, samples, rate=RATE, **settings):
        soundfile.write(tmp_path / name, samples, rate, **settings)
        return tmp_path / name

    return write


def test_the_output_for_a_file_is_the_workflows_hypothesis(run, wav, speech, plain):
    path = wav("a.wav", speech[0])
    assert run(FOUNDATION, path) == [plain["transcribe"][0]] == [SENTENCES[0]]
    assert run(FOUNDATION, path, "--task", "translate", "--language", "zh") == [plain["translate"][0]]


def test_lines_of_several_files_have_their_names(run, wav, speech, plain):
    paths = [wav(f"{number}.flac", samples) for number, samples in enumerate(speech)]
    assert run(FOUNDATION, *paths) == [f"{path}\t{text}" for path, text in zip(paths, plain["transcribe"], strict=True)]


def test_a_stereo_mp3_at_another_rate_gives_the_same_text(run, wav, speech):
    samples = soxr.resample(speech[0], RATE, 44_100)
    path = wav("a.mp3", np.stack([samples, samples], axis=1), 44_100)
    assert run(FOUNDATION, path) == [SENTENCES[0]]


def test_long_audio_is_transcribed_completely(run, wav, speech, plain):
    pause = np.zeros(int(0.8 * RATE), dtype=np.float32)
    path = wav("long.wav", np.concatenate([np.concatenate([samples, pause]) for samples in speech * 5]))
    assert soundfile.info(path).duration > 5 * 6  # several windows of this model
    (line,) = run(FOUNDATION, path, "--task", "translate", "--output", "json")
    result = json.loads(line)
    assert len(result["segments"]) == 15
    expected = plain["translate"] * 5
    assert sum(segment["text"] == text for segment, text in zip(result["segments"], expected, strict=True)) >= 10
    assert result["text"] == " ".join(segment["text"] for segment in result["segments"])
    starts = np.cumsum([0, *(len(samples) + len(pause) for samples in speech * 5)])[:-1] / RATE
    np.testing.assert_allclose([segment["start"] for segment in result["segments"]], starts, atol=0.1)
    assert result["language"] == "zh" and result["seconds"] == pytest.approx(soundfile.info(path).duration, abs=0.01)


def test_chinese_sentences_are_joined_without_a_space(run, wav, speech):
    path = wav("two.wav", np.concatenate([speech[0], np.zeros(RATE, dtype=np.float32), speech[0]]))
    (line,) = run(FOUNDATION, path)
    assert line.startswith(SENTENCES[0]) and " " not in line


def test_a_table_has_a_row_per_file(run, wav, speech):
    path = wav("a.wav", speech[0])
    header, row = run(FOUNDATION, path, "--output", "tsv")
    assert dict(zip(header.split("\t"), row.split("\t"), strict=True)) == {
        "file": str(path),
        "language": "zh",
        "seconds": str(round(len(speech[0]) / RATE, 2)),
        "text": SENTENCES[0],
    }


@pytest.mark.parametrize("engine", [[], ["--engine", "ctranslate2"]])
def test_ctranslate2_decodes_where_it_is_installed(run, wav, speech, program, engine):
    path = wav("a.wav", speech[0])
    assert run(FOUNDATION, path, "--language", "zh", "--beams", 2, *engine) == [SENTENCES[2]]
    most = open_model(FOUNDATION).longest_text - PROMPT
    assert program == [{"num_beams": 2, "max_new_tokens": most, "language": "zh", "task": "transcribe"}]
    assert run(FOUNDATION, path, "--engine", "transformers") == [SENTENCES[0]]


def test_a_model_whose_settings_it_would_not_follow_is_decoded_by_transformers(run, wav, speech, program, monkeypatch):
    monkeypatch.setattr(long_audio, "unsupported", lambda model: "repetition_penalty")
    assert run(FOUNDATION, wav("a.wav", speech[0])) == [SENTENCES[0]] and not program


def test_a_model_on_a_gpu_is_decoded_by_transformers(run, wav, speech, program, monkeypatch):
    places = iter(["cpu", "cuda"])  # of the network in this test, and of one with a GPU
    monkeypatch.setattr(long_audio, "device", lambda: next(places))
    assert run(FOUNDATION, wav("a.wav", speech[0])) == [SENTENCES[0]] and not program


def test_a_version_that_is_too_old_is_left_alone_unless_it_is_asked_for(run, wav, speech, program, monkeypatch):
    monkeypatch.setattr(ctranslate2_package, "installed", lambda: "4.5.0")
    path = wav("a.wav", speech[0])
    assert run(FOUNDATION, path) == [SENTENCES[0]] and not program
    with pytest.raises(UserError, match=r"ctranslate2 4\.5\.0 cannot read the files of transformers 5: run"):
        run(FOUNDATION, path, "--engine", "ctranslate2")


def test_an_engine_that_is_not_installed_is_named(run, wav, speech):
    with pytest.raises(UserError, match=r"ctranslate2 is not installed: run `pip install 'ctranslate2>=4\.7\.0'`\.$"):
        run(FOUNDATION, wav("a.wav", speech[0]), "--engine", "ctranslate2")


def test_beams_reach_the_model(run, wav, speech, monkeypatch):
    used = []
    original = WhisperForConditionalGeneration.generate
    monkeypatch.setattr(
        WhisperForConditionalGeneration,
        "generate",
        lambda self, *args, **settings: used.append(settings["num_beams"]) or original(self, *args, **settings),
    )
    run(FOUNDATION, wav("a.wav", speech[0]), "--beams", 3)
    assert used == [3]


def test_silence_gives_an_empty_text(run, wav):
    assert run(FOUNDATION, wav("silent.wav", np.zeros(10 * RATE))) == [""]


@pytest.mark.parametrize("rate", [RATE, 48_000])
def test_a_single_sample_is_audio(run, wav, rate):
    assert len(run(FOUNDATION, wav("click.wav", np.ones(1) / 2, rate))) == 1


def test_a_bad_file_does_not_stop_the_others(run, wav, speech, tmp_path):
    (tmp_path / "notes.wav").write_text("not audio")
    (tmp_path / "folder").mkdir()
    good = [wav("a.wav", speech[0]), wav("b.wav", speech[0])]
    bad = {
        tmp_path / "none.wav": "does not exist",
        tmp_path / "notes.wav": "cannot be read as audio",
        tmp_path / "folder": "is a folder",
        wav("empty.wav", np.zeros(0)): "holds no audio",
        wav("nan.wav", np.array([0.0, np.nan]), subtype="FLOAT"): "samples that are not numbers",
    }
    with pytest.raises(UserError, match=r"^5 of 7 files failed: see the messages above"):
        run(FOUNDATION, good[0], *bad, good[1])
    assert run.out == [f"{path}\t{SENTENCES[0]}" for path in good]
    assert len(run.err) == 5
    for (path, reason), line in zip(bad.items(), run.err, strict=True):
        assert str(path) in line and reason in line


def test_a_single_bad_file_is_the_error_of_the_command(run, tmp_path):
    with pytest.raises(UserError, match=r"none\.wav does not exist: check the name"):
        run(FOUNDATION, tmp_path / "none.wav")


@pytest.mark.parametrize("language", ["zh", "ZH", "zh-TW", "Chinese", "mandarin", "<|zh|>"])
def test_a_language_can_be_given_in_several_ways(run, wav, speech, language):
    assert run(FOUNDATION, wav("a.wav", speech[0]), "--language", language) == [SENTENCES[0]]


def test_an_unsupported_language_is_an_error_with_the_supported_ones(run, wav, speech):
    with pytest.raises(UserError, match=r"not support the language 'tlh': give --language one of af, .* yue, zh\.$"):
        run(FOUNDATION, wav("a.wav", speech[0]), "--language", "tlh")


def test_a_model_that_cannot_transcribe_is_an_error(run, wav, tmp_path):
    audio = wav("a.wav", np.ones(RATE))
    (tmp_path / "bert").mkdir()
    (tmp_path / "bert" / "config.json").write_text('{"model_type": "bert"}')
    for model, message in {
        tmp_path
        / "bert": "is a model of the type 'bert', and such models cannot be used to transcribe: give one of the types hubert, llama, parakeet_ctc, qwen2_audio, "
        "wav2vec2, wav2vec2-conformer, wavlm, whisper",
        tmp_path: "has no config.json",
        tmp_path / "no" / "where": "neither a model folder nor a hub id",
        audio: "neither a model folder nor a hub id",
    }.items():
        with pytest.raises(UserError, match=message):
            run(model, audio)


def test_an_incomplete_download_is_an_error(run, wav, tmp_path):
    half = shutil.copytree(FOUNDATION, tmp_path / "half")
    weights = half / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:100_000])
    with pytest.raises(UserError, match=r"half/model\.safetensors is truncated .*; copy or download it again"):
        run(half, wav("a.wav", np.ones(RATE)))


def changed(folder, copy, **settings):
    """A copy of a model with other generation settings; None removes one."""
    shutil.copytree(folder, copy)
    path = copy / "generation_config.json"
    content = {**json.loads(path.read_text()), **settings}
    path.write_text(json.dumps({name: value for name, value in content.items() if value is not None}))
    return copy


def test_missing_languages_are_found_in_the_tokenizer(run, wav, speech, tmp_path):
    reduced = changed(FOUNDATION, tmp_path / "m", lang_to_id=None, task_to_id=None, is_multilingual=None)
    assert run(reduced, wav("a.wav", speech[0])) == [SENTENCES[0]]
    assert run(reduced, wav("a.wav", speech[0]), "--language", "zh") == [SENTENCES[0]]


def test_settings_of_an_english_model_have_no_languages():
    vocabulary = {"<|en|>": 50_258, "<|translate|>": 50_357, "<|transcribe|>": 50_358, "<|notimestamps|>": 50_362}
    assert settings_from_vocabulary(vocabulary, 51_864) == {"is_multilingual": False, "no_timestamps_token_id": 50_362}
    assert settings_from_vocabulary(vocabulary, 51_865)["lang_to_id"] == {"<|en|>": 50_258}


def test_a_shortened_max_length_does_not_truncate_the_text(run, wav, speech, tmp_path):
    short = changed(FOUNDATION, tmp_path / "m", max_length=6)
    assert run(short, wav("a.wav", speech[0])) == [SENTENCES[0]]


@pytest.fixture(scope="module")
def untrained(tmp_path_factory):
    folder = tmp_path_factory.mktemp("untrained")
    new_model(SENTENCES, SIZES["tiny"], 1).save(folder)
    return folder


def test_a_language_that_cannot_be_detected_has_to_be_given(run, wav, speech, untrained):
    path = wav("a.wav", speech[0])
    with pytest.raises(UserError, match=r"a\.wav: the spoken language cannot be detected: give it with --lang"):
        run(untrained, path)
    assert len(run(untrained, path, "--language", "zh")) == 1


def test_an_english_model_refuses_other_languages_and_tasks(run, wav, speech, untrained, tmp_path):
    english, path = changed(untrained, tmp_path / "en", is_multilingual=False), wav("a.wav", speech[0])
    assert json.loads(run(english, path, "--output", "json")[0])["language"] == "en"
    assert json.loads(run(english, path, "--output", "json", "--language", "english")[0])["language"] == "en"
    with pytest.raises(UserError, match=r"not support the language 'zh': give --language one of en\."):
        run(english, path, "--language", "zh")
    with pytest.raises(UserError, match="English-only and cannot translate"):
        run(english, path, "--task", "translate")


def scripted(folder, text):
    """A model with a window of 30 s whose output depends on positions alone and is ``text``; <|1.00|> is a timestamp."""
    untrained = new_model(SENTENCES, SIZES["tiny"], 1)
    tokenizer, small = untrained.processor.tokenizer, untrained.network
    tokenizer.add_tokens([f"<|{number / 50:.2f}|>" for number in range(1501)])
    settings = {
        "d_model": 64,
        "decoder_ffn_dim": 8,
        "encoder_ffn_dim": 8,
        "max_source_positions": 1500,
        "vocab_size": len(tokenizer),
    }
    network = WhisperForConditionalGeneration(WhisperConfig(**{**small.config.to_dict(), **settings}))
    network.generation_config = GenerationConfig(**small.generation_config.to_dict())
    written = tokenizer.convert_tokens_to_ids(["<|zh|>", "<|transcribe|>", "<|0.00|>"])
    written += [*tokenizer(text, add_special_tokens=False).input_ids, tokenizer.eos_token_id]
    with torch.no_grad():
        for name, weight in network.model.decoder.named_parameters():
            if name.startswith("layers.") and ("fc2" in name or "out_proj" in name):
                weight.zero_()
        tokens, positions = network.model.decoder.embed_tokens.weight, network.model.decoder.embed_positions.weight
        tokens.copy_(torch.randn(tokens.shape, generator=torch.Generator().manual_seed(1)))
        positions[: len(written)] = 20 * tokens[written]
    Whisper(network, WhisperProcessor(WhisperFeatureExtractor(), tokenizer)).save(folder)
    return folder


@pytest.mark.parametrize("beams", [1, 3])
def test_windows_follow_the_timestamps_of_a_model_that_predicts_them(run, wav, tmp_path, beams):
    model = scripted(tmp_path / "m", "We<|12.00|><|12.00|> They<|20.00|><|20.00|>")
    noise = 0.1 * np.random.default_rng(1).standard_normal(65 * RATE)
    result = json.loads(run(model, wav("a.wav", noise), "--output", "json", "--beams", beams)[0])
    assert result["text"] == "We They We They We They We They"
    assert [segment["start"] for segment in result["segments"]] == [0, 12, 20, 32, 40, 52, 60, 72]
    # Short audio is decoded in one call, as in the workflow: timestamps are neither printed nor repeat the window.
    assert run(model, wav("b.wav", noise[: 10 * RATE])) == ["We They"]


def test_audio_for_a_model_without_timestamps_is_cut_at_pauses(run, wav, tmp_path):
    samples = 0.1 * np.random.default_rng(1).standard_normal(65 * RATE)
    for second in (8, 23, 45):  # the first is too early for a cut
        samples[int((second - 0.2) * RATE) : int((second + 0.2) * RATE)] *= 0.01
    model = scripted(tmp_path / "m", "We")
    result = json.loads(run(model, wav("a.wav", samples), "--output", "json")[0])
    assert result["text"] == "We We We"
    np.testing.assert_allclose([segment["start"] for segment in result["segments"]], [0, 23, 45], atol=0.2)
    assert result["segments"][-1]["end"] == 65


def noise(seconds):
    return 0.1 * np.random.default_rng(0).standard_normal(round(seconds * RATE)).astype(np.float32)


@pytest.mark.parametrize("seconds", [0.001, 5.99, 6, 6.001, 13, 100])
@pytest.mark.parametrize("sound", [noise, lambda seconds: np.zeros(round(seconds * RATE), dtype=np.float32)])
def test_cuts_cover_everything_and_fit(seconds, sound):
    spans = cut(sound(seconds), 6 * RATE)
    assert spans[0][0] == 0 and spans[-1][1] == round(seconds * RATE)
    assert all(end == start for (_, end), (start, _) in pairwise(spans))
    assert all(0 < end - start <= 6 * RATE for start, end in spans)
    assert all(end - start >= 4 * RATE for start, end in spans[:-1])


@pytest.mark.parametrize("background", [0, 0.002])
def test_utterances_are_found_in_clean_and_in_noisy_recordings(background):
    samples = background * np.random.default_rng(1).standard_normal(30 * RATE).astype(np.float32)
    parts = [(2.0, 4.0), (4.2, 5.0), (6.0, 15.0)]  # a short pause, a long one, and more than fits
    for start, end in parts:
        samples[round(start * RATE) : round(end * RATE)] += noise(end - start)
    spans = [(start / RATE, end / RATE) for start, end in utterances(samples, 6 * RATE)]
    assert spans[0] == pytest.approx((2.0, 5.0), abs=0.15)
    assert (spans[1][0], spans[-1][1]) == pytest.approx((6.0, 15.0), abs=0.15)
    assert len(spans) == 3 and all(end - start <= 6 for start, end in spans)


# Words


@pytest.fixture
def words(tmp_path):
    def write(content):
        (tmp_path / "words.txt").write_text(content, encoding="utf-8")
        return tmp_path / "words.txt"

    return write


def test_words_are_favoured_by_their_strength(run, wav, speech, words, program):
    """Also where CTranslate2 is installed, which takes no words."""
    path, listed = wav("a.wav", speech[0]), words("\n阿维尼翁\n")
    assert run(FOUNDATION, path, "--language", "zh", "--words", listed, "--strength", 0) == [SENTENCES[0]]
    (found,) = run(FOUNDATION, path, "--language", "zh", "--words", listed, "--strength", 100)
    assert "阿维尼翁" in found and not program


@pytest.mark.parametrize("kind", ["foundation", "published"])
def test_a_prompt_is_no_part_of_the_text(run, wav, speech, words, tmp_path, kind):
    folder = FOUNDATION
    if kind == "published":
        folder = tmp_path / "model"
        published(SENTENCES, noise=0.3).save(folder)
    (found,) = run(folder, wav("a.wav", speech[0]), "--language", "zh", "--words", words("Xyzzy\nQuux"), "--as-prompt")
    assert "Xyzzy" not in found and "Quux" not in found


@pytest.mark.parametrize(
    ("content", "options", "says"),
    [
        (None, ["--strength", "2"], "--strength and --as-prompt are about words: give --words"),
        ("巴黎", ["--strength", "-1"], "--strength is -1: give 0 or more"),
        ("巴黎", ["--engine", "ctranslate2"], "CTranslate2 decodes without words: leave --engine out, or --words"),
        ("\n \n", [], "has no words: write a word or phrase into each line"),
        ("巴黎\n<|en|>", ["--as-prompt"], r"words\.txt: '<\|en\|>' is a token of a model"),
    ],
)
def test_mistakes_about_words_are_one_sentence(run, wav, speech, words, content, options, says):
    given = [] if content is None else ["--words", words(content)]
    with pytest.raises(UserError, match=says):
        run(FOUNDATION, wav("a.wav", speech[0]), "--language", "zh", *given, *options)


def test_a_file_of_words_that_is_not_there_is_named(run, wav, speech, tmp_path):
    with pytest.raises(UserError, match=r"the list of words \S*none\.txt does not exist"):
        run(FOUNDATION, wav("a.wav", speech[0]), "--words", tmp_path / "none.txt")


def test_models_without_hints_take_no_words(run, wav, speech, words):
    with pytest.raises(
        UserError, match=r"of the type 'parakeet_ctc', whose decoding takes no words: leave --words out"
    ):
        run(FOUNDATIONS / "ctc-small", wav("a.wav", speech[0]), "--words", words("Paris"))
