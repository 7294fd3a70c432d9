"""Audio LLMs: prompts of the model's own processor, loss on the answer, LoRA, merged models, and mistakes of users."""

import shutil

import numpy as np
import pytest
import torch
from peft import PeftModel
from safetensors.torch import load_file
from transformers import Qwen2AudioForConditionalGeneration

from tauspeech.data.audio import encode_audio
from tauspeech.models.audio_llm import family
from tauspeech.models.companions import companion
from tauspeech.models.family import Example, open_model
from tauspeech.models.tasks import SpeechTask
from tauspeech.runtime.errors import UserError
from tauspeech.training.finetuning import Finetuning, TrainingSets
from tests.models.audio_llm.small import audio_llm
from tests.models.ctc.test_family import TRAINING
from tests.models.speech_llm.small import SENTENCES, speech

TRANSCRIBE, TRANSLATE = SpeechTask("transcribe", "en", "en"), SpeechTask("translate", "en", "de")
TRANSLATE_TEXT = SpeechTask("translate_text", "en", "de")
TEXTS = {"en": "turn on the light", "de": "schalte das Licht an"}
TARGETS = [f"{layer}_proj" for layer in ("q", "k", "v", "o", "gate", "up", "down")]
LORA = {
    "trainable": "lora", "epochs": 150, "batch": 8, "best_by": "loss", "evaluations": 1,
    "lora": {"rank": 16, "alpha": 32, "targets": TARGETS},
}  # fmt: skip


@pytest.fixture(scope="module")
def base(tmp_path_factory):
    torch.set_num_threads(1)
    return audio_llm(tmp_path_factory.mktemp("base"))


@pytest.fixture
def model(base):
    return open_model(base)


def rows():
    return [
        {
            "utterance": f"{split}-{number}",
            "split": split,
            "en": sentence,
            "seconds": 1.0,
            "audio": {"bytes": encode_audio(speech(number)), "path": None},
        }
        for split in ("train", "validation")
        for number, sentence in enumerate(SENTENCES)
    ]


@pytest.fixture(scope="module")
def trained(base, tmp_path_factory):
    """Eight utterances, with one instruction, since decoding draws it by the audio and training by the text."""
    folder = tmp_path_factory.mktemp("lora")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(family, "instruction", lambda task, key: "Write down what you hear.")
        sets = TrainingSets({"talks": rows()}, {"talks": [TRANSCRIBE]}, 1.0)
        found = Finetuning(base, sets, TRAINING | LORA, 1).at(5e-3, folder / "checkpoints")
        found.part.save(base, folder / "tuned")
        yield folder / "tuned", found.model


def test_audio_and_sentences_are_turns_of_the_chat_template_with_the_loss_on_the_answer_alone(model):
    spoken, written = (model.labels(model.target(TEXTS, task), task) for task in (TRANSLATE, TRANSLATE_TEXT))
    sentence = model.features_of(TEXTS, TRANSLATE_TEXT)
    batch = model.collate([Example(speech(1, 0.5), spoken), Example(sentence, written), Example(speech(2), spoken)])
    short, text, long = (model.tokenizer.decode(each) for each in batch["input_ids"])
    assert short.count("<|AUDIO|>") == 12 and long.count("<|AUDIO|>") == 25 and "<|AUDIO|>" not in text
    assert f"{written.instruction} turn on the light<|im_end|>\n<|im_start|>assistant\n<de><MT> schalte" in text
    assert len(batch["input_features"]) == 2
    answers = [model.tokenizer.decode(each[each >= 0]) for each in batch["labels"]]
    assert answers[0] == answers[2] == "turn on the light <de><ST> schalte das Licht an<|im_end|>"
    assert answers[1] == "<de><MT> schalte das Licht an<|im_end|>"
    assert (batch["input_ids"] == batch["labels"])[batch["labels"] >= 0].all()
    logits = model.network.eval()(**{name: each for name, each in batch.items() if name != "labels"}).logits
    places = batch["labels"][:, 1:] >= 0
    picked = logits[:, :-1].double().log_softmax(-1)[places]
    expected = -picked.gather(1, batch["labels"][:, 1:][places][:, None]).mean()
    assert model.network(**batch).loss.item() == pytest.approx(expected.item(), rel=1e-5)


def test_a_batch_is_decoded_as_its_inputs_one_by_one(model):
    inputs = [speech(1, 0.4), model.features_of(TEXTS, TRANSLATE_TEXT), speech(2, 1.5)]
    batch = model.answers(inputs, TRANSLATE, beams=1, new_tokens=12)
    assert batch == [model.answers([each], TRANSLATE, beams=1, new_tokens=12)[0] for each in inputs]


def test_eight_utterances_are_learned_by_an_adapter(trained):
    _, model = trained
    model.network.eval()
    assert model.decode([speech(n) for n in range(8)], TRANSCRIBE, beams=1, new_tokens=25) == SENTENCES
    answers = model.answers([speech(0)], TRANSLATE, beams=1, new_tokens=25)
    assert not answers[0].complete


def test_the_merged_model_has_the_published_names_and_computes_and_writes_what_the_adapter_does(base, trained):
    tuned, _ = trained
    before, after = (load_file(path / "model.safetensors") for path in (base, tuned))
    changed = {name for name in before if not torch.equal(before[name], after[name])}
    layers = [f"language_model.model.layers.{n}." for n in (0, 1)]
    assert before.keys() == after.keys() and len(changed) == 17
    assert all(name.startswith((*layers, "audio_tower.layers.0.")) for name in changed)
    merged = open_model(tuned)
    batch = merged.collate([Example(speech(n), merged.labels(SENTENCES[n], TRANSCRIBE)) for n in range(4)])
    peft = PeftModel.from_pretrained(Qwen2AudioForConditionalGeneration.from_pretrained(base), tuned / "adapter").eval()
    with torch.inference_mode():
        torch.testing.assert_close(merged.network.eval()(**batch).logits, peft(**batch).logits, atol=1e-3, rtol=0)
    sounds = [speech(n) for n in range(8)]
    assert merged.decode(sounds, TRANSCRIBE, beams=1, new_tokens=25) == SENTENCES


def test_weights_are_saved_and_loaded_under_the_published_names(base, model, tmp_path):
    with torch.no_grad():
        for parameter in model.network.parameters():
            parameter += 1
    model.save_like(base, tmp_path / "moved")
    before, after = (load_file(path / "model.safetensors") for path in (base, tmp_path / "moved"))
    assert before.keys() == after.keys()
    moved = [name for name in before if not torch.equal(before[name], after[name])]
    assert set(before) - set(moved) <= {"audio_tower.embed_positions.weight"}
    again = open_model(base)
    again.load_weights((name, each.numpy()) for name, each in after.items())
    assert all(torch.equal(each, model.network.state_dict()[name]) for name, each in again.network.state_dict().items())


def test_audio_of_any_length_is_transcribed_in_pieces(base):
    transcriber = companion(base, "long_audio", "used for long audio").open_transcriber(
        base, language="en", task="transcribe", beams=1
    )
    assert transcriber.transcribe(np.zeros(16_000, np.float32)).segments == []
    assert len(transcriber.transcribe(np.concatenate([speech(n) for n in range(5)])).segments) > 1


def test_mistakes_are_refused_in_one_sentence(base, model, tmp_path):
    with pytest.raises(UserError, match="key 'base_window'"):
        model.shorten_window(10)
    for name in ("tokenizer.json", "processor_config.json", "model.safetensors"):
        folder = shutil.copytree(base, tmp_path / name)
        (folder / name).unlink()
        with pytest.raises(UserError, match="no audio LLM could be loaded") as error:
            open_model(folder)
        assert "\n" not in str(error.value)
