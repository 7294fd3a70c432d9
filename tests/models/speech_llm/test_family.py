"""Speech LLMs with units: prompts, loss on the answer, training, generation in batches, and mistakes of users."""

import copy
import json
import shutil
from dataclasses import replace

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from tauspeech.models.dialogue.instructions import before_input
from tauspeech.models.family import Example, open_model
from tauspeech.models.speech_llm.expansion import expand
from tauspeech.models.speech_llm.family import SpeechLLM
from tauspeech.models.tasks import SpeechTask
from tauspeech.runtime.errors import UserError
from tests.models.speech_llm.small import ENCODER, SENTENCES, UNITS, extractor, speech, speech_llm, text_model

TRANSCRIBE, TRANSLATE = SpeechTask("transcribe", "en", "en"), SpeechTask("translate", "en", "de")
TEXTS = {"en": "turn on the light", "de": "schalte das Licht an"}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return speech_llm(tmp_path_factory.mktemp("llm"))


@pytest.fixture
def model(folder):
    return open_model(folder)


def test_speech_is_one_token_for_each_unit_between_marks(model):
    features = model.features(speech(1))
    found = model.tokenizer.convert_ids_to_tokens(features.tolist())
    units = extractor().units(speech(1))
    assert found == ["<sosp>", *(f"<{unit}>" for unit in units), "<eosp>"]
    assert len(set(units.tolist())) > 2 and (np.diff(units) != 0).all()


def test_a_sequence_is_instruction_units_and_answer_with_the_loss_on_the_answer_alone(model):
    target = model.target(TEXTS, TRANSLATE)
    batch = model.collate([Example(model.features(speech(n)), model.labels(target, TRANSLATE)) for n in (1, 2)])
    tokens, answer = batch["input_ids"][0], batch["labels"][0]
    text = model.tokenizer.decode(tokens[batch["attention_mask"][0].bool()])
    assert text.startswith("[Human]: ") and " German" in text and "<sosp><" in text
    assert text.endswith("[SpeechGPT]: turn on the light <de><ST> schalte das Licht an<eoa>")
    assert model.tokenizer.decode(answer[answer >= 0]) == "turn on the light <de><ST> schalte das Licht an<eoa>"
    assert (tokens[batch["logits_to_keep"]][answer >= 0] == answer[answer >= 0]).all()


def test_a_sentence_is_input_for_a_translation_of_text(model):
    task = SpeechTask("translate_text", "en", "de")
    target = model.target(TEXTS, task)
    batch = model.collate([Example(model.features_of_text(TEXTS["en"]), model.labels(target, task))])
    text = model.tokenizer.decode(batch["input_ids"][0])
    assert " This is input: turn on the light<eoh> [SpeechGPT]: <de><MT> schalte das Licht an<eoa>" in text
    assert "<sosp>" not in text


def test_language_control_is_the_beginning_of_a_translation_and_does_not_end_there(model):
    control = SpeechTask("control_language", "en", "de")
    translation, beginning = (model.labels(model.target(TEXTS, task), task).answer for task in (TRANSLATE, control))
    assert translation[: len(beginning)] == beginning and len(beginning) < len(translation) - 2
    assert model.tokenizer.decode(beginning) == "turn on the light <de>"


def test_the_loss_is_that_of_the_answers_tokens(model):
    """Logits are computed from the place before the first token of an answer, in speech of several lengths."""
    examples = [Example(model.features(speech(n, 1 + n)), model.labels(SENTENCES[n], TRANSCRIBE)) for n in range(3)]
    batch = model.collate(examples)
    logits = (
        model.network.eval()(input_ids=batch["input_ids"], attention_mask=batch["attention_mask"])
        .logits[:, batch["logits_to_keep"]][:, :-1]
        .double()
    )
    losses = []
    for row, labels in zip(logits.log_softmax(-1), batch["labels"][:, 1:], strict=True):
        losses += [-row[place, label] for place, label in enumerate(labels) if label >= 0]
    assert len(losses) == sum(len(each.labels.answer) for each in examples)
    assert model.network(**batch).logits.shape[1] == len(batch["logits_to_keep"]) < batch["input_ids"].shape[1]
    assert model.network(**batch).loss.item() == pytest.approx(torch.stack(losses).mean().item(), rel=1e-5)


def test_a_batch_is_decoded_as_its_utterances_one_by_one(model):
    features = [model.features(speech(number, 0.5 + number / 2)) for number in range(4)]
    batch = model.answers(model.encode(features), TRANSLATE, beams=1, new_tokens=12)
    assert batch == [model.answers(model.encode([each]), TRANSLATE, beams=1, new_tokens=12)[0] for each in features]


def test_eight_utterances_are_learned_and_an_unknown_end_is_no_answer(model):
    data = [(model.features(speech(number)), SENTENCES[number]) for number in range(8)]
    # With all of the task's instructions, since decoding draws one by the units.
    prompts = sorted({tuple(model.tokenizer(before_input(TRANSCRIBE, str(n))).input_ids) for n in range(100)})
    assert len(prompts) == 10
    examples = [
        Example(features, model.labels(text, TRANSCRIBE)._replace(before=list(before)))
        for features, text in data
        for before in prompts
    ]
    batch = model.collate(examples)
    optimiser = torch.optim.AdamW(model.network.parameters(), 5e-3)
    model.network.train()
    for _ in range(150):
        optimiser.zero_grad()
        model.network(**batch).loss.backward()
        optimiser.step()
    model.network.eval()
    encoded = model.encode([features for features, _ in data])
    assert model.decode(encoded, TRANSCRIBE, beams=1, new_tokens=20) == SENTENCES
    assert model.decode(encoded, TRANSCRIBE, beams=3, new_tokens=20) == SENTENCES
    assert all(not answer.complete for answer in model.answers(encoded, TRANSLATE, beams=1, new_tokens=20))


@pytest.mark.parametrize("tied", [True, False])
def test_new_tokens_leave_what_the_model_writes_of_text_as_it_was(tmp_path, tied):
    from transformers import AutoModelForCausalLM, AutoTokenizer

    folder = speech_llm(tmp_path, tied)
    ids = AutoTokenizer.from_pretrained(folder)("play some music", return_tensors="pt").input_ids
    old, new = (AutoModelForCausalLM.from_pretrained(tmp_path / each)(ids).logits for each in ("text", "speech"))
    torch.testing.assert_close(new[..., : old.shape[-1]], old)
    assert open_model(folder).languages == ["de", "en", "fr"]


def test_a_model_that_knows_units_gets_only_what_it_lacks(folder, tmp_path):
    """SpeechGPT is such a model: it has tokens for units and none for languages."""
    expand(folder, extractor(), ["de", "nl"], tmp_path / "more", seed=1)
    old, new = open_model(folder), open_model(tmp_path / "more")
    assert set(new.tokenizer.get_vocab()) - set(old.tokenizer.get_vocab()) == {"<nl>"}
    assert new.features(speech(1)).tolist() == old.features(speech(1)).tolist()
    embeddings = [each.network.get_input_embeddings().weight for each in (old, new)]
    assert torch.equal(embeddings[1][: len(embeddings[0])], embeddings[0])


def test_a_saved_model_is_the_same(model, tmp_path):
    model.save(tmp_path / "saved")
    with torch.no_grad():
        model.network.model.layers[0].self_attn.q_proj.weight += 1
    model.save_like(tmp_path / "saved", tmp_path / "trained")
    again = open_model(tmp_path / "trained")
    assert again.features_id == model.features_id
    changed = {
        name
        for name, weight in load_file(tmp_path / "trained" / "model.safetensors").items()
        if not torch.equal(weight, load_file(tmp_path / "saved" / "model.safetensors")[name])
    }
    assert changed == {"model.layers.0.self_attn.q_proj.weight"}


def without(folder, name, target):
    shutil.copytree(folder, target)
    (target / name).unlink()
    return target


def test_mistakes_are_refused_in_one_sentence(folder, model, tmp_path):
    def refused(path):
        with pytest.raises(UserError) as error:
            open_model(path).features(speech(1))
        assert "\n" not in str(error.value)
        return str(error.value)

    assert "has no speech_units.json" in refused(text_model(tmp_path / "text"))
    assert "has no unit_centres.npy" in refused(without(folder, "unit_centres.npy", tmp_path / "centres"))
    assert "no speech LLM could be loaded" in refused(without(folder, "tokenizer.json", tmp_path / "tokenizer"))
    wide = shutil.copytree(folder, tmp_path / "wide")
    np.save(wide / "unit_centres.npy", np.zeros((UNITS, 7)))
    assert "7 wide" in refused(wide) and ENCODER in refused(wide)
    many = shutil.copytree(folder, tmp_path / "many")
    np.save(many / "unit_centres.npy", np.zeros((UNITS + 3, 96)))
    assert "lacks 3 of the tokens" in refused(many) and "`tauspeech expand`" in refused(many)
    pickled = shutil.copytree(folder, tmp_path / "pickled")
    np.save(pickled / "unit_centres.npy", np.array([{"a": 1}]), allow_pickle=True)
    assert "no array of numbers" in refused(pickled)
    layer = shutil.copytree(folder, tmp_path / "layer")
    about = json.loads((layer / "speech_units.json").read_text())
    (layer / "speech_units.json").write_text(json.dumps(about | {"layer": 9}))
    assert "has 2 layers" in refused(layer)
    with pytest.raises(UserError, match="no language model could be loaded"):
        expand(tmp_path / "nothing", extractor(), ["en"], tmp_path / "more", seed=1)
    fewer = extractor()
    with pytest.raises(
        UserError, match=f"has tokens for another number of units than {UNITS - 2}: give a model of text"
    ):
        expand(folder, replace(fewer, centres=fewer.centres[2:]), ["en"], tmp_path / "twice", seed=1)


@pytest.mark.parametrize(
    ("token", "language"), [("<de>", "de"), ("<zh-CN>", "zh-CN"), ("<zh_Hans>", "zh_Hans"), ("<gh_stars>", None)]
)
def test_tokens_of_languages_are_told_from_those_of_code(model, token, language):
    """SmolLM2 has a token `<gh_stars>`, which `new_tokens` would train."""
    tokenizer = copy.deepcopy(model.tokenizer)
    tokenizer.add_tokens([token], special_tokens=True)
    other = SpeechLLM(model.network, tokenizer, model.extractor)
    assert set(other.languages) - set(model.languages) == {language} - set(model.languages) - {None}
    assert (tokenizer.convert_tokens_to_ids(token) in other.added_tokens) == (language is not None)
