"""A LoRA fine-tune of a speech LLM through the workflow's training: what it changes, and that the merged model writes the same."""

import pytest
import torch
from peft import PeftModel
from safetensors.torch import load_file
from transformers import AutoModelForCausalLM

from tauspeech.data.audio import encode_audio
from tauspeech.models.family import Example, open_model
from tauspeech.models.tasks import SpeechTask
from tauspeech.training.finetuning import Finetuning, TrainingSets
from tests.models.ctc.test_family import TRAINING
from tests.models.speech_llm.small import SENTENCES, speech, speech_llm

TASKS = [SpeechTask("transcribe", "en", "en"), SpeechTask("translate", "en", "de")]
LORA = {"trainable": "lora", "epochs": 20, "best_by": "score", "lora": {"rank": 4, "alpha": 16, "targets": "attention"}}


def rows():
    return [
        {
            "utterance": f"{split}-{number}",
            "split": split,
            "en": SENTENCES[number],
            "de": SENTENCES[4 + number],
            "seconds": 1.0,
            "audio": {"bytes": encode_audio(speech(number)), "path": None},
        }
        for split in ("train", "validation")
        for number in range(4)
    ]


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    folder = tmp_path_factory.mktemp("lora")
    base = speech_llm(folder)
    sets = TrainingSets({"talks": rows()}, {"talks": TASKS}, 1.0)
    settings = (
        TRAINING | LORA | {"validation_decoding": {"batch": 8, "beams": 1, "new_tokens": 12, "precision": "fp32"}}
    )
    found = Finetuning(base, sets, settings, 1).at(5e-3, folder / "checkpoints")
    (folder / "tuned").mkdir()
    found.part.save(base, folder / "tuned")
    return base, folder / "tuned", found.model


def test_attention_alone_is_changed(trained):
    base, tuned, _ = trained
    before, after = (load_file(path / "model.safetensors") for path in (base, tuned))
    changed = {name for name in before if not torch.equal(before[name], after[name])}
    assert changed == {f"model.layers.{n}.self_attn.{each}_proj.weight" for n in (0, 1) for each in "qkvo"}


def test_the_merged_model_computes_and_writes_what_the_adapter_does(trained):
    base, tuned, model = trained
    merged = open_model(tuned)
    features = [merged.features(speech(number)) for number in range(4)]
    examples = [Example(each, merged.labels(SENTENCES[n], TASKS[0])) for n, each in enumerate(features)]
    batch = {name: each for name, each in merged.collate(examples).items() if name != "labels"}
    peft = PeftModel.from_pretrained(AutoModelForCausalLM.from_pretrained(base), tuned / "adapter").eval()
    with torch.inference_mode():
        torch.testing.assert_close(merged.network.eval()(**batch).logits, peft(**batch).logits, atol=1e-5, rtol=0)
    model.network.eval()
    for task in TASKS:
        assert model.answers(features, task, beams=1, new_tokens=12) == merged.answers(
            features, task, beams=1, new_tokens=12
        )
