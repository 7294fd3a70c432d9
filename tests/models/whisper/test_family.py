"""The Whisper family and its foundations: what they save, transformers loads and prompts in the usual way."""

import json

import numpy as np
import pytest
import torch
from transformers import WhisperForConditionalGeneration, WhisperProcessor

from tauspeech.models.family import Example, open_model
from tauspeech.models.foundation_sizes import SIZES
from tauspeech.models.tasks import SpeechTask
from tauspeech.models.whisper.family import Whisper, prompt_language
from tauspeech.models.whisper.foundation import build_processor, new_model
from tauspeech.runtime.errors import UserError
from tauspeech.runtime.paths import FOUNDATIONS
from tests.models.whisper.published import published

TEXTS = ["我们参观了柏林墙。", "We visited the Berlin Wall.", "比起拉斐尔，我更喜欢肖邦。"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    target = tmp_path_factory.mktemp("model")
    new_model(TEXTS, SIZES["tiny"], 1).save(target)
    return target


def test_the_generation_config_survives_a_reload(folder):
    model = WhisperForConditionalGeneration.from_pretrained(folder)
    assert model.generation_config.lang_to_id["<|zh|>"] == WhisperProcessor.from_pretrained(
        folder
    ).tokenizer.convert_tokens_to_ids("<|zh|>")
    assert set(model.generation_config.task_to_id) == {"transcribe", "translate"}
    assert model.generation_config.is_multilingual


def test_the_sinusoids_of_the_encoder_are_not_trained(folder):
    """transformers forgets on loading that they are fixed."""
    frozen = [name for name, weight in open_model(folder).network.named_parameters() if not weight.requires_grad]
    assert frozen == ["model.encoder.embed_positions.weight"]


def test_texts_survive_the_tokenizer(folder):
    tokenizer = WhisperProcessor.from_pretrained(folder).tokenizer
    for text in [*TEXTS, "Neuschwanstein, 新天鹅堡!"]:
        assert tokenizer.decode(tokenizer(text, add_special_tokens=False).input_ids) == text


def test_the_prompt_is_what_whispers_own_tokenizer_makes(folder):
    tokenizer = WhisperProcessor.from_pretrained(folder).tokenizer
    tokenizer.set_prefix_tokens(language="chinese", task="translate", predict_timestamps=False)
    expected = "<|startoftranscript|><|zh|><|translate|><|notimestamps|>We<|endoftext|>"
    assert tokenizer.decode(tokenizer("We").input_ids) == expected
    labels = open_model(folder).labels("We", SpeechTask("translate", "zh", "en"))
    assert tokenizer.decode(labels) == expected.removeprefix("<|startoftranscript|>")


@pytest.mark.parametrize(
    ("task", "text", "written"),
    [
        (SpeechTask("transcribe", "en", "en"), "We visited", " We visited"),
        (SpeechTask("transcribe", "en", "en"), "  We", " We"),
        (SpeechTask("transcribe", "en", "en"), "", ""),
        (SpeechTask("translate", "zh", "en"), "We", " We"),
        (SpeechTask("transcribe", "zh", "en"), "我们", "我们"),
        (SpeechTask("translate", "en", "ja"), "我们", "我们"),
    ],
)
def test_labels_of_a_published_whisper_begin_with_a_space_in_languages_that_have_spaces(task, text, written):
    model = published(TEXTS)
    shown = model.processor.tokenizer.decode(model.labels(text, task))
    assert shown.partition("<|notimestamps|>")[2] == f"{written}<|endoftext|>"
    assert model.leading_space


@pytest.mark.parametrize("size", ["small", "multilingual-small"])
def test_labels_of_the_bundled_foundations_begin_without_a_space(size):
    model = open_model(FOUNDATIONS / size)
    labels = model.labels("We", SpeechTask("transcribe", "en", "en"))
    assert model.processor.tokenizer.decode(labels) == "<|en|><|transcribe|><|notimestamps|>We<|endoftext|>"
    assert not model.leading_space


def test_a_fine_tune_of_a_published_whisper_keeps_the_space(tmp_path):
    model = published(TEXTS)
    model.save(tmp_path / "base")
    model.save_like(tmp_path / "base", tmp_path / "fine-tune")
    assert open_model(tmp_path / "fine-tune").leading_space


def reduced(folder, **generation):
    """A published Whisper with changed generation settings; None removes one."""
    published(TEXTS, noise=0.03).save(folder)
    path = folder / "generation_config.json"
    settings = json.loads(path.read_text()) | generation
    path.write_text(json.dumps({name: value for name, value in settings.items() if value is not None}))
    return folder


def decoded(model, task, beams=1):
    features = model.features(np.random.default_rng(1).normal(0, 0.1, 16_000).astype(np.float32))
    return model.decode(model.encode([features]), task, beams=beams, new_tokens=5)


LACKING = {"lang_to_id": None, "task_to_id": None, "is_multilingual": None, "no_timestamps_token_id": None}
ENGLISH = SpeechTask("transcribe", "en", "en")


def test_an_old_fine_tune_whose_tokenizer_does_not_name_timestamps_has_them_and_the_space(tmp_path):
    build_processor(TEXTS, SIZES["tiny"]).tokenizer.save_pretrained(reduced(tmp_path))
    model = open_model(tmp_path)
    assert "<|0.00|>" not in model.processor.tokenizer.get_vocab()
    assert model.leading_space
    assert len(model._timestamps) == 301


@pytest.mark.parametrize("whisper", [True, False])
def test_words_that_a_fine_tune_has_added_are_decoded_and_are_no_timestamps(whisper):
    model = published(TEXTS) if whisper else new_model(TEXTS, SIZES["tiny"], 1)
    tokenizer, network = model.processor.tokenizer, model.network
    tokenizer.add_tokens(["Neuschwanstein", "Avignon"])
    network.resize_token_embeddings(len(tokenizer), mean_resizing=False)
    changed = Whisper(network, model.processor)
    assert changed._timestamps == model._timestamps
    assert changed.leading_space == whisper


def test_an_old_fine_tune_without_languages_in_its_generation_settings_is_prompted_as_others(tmp_path):
    whole, lacking = (open_model(reduced(tmp_path / name, **change)) for name, change in (("a", {}), ("b", LACKING)))
    for task in (ENGLISH, SpeechTask("translate", "zh", "en")):
        assert decoded(lacking, task) == decoded(whole, task)
        assert lacking.labels("We", task) == whole.labels("We", task)


@pytest.mark.parametrize("beams", [1, 2])
def test_an_english_only_model_is_prompted_without_language_and_task(tmp_path, beams):
    model = open_model(reduced(tmp_path, **LACKING | {"is_multilingual": False}))
    labels = model.labels("We", ENGLISH)
    assert model.processor.tokenizer.decode(labels) == "<|notimestamps|> We<|endoftext|>"
    assert len(decoded(model, ENGLISH, beams)) == 1
    for task in (SpeechTask("transcribe", "de", "de"), SpeechTask("translate", "de", "en")):
        for call in (lambda task=task: decoded(model, task, beams), lambda task=task: model.labels("We", task)):
            with pytest.raises(UserError, match="English-only and cannot"):
                call()


def test_a_language_that_the_model_has_no_token_for_is_refused(folder):
    model, mandarin = open_model(folder), SpeechTask("transcribe", "cmn", "en")
    for call in (lambda: decoded(model, mandarin), lambda: model.labels("我们", mandarin)):
        with pytest.raises(UserError, match="does not support the language 'cmn': give one of af, am"):
            call()


@pytest.mark.parametrize("beams", [1, 3])
def test_timestamps_are_never_decoded(monkeypatch, beams):
    model, ids = published(TEXTS, noise=0.3), []
    tokenizer = model.processor.tokenizer
    first = tokenizer.convert_tokens_to_ids("<|0.00|>")
    with torch.no_grad():  # they would be the most probable tokens
        model.network.model.decoder.embed_tokens.weight[first:] *= 4
    monkeypatch.setattr(tokenizer, "batch_decode", lambda found, **_: ids.extend(found.flatten().tolist()) or [""])
    encoded = model.encode([model.features(np.zeros(16_000, dtype=np.float32))] * 2)
    task = SpeechTask("transcribe", "en", "en")
    model.decode(encoded, task, beams=beams, new_tokens=12)
    assert len(ids) == 2 * 12 and max(ids) < first
    never = set(model.network.generation_config.suppress_tokens)
    assert never and not never & set(ids)
    model._timestamps = []
    ids.clear()
    model.decode(encoded, task, beams=beams, new_tokens=12)
    assert max(ids) >= first


def test_the_same_seed_makes_the_same_model():
    first, second, other = (new_model(TEXTS, SIZES["tiny"], seed).network.state_dict() for seed in (1, 1, 2))
    assert all(torch.equal(first[name], second[name]) for name in first)
    assert not all(torch.equal(first[name], other[name]) for name in first)


def test_the_model_decodes_either_task(folder):
    model = open_model(folder)
    encoded = model.encode([model.features(np.zeros(16_000, dtype=np.float32))] * 2)
    for kind in ("translate", "transcribe"):
        texts = model.decode(encoded, SpeechTask(kind, "zh", "en"), beams=2, new_tokens=5)
        assert len(texts) == 2 and texts[0] == texts[1]


def test_a_batch_is_padded_where_the_loss_does_not_count(folder):
    model = open_model(folder)
    features = model.features(np.zeros(16_000, dtype=np.float32))
    labels = [model.labels(text, SpeechTask("transcribe", "zh", "en")) for text in ("墙", TEXTS[0])]
    batch = model.collate([Example(features, each) for each in labels])
    assert batch["labels"][0].tolist() == labels[0] + [-100] * (len(labels[1]) - len(labels[0]))
    assert batch["labels"][1].tolist() == labels[1]
    assert torch.isfinite(model.network(**batch).loss)


def test_weights_are_replaced_by_name_and_the_others_stay(folder):
    model = open_model(folder)
    name = "model.encoder.layer_norm.bias"
    before = {key: tensor.clone() for key, tensor in model.network.state_dict().items()}
    model.load_weights([(name, np.full(SIZES["tiny"].width, 3, np.float32))])
    after = model.network.state_dict()
    assert {key for key in before if not torch.equal(before[key], after[key])} == {name}
    assert (after[name] == 3).all()


def test_a_saved_fine_tune_differs_from_its_base_in_weights_alone(folder, tmp_path):
    model = open_model(folder)
    embedding = model.network.model.decoder.embed_tokens.weight
    with torch.no_grad():
        embedding.add_(1)
    model.save_like(folder, tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == {path.name for path in folder.iterdir()}
    for path in folder.glob("*.json"):
        assert path.read_bytes() == (tmp_path / path.name).read_bytes()
    assert torch.equal(open_model(tmp_path).network.proj_out.weight, embedding)


def test_models_with_the_same_feature_extractor_share_features(folder, tmp_path):
    model = open_model(folder)
    assert new_model(["another text"], SIZES["tiny"], 2).features_id == model.features_id
    model.processor.feature_extractor.hop_length = 160
    model.save(tmp_path)
    assert open_model(tmp_path).features_id != open_model(folder).features_id


def test_a_folder_without_a_model_is_one_sentence(tmp_path):
    (tmp_path / "config.json").write_text(json.dumps({"model_type": "whisper"}))
    with pytest.raises(UserError, match="no Whisper model could be loaded from"):
        open_model(tmp_path)


def test_a_model_of_no_family_is_refused(tmp_path):
    (tmp_path / "config.json").write_text(json.dumps({"model_type": "bert"}))
    with pytest.raises(
        UserError, match=r"is a model of the type 'bert', which is not supported: give one of the types"
    ):
        open_model(tmp_path)


def test_whisper_is_prompted_in_the_language_that_it_was_trained_with():
    assert prompt_language(SpeechTask("translate", "zh", "en")) == "zh"
    assert prompt_language(SpeechTask("translate", "en", "de")) == "de"
    assert prompt_language(SpeechTask("transcribe", "zh", "en")) == "zh"
