"""LoRA on CTC models of every class: the layers, what a training changes, and PEFT's own logits."""

import pytest
import torch
from peft import PeftModel
from safetensors.torch import load_file
from transformers import AutoModelForCTC

from tauspeech.models.family import open_model
from tauspeech.runtime.errors import UserError
from tauspeech.training.lora import target_modules
from tests.models.ctc.checkpoints import CLASSES, examples, save_checkpoint
from tests.models.ctc.test_family import finetuned

LORA = {"trainable": "lora", "epochs": 6, "best_by": "loss"}
# WavLM computes attention with the weights of its layers, past the adapters.
TARGETS = dict.fromkeys(CLASSES, "attention") | {"wavlm": ["intermediate_dense", "output_dense"]}


@pytest.mark.parametrize("model_type", CLASSES)
def test_an_adapter_is_all_that_a_training_changes_and_peft_computes_the_same(model_type, tmp_path):
    base, folder = save_checkpoint(model_type, tmp_path / "base"), tmp_path / "tuned"
    trained = finetuned(
        base, tmp_path / "checkpoints", **LORA, lora={"rank": 2, "alpha": 8, "targets": TARGETS[model_type]}
    )
    folder.mkdir()
    trained.part.save(base, folder)
    before, after = (load_file(path / "model.safetensors") for path in (base, folder))
    changed = {name.removesuffix(".weight") for name in before if not torch.equal(before[name], after[name])}
    assert changed == set(target_modules(open_model(base), TARGETS[model_type]))
    if model_type in ("wav2vec2-conformer", "parakeet_ctc"):
        assert any(name.endswith("running_mean") for name in before)  # unchanged, as all the rest
    batch = {
        name: each for name, each in open_model(base).collate(examples(open_model(base))).items() if name != "labels"
    }
    peft = PeftModel.from_pretrained(AutoModelForCTC.from_pretrained(base), folder / "adapter").eval()
    ours = AutoModelForCTC.from_pretrained(folder).eval()
    with torch.inference_mode():
        torch.testing.assert_close(ours(**batch).logits, peft(**batch).logits, atol=1e-5, rtol=0)


@pytest.mark.parametrize(
    ("model_type", "targets", "says"),
    [
        (
            "wav2vec2",
            "decoder_attention",
            "is decoder_attention, and the base has no such layers: give attention, all_linear",
        ),
        ("wavlm", "attention", r"an adapter has no effect on .*\.attention\."),
    ],
)
def test_layers_that_a_class_lacks_or_does_not_call_are_refused(model_type, targets, says, tmp_path):
    base = save_checkpoint(model_type, tmp_path / "base")
    with pytest.raises(UserError, match=says):
        finetuned(base, tmp_path / "checkpoints", **LORA, lora={"rank": 2, "alpha": 8, "targets": targets})
