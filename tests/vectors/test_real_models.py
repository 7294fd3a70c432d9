"""Merges of tiny random models of common families: transformers loads the result, and it computes."""

import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file
from transformers import (
    LlamaConfig,
    LlamaForCausalLM,
    PreTrainedModel,
    Wav2Vec2ConformerConfig,
    Wav2Vec2ConformerForCTC,
    WhisperForConditionalGeneration,
    WhisperProcessor,
)

from tauspeech.models.foundation_sizes import SIZES
from tauspeech.models.whisper.foundation import new_model
from tests.vectors.lab import EVERY_METHOD, WEIGHTS, Lab

VECTORS = [{"path": "a", "weight": 0.8}, {"path": "b", "weight": 1.1}, {"path": "c", "weight": -0.4}]


def conformer(folder: Path) -> None:
    """A conformer with running statistics as after training, far from the initial zeros and ones."""
    sizes = {"hidden_size": 16, "intermediate_size": 20, "num_hidden_layers": 2, "num_attention_heads": 2}
    front = {"conv_dim": (8, 8), "conv_kernel": (3, 3), "conv_stride": (2, 2), "num_feat_extract_layers": 2}
    rest = {"num_conv_pos_embeddings": 4, "num_conv_pos_embedding_groups": 2, "conv_depthwise_kernel_size": 5}
    config = Wav2Vec2ConformerConfig(**sizes, **front, **rest, vocab_size=12, pad_token_id=0)
    model = Wav2Vec2ConformerForCTC(config)
    for name, buffer in model.named_buffers():
        if name.endswith("running_var"):
            buffer.copy_(10.0 ** torch.empty_like(buffer).uniform_(-6, 4))
        elif name.endswith("running_mean"):
            buffer.normal_()
        elif name.endswith("num_batches_tracked"):
            buffer.fill_(100)
    model.save_pretrained(folder)


def whisper(folder: Path) -> None:
    new_model(["We visited the Berlin Wall."], SIZES["tiny"], 1).save(folder)


def llama(folder: Path, tied: bool) -> None:
    sizes = {"hidden_size": 16, "intermediate_size": 24, "num_hidden_layers": 2, "num_attention_heads": 2}
    config = LlamaConfig(**sizes, vocab_size=40, tie_word_embeddings=tied, bos_token_id=1, eos_token_id=2)
    LlamaForCausalLM(config).save_pretrained(folder)


def fine_tunes(lab: Lab) -> None:
    """Copies of the base changed as by training: weights slightly, statistics strongly, counters increased."""
    for seed, name in enumerate("abc", 1):
        numbers = torch.Generator().manual_seed(seed)
        shutil.copytree(lab.folder / "base", lab.folder / name)
        tensors = load_file(lab.folder / "base" / WEIGHTS)
        for key, tensor in tensors.items():
            noise = torch.randn(tensor.shape, generator=numbers)
            if key.endswith("running_var"):
                tensors[key] = tensor * 10.0 ** (2 * noise)
            elif key.endswith("num_batches_tracked"):
                tensors[key] = tensor + seed
            elif tensor.is_floating_point():
                tensors[key] = tensor + 0.02 * noise
        save_file(tensors, lab.folder / name / WEIGHTS, metadata={"format": "pt"})


@pytest.fixture
def load(lab) -> Callable[..., PreTrainedModel]:
    def load(family: type[PreTrainedModel], folder: Path) -> PreTrainedModel:
        """Load with errors for missing, unexpected or misshapen tensors."""
        model, told = family.from_pretrained(folder, output_loading_info=True)
        assert not any(told[key] for key in ("missing_keys", "unexpected_keys", "mismatched_keys"))
        return model.eval()

    return load


@pytest.mark.parametrize("scale", [1.0, 3.0])
def test_a_conformer_hears_after_every_method(lab, load, scale):
    torch.manual_seed(0)
    conformer(lab.folder / "base")
    fine_tunes(lab)
    sound = torch.randn(2, 800, generator=torch.Generator().manual_seed(1))
    statistics = [name for name in load_file(lab.folder / "base" / WEIGHTS) if name.endswith("running_var")]
    assert len(statistics) == 2
    for method, options in EVERY_METHOD:
        out = lab.merge(method, VECTORS, options, scale=scale)
        model = load(Wav2Vec2ConformerForCTC, out.folder)
        with torch.no_grad():
            assert torch.isfinite(model(sound).logits).all(), method
        for name in statistics:
            assert np.all(out[name] > 0)
            assert out.tensors[name.replace("running_var", "num_batches_tracked")].item() == 100


def test_a_whisper_comes_with_all_its_files_and_writes_text(lab, load):
    whisper(lab.folder / "base")
    fine_tunes(lab)
    names = {file.name for file in (lab.folder / "base").iterdir() if not file.name.startswith(".")}
    for method, options in EVERY_METHOD:
        out = lab.merge(method, VECTORS, options)
        assert {file.name for file in out.folder.iterdir() if file.name[0] != "."} == names | {"merge_receipt.json"}
        model = load(WhisperForConditionalGeneration, out.folder)
        processor = WhisperProcessor.from_pretrained(out.folder)
        heard = processor(np.zeros(16_000, np.float32), sampling_rate=16_000, return_tensors="pt").input_features
        with torch.no_grad():
            tokens = model.generate(heard, language="zh", task="translate", max_new_tokens=4)
        assert isinstance(processor.batch_decode(tokens)[0], str)
        assert torch.equal(model.proj_out.weight, model.model.decoder.embed_tokens.weight)


def test_a_whisper_in_shards_and_half_precision(lab, load):
    whisper(lab.folder / "base")
    fine_tunes(lab)
    plain = lab.merge("ties", VECTORS, {"keep": 0.4}, dtype="float16")
    model = WhisperForConditionalGeneration.from_pretrained(lab.folder / "base")
    shutil.rmtree(lab.folder / "base")
    model.save_pretrained(lab.folder / "base", max_shard_size="200KB")
    assert len(list((lab.folder / "base").glob("model-*.safetensors"))) > 2
    out = lab.merge("ties", VECTORS, {"keep": 0.4}, dtype="float16")
    assert out.bytes == plain.bytes
    load(WhisperForConditionalGeneration, out.folder)


def test_weights_of_parts_tell_a_whispers_encoder_from_its_decoder(lab, load):
    whisper(lab.folder / "base")
    fine_tunes(lab)
    out = lab.merge("task_arithmetic", [{"path": "a", "weight": {"encoder": 1, "default": 0}}])
    base, tuned = (load_file(lab.folder / name / WEIGHTS) for name in ("base", "a"))
    moved = {name for name in base if not torch.equal(out.tensors[name], base[name])}
    assert moved == {name for name in base if name.startswith("model.encoder.")}
    assert any(".encoder_attn." in name for name in base)
    assert all(torch.allclose(out.tensors[name], tuned[name], atol=1e-6) for name in moved)


@pytest.mark.parametrize("tied", [True, False])
def test_a_language_model_writes_after_every_method(lab, load, tied):
    torch.manual_seed(0)
    llama(lab.folder / "base", tied)
    assert ("lm_head.weight" in load_file(lab.folder / "base" / WEIGHTS)) is not tied
    fine_tunes(lab)
    for method, options in EVERY_METHOD:
        out = lab.merge(method, VECTORS, options)
        model = load(LlamaForCausalLM, out.folder)
        with torch.no_grad():
            assert torch.isfinite(model(torch.tensor([[1, 5, 7]])).logits).all()
            assert model.generate(torch.tensor([[1]]), max_new_tokens=3, pad_token_id=0).shape[0] == 1
        assert torch.equal(model.lm_head.weight, model.model.embed_tokens.weight) is tied


@pytest.mark.parametrize("dtype", ["float32", "float16"])
def test_a_model_written_in_another_type_is_loaded_in_it_when_asked(lab, dtype):
    """config.json is copied from the base, and transformers 5 loads in the type that it names."""
    llama(lab.folder / "base", tied=False)
    half = LlamaForCausalLM.from_pretrained(lab.folder / "base").bfloat16()
    shutil.rmtree(lab.folder / "base")
    half.save_pretrained(lab.folder / "base")
    fine_tunes(lab)
    out = lab.merge("average", ["a", "b"], dtype=dtype)
    wanted = getattr(torch, dtype)
    model = LlamaForCausalLM.from_pretrained(out.folder, dtype=wanted)
    weights = model.state_dict()
    assert all(torch.equal(weights[name], tensor) and tensor.dtype == wanted for name, tensor in out.tensors.items())
