"""The small Whisper is a real one: what it saves, transformers loads and asks in the usual way."""

import json

import numpy as np
import pytest
import torch
from transformers import WhisperForConditionalGeneration, WhisperProcessor

from tauspeech.data.audio import RATE, encode_audio
from tauspeech.models.decoding import Decoder
from tauspeech.models.tasks import speech_task
from tauspeech.models.validation import validation_score
from tauspeech.models.whisper.family import features, load, save_like, transcribe
from tauspeech.models.whisper.foundation import SIZES, build_model, build_processor, save
from tauspeech.runtime.errors import UserError

TEXTS = ["我们参观了柏林墙。", "We visited the Berlin Wall.", "比起拉斐尔，我更喜欢肖邦。"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    target = tmp_path_factory.mktemp("model")
    processor = build_processor(TEXTS, SIZES["tiny"])
    save(build_model(processor, SIZES["tiny"], 1), processor, target)
    return target


def test_the_generation_config_survives_a_reload(folder):
    model = WhisperForConditionalGeneration.from_pretrained(folder)
    assert model.generation_config.lang_to_id["<|zh|>"] == WhisperProcessor.from_pretrained(
        folder
    ).tokenizer.convert_tokens_to_ids("<|zh|>")
    assert set(model.generation_config.task_to_id) == {"transcribe", "translate"}
    assert model.generation_config.is_multilingual


def test_texts_survive_the_tokenizer(folder):
    tokenizer = WhisperProcessor.from_pretrained(folder).tokenizer
    for text in [*TEXTS, "Neuschwanstein, 新天鹅堡!"]:
        assert tokenizer.decode(tokenizer(text, add_special_tokens=False).input_ids) == text


def test_the_prompt_is_what_whispers_own_tokenizer_makes(folder):
    tokenizer = WhisperProcessor.from_pretrained(folder).tokenizer
    tokenizer.set_prefix_tokens(language="chinese", task="translate", predict_timestamps=False)
    assert (
        tokenizer.decode(tokenizer("We").input_ids)
        == "<|startoftranscript|><|zh|><|translate|><|notimestamps|>We<|endoftext|>"
    )


def test_the_same_seed_makes_the_same_model():
    processor = build_processor(TEXTS, SIZES["tiny"])
    first, second, other = (build_model(processor, SIZES["tiny"], seed).state_dict() for seed in (1, 1, 2))
    assert all(torch.equal(first[name], second[name]) for name in first)
    assert not all(torch.equal(first[name], other[name]) for name in first)


def test_what_is_longer_than_the_model_hears_is_refused_and_not_cut(folder):
    how = {"precision": "fp32", "batch": 1, "beams": 1, "new_tokens": 5}
    decoder = Decoder(*load(folder), how)
    sound = encode_audio(np.zeros(RATE, dtype=np.float32))
    rows = [{"utterance": f"u-{length}", "seconds": length, "audio": {"bytes": sound}} for length in (6.0, 6.25)]
    assert len(decoder.decode(rows[:1], speech_task("transcribe", "zh", "zh"))) == 1
    assert list(map(decoder.hears, rows)) == [True, False]
    with pytest.raises(
        UserError, match=r"utterance u-6\.25 lasts 6\.25 s and the model hears 6 s at once: set speech\.longest to 6,"
    ):
        decoder.decode(rows, speech_task("transcribe", "zh", "zh"))


def test_a_model_writes_text_for_either_task(folder):
    model, processor = load(folder)
    heard = [features(processor, np.zeros(16_000, dtype=np.float32))] * 2
    for task in ("translate", "transcribe"):
        texts = transcribe(model, processor, heard, language="zh", task=task, beams=2, new_tokens=5)
        assert len(texts) == 2 and texts[0] == texts[1]


def test_a_saved_fine_tune_differs_from_its_base_in_weights_alone(folder, tmp_path):
    model, _ = load(folder)
    with torch.no_grad():
        model.model.decoder.embed_tokens.weight.add_(1)
    save_like(folder, model, tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == {path.name for path in folder.iterdir()}
    for path in folder.glob("*.json"):
        assert path.read_bytes() == (tmp_path / path.name).read_bytes()
    again, _ = load(tmp_path)
    assert torch.equal(again.proj_out.weight, model.model.decoder.embed_tokens.weight)


def test_a_folder_without_a_model_is_one_sentence(tmp_path):
    (tmp_path / "config.json").write_text(json.dumps({"model_type": "whisper"}))
    with pytest.raises(UserError, match="no Whisper model could be loaded from"):
        load(tmp_path)


def test_whisper_is_asked_in_the_language_that_it_was_trained_with():
    assert speech_task("translate", "zh", "en").prompt == "zh"
    assert speech_task("translate", "en", "de").prompt == "de"
    assert (speech_task("transcribe", "zh", "en").prompt, speech_task("transcribe", "zh", "en").written) == ("zh", "zh")


def test_validation_scores_grow_with_quality():
    truth = ["We visited the Berlin Wall yesterday.", "Raphael is famous all over the world."]
    assert validation_score("translate", "en", truth, [text.upper() for text in truth]) == pytest.approx(100)
    assert validation_score("transcribe", "zh", ["柏林墙，很高。"], ["柏林墙很低"]) == pytest.approx(80)
    assert validation_score("transcribe", "en", ["one two three four"], ["one two three"]) == pytest.approx(75)
