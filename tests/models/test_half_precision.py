"""Arithmetic in half precision: weights keep their bits, so that a small task vector acts as much as in float32."""

import numpy as np
import pytest
import torch
from torch import nn

from tauspeech.data.audio import RATE
from tauspeech.models.decoding import Decoder
from tauspeech.models.family import Example, open_model
from tauspeech.models.half_precision import DTYPES, TERMS, arithmetic, terms
from tauspeech.models.tasks import SpeechTask
from tauspeech.runtime.paths import FOUNDATIONS
from tauspeech.speech.espeak_pool import synthesise
from tauspeech.speech.utterances import Utterance
from tests.models.ctc.checkpoints import CLASSES, save_checkpoint
from tests.models.ctc.checkpoints import examples as tones
from tests.models.ctc.speech import rows_of
from tests.models.threads import one_thread
from tests.models.whisper.published import published

__all__ = ["one_thread"]

TEXTS = ["我们参观了柏林墙。", "We visited the Berlin Wall."]
ENGLISH = SpeechTask("transcribe", "en", "en")


@pytest.mark.parametrize(("precision", "error"), [("bf16", 0.0), ("fp16", 2**-25)])
def test_the_terms_of_a_weight_have_its_bits(precision, error):
    torch.manual_seed(1)
    values = 0.03 * torch.randn(1000)
    found = terms(values, precision)
    assert [each.dtype for each in found] == [DTYPES[precision]] * TERMS[precision]
    assert (sum(each.double() for each in found) - values.double()).abs().max() <= error


LAYERS = [
    nn.Linear(24, 7),
    nn.Linear(24, 7, bias=False),
    nn.Conv1d(24, 8, 3, padding=1),
    nn.Conv1d(24, 8, 3, groups=8, bias=False),
    nn.utils.parametrizations.weight_norm(nn.Conv1d(24, 8, 4, groups=4, padding=2), dim=2),
]


@pytest.mark.parametrize("layer", LAYERS, ids=str)
@pytest.mark.parametrize("precision", ["bf16", "fp16"])
def test_every_layer_computes_what_it_would_in_float32(layer, precision):
    torch.manual_seed(1)
    inputs = torch.randn(5, 24, 24).to(torch.bfloat16).to(torch.float16).float()  # without error in either type
    with torch.no_grad():
        expected = layer(inputs)
        with arithmetic(layer, precision):
            found = layer(inputs)
        assert found.dtype == DTYPES[precision] or not isinstance(layer, nn.Linear)
        torch.testing.assert_close(found.float(), expected, rtol=2**-7, atol=2**-7)
        assert torch.equal(layer(inputs), expected)


def test_a_failure_leaves_the_layers_as_they_were():
    layer, inputs = nn.Linear(4, 2), torch.randn(3, 4)
    expected = layer(inputs)
    with pytest.raises(ZeroDivisionError), arithmetic(layer, "bf16"):
        raise ZeroDivisionError
    assert torch.equal(layer(inputs), expected)


def test_a_block_inside_a_block_leaves_the_layers_to_the_outer_one():
    layer, inputs = nn.Linear(4, 2), torch.randn(3, 4)
    with arithmetic(layer, "bf16"):
        expected = layer(inputs)
        with arithmetic(layer, "bf16"):
            assert torch.equal(layer(inputs), expected)
        assert torch.equal(layer(inputs), expected)
    assert layer(inputs).dtype == torch.float32


def test_a_layer_keeps_a_function_of_its_own():
    layer, own = nn.Linear(4, 2), nn.Identity()
    object.__setattr__(layer, "forward", own)
    with arithmetic(layer, "bf16"):
        assert torch.equal(layer(torch.ones(3)), torch.ones(3))
    assert layer.forward is own


# A task vector of size 1e-5, as trainings at small learning rates make, on a base whose weights are fp16 numbers.


def test_a_small_change_of_a_layer_acts_as_in_float32():
    torch.manual_seed(1)
    layer, inputs = nn.Linear(256, 128), torch.randn(3000, 256)
    with torch.no_grad():
        for values in layer.parameters():
            values.copy_((0.03 * torch.randn_like(values)).half())
    change = [5e-7 * torch.randn_like(values).sign() for values in layer.parameters()]

    def effect(context):
        found = []
        with torch.no_grad():
            for sign in (1, -1):
                for values, moved in zip(layer.parameters(), change, strict=True):
                    values.add_(sign * moved)
                with context():
                    found.append(layer(inputs).float())
        return found[0] - found[1]

    exact = effect(lambda: arithmetic(layer, "fp32"))
    share = {
        name: ((effect(context) * exact).sum() / exact.square().sum()).item()
        for name, context in {
            "bf16": lambda: arithmetic(layer, "bf16"),
            "fp16": lambda: arithmetic(layer, "fp16"),
            "autocast to bf16": lambda: torch.autocast("cpu", torch.bfloat16),
            "autocast to fp16": lambda: torch.autocast("cpu", torch.float16),
        }.items()
    }
    assert share["bf16"] == pytest.approx(1, abs=0.2)
    assert share["fp16"] == pytest.approx(1, abs=0.2)
    assert share["autocast to bf16"] > 5  # what rounded weights do: too much, or too little
    assert share["autocast to fp16"] < 0.5


def test_a_small_change_of_the_attention_of_wavlm_acts_as_in_float32(tmp_path):
    network = open_model(save_checkpoint("wavlm", tmp_path)).network.eval()
    (layer, *_) = (each for each in network.modules() if type(each).__name__ == "WavLMAttention")
    torch.manual_seed(1)
    inputs = torch.randn(4, 50, layer.embed_dim).to(torch.bfloat16).float()
    change = 5e-7 * torch.randn_like(layer.v_proj.weight).sign()

    def effect(context):
        found = []
        for sign in (1, -1):
            with torch.no_grad(), context():
                layer.v_proj.weight.add_(sign * change)
                found.append(layer(inputs)[0].float())
        return found[0] - found[1]

    exact = effect(lambda: arithmetic(network, "fp32"))
    for precision in DTYPES:
        share = (
            effect(lambda precision=precision: arithmetic(network, precision)) * exact
        ).sum() / exact.square().sum()
        assert share.item() == pytest.approx(1, abs=0.2)


@pytest.fixture(scope="module")
def small_vector():
    """A Whisper, a batch, and the change of all weights by 1e-5 that raises the loss."""
    model = published(TEXTS, noise=0.03)
    network = model.network.eval()
    with torch.no_grad():
        for weight in network.parameters():
            weight.copy_(weight.half())
    random = np.random.default_rng(1)
    sounds = [model.features(random.normal(0, 0.1, 32_000).astype(np.float32)) for _ in range(8)]
    batch = model.collate([Example(each, model.labels(TEXTS[1], ENGLISH)) for each in sounds])
    network(**batch).loss.backward()
    change = {name: 1e-5 * weight.grad.sign() for name, weight in network.named_parameters() if weight.grad is not None}
    return model, batch, change


def losses(model, batch, change, scales, context):
    """Losses of the model plus the change at each scale, as a search has them."""
    base = {name: tensor.clone() for name, tensor in model.network.state_dict().items()}
    found = []
    with torch.inference_mode():
        for scale in scales:
            model.load_weights((name, (base[name] + scale * change[name]).numpy()) for name in change)
            with context():
                logits = model.network(**batch).logits.float()
            loss = nn.functional.cross_entropy(logits.flatten(0, 1), batch["labels"].flatten())
            found.append(loss.item())
        model.load_weights((name, base[name].numpy()) for name in change)
    return np.array(found)


def test_a_small_vector_acts_as_in_float32(small_vector):
    model = small_vector[0]
    contexts = {
        "fp32": lambda: arithmetic(model.network, "fp32"),
        "bf16": lambda: arithmetic(model.network, "bf16"),
        "autocast": lambda: torch.autocast("cpu", torch.bfloat16),
    }
    effect = {}
    for name, context in contexts.items():
        plus, minus = losses(*small_vector, (0.2, -0.2), context)
        effect[name] = plus - minus
    assert effect["bf16"] == pytest.approx(effect["fp32"], rel=0.6)  # besides, activations are rounded
    assert effect["autocast"] > 3 * effect["fp32"]


# Decoding


@pytest.fixture(scope="module")
def speech():
    """Rows of a set with three sentences."""
    texts = ["昨天我们参观了巴黎。", "巴黎离里昂远吗？", "很多人都知道莎士比亚的名字。"]
    voice = {"voices": ["cmn"], "rate": [230, 250], "pitch": [45, 55], "longest": 30.0}
    sounds = list(synthesise([Utterance(f"u{number}", text) for number, text in enumerate(texts)], voice, 1, 1))
    return [
        {"utterance": sound.id, "seconds": sound.samples / RATE, "audio": {"bytes": sound.flac}, "zh": text}
        for sound, text in zip(sounds, texts, strict=True)
    ]


@pytest.mark.parametrize("beams", [1, 2])
def test_a_bundled_foundation_decodes_to_the_same_texts(speech, beams):
    tasks = [SpeechTask(kind, "zh", "en") for kind in ("transcribe", "translate")]
    found = [
        Decoder(
            open_model(FOUNDATIONS / "small"), {"precision": precision, "batch": 8, "beams": beams, "new_tokens": 60}
        ).decode_tasks(speech, tasks)
        for precision in ("fp32", "bf16")
    ]
    assert found[0] == found[1]
    assert found[0][0] == [row["zh"] for row in speech]


@pytest.mark.parametrize("model_type", CLASSES)
def test_ctc_models_decode_with_the_weights_in_float32(model_type, tmp_path):
    model = open_model(save_checkpoint(model_type, tmp_path))
    before = {name: tensor.clone() for name, tensor in model.network.state_dict().items()}
    features = [each.features for each in tones(model)]
    model.network.eval()
    expected = model.encode(features).frames
    with arithmetic(model.network, "bf16"):
        found = model.encode(features).frames
    for one, other in zip(expected, found, strict=True):
        assert 0 < (one - other).abs().max() < 0.05
    settings = {"precision": "bf16", "batch": 8, "beams": 1, "new_tokens": 10}
    assert len(Decoder(model, settings).decode(rows_of(), ENGLISH)) == len(rows_of())
    after = model.network.state_dict()
    assert all(torch.equal(before[name], after[name]) and before[name].dtype == after[name].dtype for name in before)
