"""LoRA adapters made by PEFT, as vectors and as output of a recipe, compared with PEFT's own results."""

import copy
import json
import re
import shlex
import shutil
import warnings
from collections.abc import Callable, Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from peft import LoraConfig, PeftModel, get_peft_model
from peft.tuners.lora import LoraLayer
from safetensors.torch import load_file, save_file
from torch import Tensor, nn
from transformers import (
    GPT2Config,
    GPT2LMHeadModel,
    LlamaConfig,
    LlamaForCausalLM,
    WhisperConfig,
    WhisperForConditionalGeneration,
    WhisperModel,
)

from tauspeech.commands.main import main
from tauspeech.runtime.errors import UserError
from tauspeech.vectors import panels
from tauspeech.vectors.deltas import Model
from tauspeech.vectors.execution import Execution
from tauspeech.vectors.files import storage
from tauspeech.vectors.lora.adapter import Adapter, is_adapter
from tauspeech.vectors.merge_receipt import verify
from tauspeech.vectors.merging import merge, outline
from tauspeech.vectors.recipe import Recipe

pytestmark = pytest.mark.filterwarnings("ignore")
warnings.simplefilter("ignore")

ENDS = {"pad_token_id": 0, "bos_token_id": 1, "eos_token_id": 2}
EVERY_WHISPER = ["q_proj", "k_proj", "fc1", "conv1", "conv2", "embed_tokens"]


class Grid(nn.Module):
    """Matrices only, of multiples of 1/1024."""

    def __init__(self):
        super().__init__()
        self.one, self.two = nn.Linear(9, 40, bias=False), nn.Linear(17, 23, bias=False)
        for each in self.parameters():
            each.data = (each.data * 1024).round() / 1024


class Image(nn.Module):
    """Layers that are rare in speech models, and a module whose name is the end of another module's name."""

    def __init__(self):
        super().__init__()
        self.proj, self.inner = nn.Linear(5, 5), nn.ModuleDict({"proj": nn.Linear(5, 5)})
        self.wide, self.point = nn.Conv2d(3, 4, (3, 2)), nn.Conv2d(3, 4, 1)


def whisper() -> nn.Module:
    layers = {"encoder_layers": 1, "decoder_layers": 1, "encoder_attention_heads": 2, "decoder_attention_heads": 2}
    sizes = {"d_model": 16, "encoder_ffn_dim": 24, "decoder_ffn_dim": 24, "num_mel_bins": 6, "vocab_size": 40}
    places = {"max_source_positions": 10, "max_target_positions": 12, "decoder_start_token_id": 1}
    return WhisperForConditionalGeneration(WhisperConfig(**layers, **sizes, **places, **ENDS))


def llama(tied: bool = False) -> nn.Module:
    sizes = {"vocab_size": 50, "hidden_size": 16, "intermediate_size": 24, "num_hidden_layers": 2}
    heads = {"num_attention_heads": 2, "num_key_value_heads": 1}
    return LlamaForCausalLM(LlamaConfig(**sizes, **heads, tie_word_embeddings=tied, **ENDS))


def gpt2() -> nn.Module:
    return GPT2LMHeadModel(GPT2Config(vocab_size=30, n_positions=8, n_embd=12, n_layer=1, n_head=2, **ENDS))


BASES: dict[str, Callable[[], nn.Module]] = {
    "whisper": whisper,
    "llama": llama,
    "tied": lambda: llama(tied=True),
    "gpt2": gpt2,
    "image": Image,
    "grid": Grid,
}


@pytest.fixture(scope="module")
def bases(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[nn.Module, Path]]:
    """Models, and their folders."""
    made = {}
    for name, build in BASES.items():
        torch.manual_seed(len(made))
        made[name] = (build().eval(), tmp_path_factory.mktemp(name) / "base")
        save(*made[name])
    return made


def save(model: nn.Module, folder: Path) -> None:
    if hasattr(model, "save_pretrained"):
        model.save_pretrained(folder)
        return
    folder.mkdir()
    (folder / "config.json").write_text("{}")
    save_file(model.state_dict(), folder / "model.safetensors", metadata={"format": "pt"})


def read(folder: Path) -> dict[str, Tensor]:
    return load_file(folder / "model.safetensors")


class Maker:
    """PEFT adapters with random numbers in place of training."""

    def __init__(self, bases: Mapping[str, tuple[nn.Module, Path]], folder: Path):
        self.bases, self.folder = bases, folder
        self.made: dict[str, PeftModel] = {}

    def adapter(self, base: str, name: str, seed: int = 1, grid: float = 0.0, **settings: Any) -> PeftModel:
        """A trained model, saved as adapter. Its numbers may be multiples of one number."""
        made = get_peft_model(copy.deepcopy(self.bases[base][0]), LoraConfig(**settings))
        numbers = torch.Generator().manual_seed(seed)
        tied: set[int] = set()
        for parameter in made.parameters():
            if parameter.requires_grad and parameter.data_ptr() not in tied:  # tied matrices train as one
                tied.add(parameter.data_ptr())
                change = 0.3 * torch.randn(parameter.shape, generator=numbers)
                parameter.data += change
                if grid:
                    parameter.data = (parameter.data / grid).round() * grid
        made.save_pretrained(self.folder / name)
        return made.eval()

    def dense(self, made: PeftModel, name: str) -> dict[str, Tensor]:
        """The base with the adapter merged by PEFT, as a model folder."""
        save(copy.deepcopy(made).merge_and_unload(), self.folder / name)
        return read(self.folder / name)

    def merge(self, base: str | Path, vectors: Any, name: str, threads: int = 1, **settings: Any) -> Path:
        recipe = self.recipe(base, vectors, **settings)
        merge(recipe, self.folder / name, Execution(threads))
        return self.folder / name

    def recipe(self, base: str | Path, vectors: Any, **settings: Any) -> Recipe:
        entries = [{"path": each} if isinstance(each, str) else each for each in vectors]
        folder = base if isinstance(base, Path) else self.bases[base][1]
        content = {"base": str(folder), "method": "task_arithmetic", "vectors": entries} | settings
        return Recipe.parse(content, self.folder)

    def open(self, base: str, name: str) -> Adapter:
        return Adapter(self.folder / name, Model(self.bases[base][1], Execution()))


@pytest.fixture
def maker(bases, tmp_path) -> Maker:
    return Maker(bases, tmp_path)


def assert_close(ours: Mapping[str, Tensor], theirs: Mapping[str, Tensor], most: float = 1e-6) -> None:
    assert ours.keys() == theirs.keys()
    for name in ours:
        torch.testing.assert_close(ours[name], theirs[name], rtol=most, atol=most, msg=lambda m, n=name: f"{n}: {m}")


def changed(ours: Mapping[str, Tensor], base: Mapping[str, Tensor]) -> int:
    return sum(not torch.equal(ours[name], base[name]) for name in base)


def exact_deltas(made: PeftModel) -> dict[str, np.ndarray]:
    """PEFT's products in float64, by module."""
    layers = copy.deepcopy(made).double().base_model.model.named_modules()
    return {
        name: each.get_delta_weight("default").detach().numpy() for name, each in layers if isinstance(each, LoraLayer)
    }


# Merging: what PEFT's own merge gives.

PATTERNS = {
    "rank_pattern": {"q_proj": 3, "^model.decoder.layers.0.encoder_attn.k_proj": 5, r"encoder\.layers\.\d\.fc1": 2},
    "alpha_pattern": {
        "attn.k_proj": 50,
        "self_attn.k_proj": 7,
        "^model.decoder.layers.0.encoder_attn.k_proj": 1,
        "conv2": 0.5,
    },
}
CASES = {
    "linear": ("whisper", {"target_modules": ["q_proj", "v_proj", "fc2"], "r": 4, "lora_alpha": 9}),
    "convolutions and embeddings": ("whisper", {"target_modules": EVERY_WHISPER, "r": 3}),
    "rsLoRA": ("whisper", {"target_modules": EVERY_WHISPER, "r": 3, "lora_alpha": 5, "use_rslora": True}),
    "patterns": ("whisper", {"target_modules": EVERY_WHISPER, "r": 4, **PATTERNS}),
    "patterns of rsLoRA": ("whisper", {"target_modules": EVERY_WHISPER, "r": 4, "use_rslora": True, **PATTERNS}),
    "all biases": ("whisper", {"target_modules": ["q_proj"], "bias": "all"}),
    "LoRA's biases": ("whisper", {"target_modules": ["q_proj", "conv1"], "bias": "lora_only"}),
    "biases in LoRA": ("whisper", {"target_modules": ["q_proj", "conv1"], "lora_bias": True, "lora_alpha": 3}),
    "both biases": ("whisper", {"target_modules": ["q_proj", "fc1"], "lora_bias": True, "bias": "lora_only"}),
    "modules to save": ("whisper", {"target_modules": ["q_proj"], "modules_to_save": ["fc1", "layer_norm"]}),
    "nothing but linear": ("llama", {"target_modules": "all-linear", "r": 2}),
    "untied embeddings": ("llama", {"target_modules": ["embed_tokens", "lm_head"]}),
    "saved embeddings": ("llama", {"target_modules": ["q_proj"], "modules_to_save": ["embed_tokens", "lm_head"]}),
    "saved tied": (
        "tied",
        {"target_modules": ["q_proj"], "modules_to_save": ["embed_tokens"], "ensure_weight_tying": True},
    ),
    "transposed": ("gpt2", {"target_modules": ["c_attn", "c_proj", "c_fc"], "fan_in_fan_out": True, "r": 3}),
    "transposed unasked": ("gpt2", {"target_modules": ["c_proj", "wte", "wpe"]}),
    "images": ("image", {"target_modules": ["wide", "point", "inner.proj"], "r": 2}),
}


@pytest.mark.parametrize(("base", "settings"), CASES.values(), ids=CASES)
def test_a_merged_adapter_is_what_peft_merges(maker, bases, base, settings):
    dense = maker.dense(maker.adapter(base, "adapter", **settings), "dense")
    ours, before = read(maker.merge(base, ["adapter"], "out")), read(bases[base][1])
    if base == "tied":
        dense.pop("lm_head.weight", None)
    assert_close(ours, dense)
    assert changed(ours, before) == changed(dense, before) > 0


def test_tied_matrices_count_once(maker, bases):
    """merge_and_unload of PEFT 0.21.2 adds them twice to the one tensor, unlike the model that was trained."""
    made = maker.adapter("tied", "adapter", target_modules=["embed_tokens"], ensure_weight_tying=True)
    merged = LlamaForCausalLM.from_pretrained(maker.merge("tied", ["adapter"], "out"))
    torch.testing.assert_close(logits(merged), logits(made), rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("kind", [torch.float16, torch.bfloat16])
def test_short_numbers_are_multiplied_in_full(maker, bases, kind):
    maker.adapter("whisper", "adapter", target_modules=["fc1", "conv1"], r=4)
    file = maker.folder / "adapter" / "adapter_model.safetensors"
    save_file({name: each.to(kind) for name, each in load_file(file).items()}, file)
    made = PeftModel.from_pretrained(copy.deepcopy(bases["whisper"][0]), maker.folder / "adapter")
    assert_close(read(maker.merge("whisper", ["adapter"], "out")), maker.dense(made, "dense"))


WEIGHTS = {"a": 0.7, "b": -1.3, "c": {"encoder": 0.5, "decoder": 2.0, "default": 0.0}}


def three(maker: Maker, base: str = "whisper") -> list[dict[str, Any]]:
    """Adapters of other targets, ranks and scales."""
    made = {
        "a": maker.adapter(base, "a", 1, target_modules=["q_proj", "fc1", "conv1"], r=2, lora_alpha=5),
        "b": maker.adapter(base, "b", 2, target_modules=["q_proj", "k_proj"], r=5, use_rslora=True),
        "c": maker.adapter(base, "c", 3, target_modules=["q_proj", "conv2"], r=3, rank_pattern={"conv2": 1}),
    }
    maker.made = made
    return [{"path": name, "weight": weight} for name, weight in WEIGHTS.items()]


def test_a_sum_of_adapters_is_the_sum_of_their_products(maker, bases):
    vectors = three(maker)
    ours, exact = read(maker.merge("whisper", vectors, "out", scale=0.9)), read(bases["whisper"][1])
    exact = {name: each.double().numpy() for name, each in exact.items()}
    for name, weight in WEIGHTS.items():
        for module, delta in exact_deltas(maker.made[name]).items():
            part = module.split(".")[1]
            exact[f"{module}.weight"] += 0.9 * (weight if isinstance(weight, float) else weight[part]) * delta
    for name, each in ours.items():
        # rounded once for each vector and once for their sum
        np.testing.assert_allclose(each.numpy(), exact[name], rtol=2e-7, atol=2e-7)


@pytest.mark.parametrize("weights", [(0.6, 0.6), (0.7, -1.3)], ids=["one weight", "a negative weight"])
@pytest.mark.parametrize("stored", ["adapters", "vector files"])
def test_a_linear_combination_of_adapters_is_what_peft_gives(maker, bases, weights, stored):
    settings = {"target_modules": ["q_proj", "fc1"], "r": 2, "lora_alpha": 5}
    made = maker.adapter("whisper", "a", 1, **settings)
    maker.adapter("whisper", "b", 2, **settings)
    made.load_adapter(str(maker.folder / "b"), "b")
    made.add_weighted_adapter(["default", "b"], list(weights), "both", combination_type="linear")
    made.set_adapter("both")
    paths = ["a", "b"]
    if stored == "vector files":
        base = str(bases["whisper"][1])
        for name in "ab":
            folder, out = str(maker.folder / name), str(maker.folder / f"{name}.safetensors")
            assert main(["vector", base, folder, "--output", out, "--encoding", "lora"]) == 0
        paths = ["a.safetensors", "b.safetensors"]
    vectors = [{"path": path, "weight": weight} for path, weight in zip(paths, weights, strict=True)]
    ours = read(maker.merge("whisper", vectors, "out", method="linear_adapters"))
    assert_close(ours, maker.dense(made, "dense"), 1e-5)
    exact = read(maker.merge("whisper", vectors, "exact"))
    assert not torch.allclose(ours["model.encoder.layers.0.fc1.weight"], exact["model.encoder.layers.0.fc1.weight"])


def test_a_linear_combination_needs_factors_of_one_rank(maker, bases):
    maker.dense(maker.adapter("whisper", "a", 1, target_modules=["fc1"], r=2), "dense")
    maker.adapter("whisper", "b", 2, target_modules=["fc1"], r=3)
    with pytest.raises(UserError, match=r"fc1\.weight have 2 and 3; use task_arithmetic"):
        maker.merge("whisper", ["a", "b"], "ranks", method="linear_adapters")
    with pytest.raises(UserError, match="of dense is not stored as factors"):
        maker.merge("whisper", ["a", "dense"], "whole", method="linear_adapters")


def test_an_average_counts_an_adapter_without_the_module_as_no_change(maker, bases):
    three(maker)
    ours, before = read(maker.merge("whisper", ["a", "b"], "out", method="average")), read(bases["whisper"][1])
    name = "model.encoder.layers.0.fc1"
    half = torch.tensor(exact_deltas(maker.made["a"])[name] / 2, dtype=torch.float32)
    torch.testing.assert_close(ours[f"{name}.weight"], before[f"{name}.weight"] + half)


@pytest.mark.parametrize(
    "recipe",
    [
        {"method": "task_arithmetic", "scale": -0.5},
        {"method": "ties", "options": {"keep": 0.3}},
        {"method": "ties", "options": {"keep": 0.3, "scope": "tensor"}},
        {"method": "magnitude", "options": {"keep": 0.2}},
        {"method": "dare", "options": {"keep": 0.5}},
    ],
    ids=lambda recipe: recipe["method"],
)
def test_adapters_and_their_dense_models_are_the_same_vectors(maker, bases, recipe):
    """To the byte: on a grid all sums are exact. Every tensor is targeted, since trimming counts those of the vector."""
    for name, seed in (("a", 1), ("b", 2)):
        made = maker.adapter("grid", name, seed, grid=1 / 8, target_modules=["one", "two"], r=4, lora_alpha=4)
        maker.dense(made, f"dense-{name}")
    low = maker.merge("grid", [{"path": each, "id": each, "weight": 0.5} for each in "ab"], "low", **recipe)
    dense = maker.merge(
        "grid", [{"path": f"dense-{each}", "id": each, "weight": 0.5} for each in "ab"], "dense", **recipe
    )
    assert changed(read(low), read(bases["grid"][1])) == 2
    assert (low / "model.safetensors").read_bytes() == (dense / "model.safetensors").read_bytes()


@pytest.mark.parametrize("method", ["task_arithmetic", "ties"])
def test_bytes_depend_on_neither_threads_nor_pieces(maker, monkeypatch, method):
    vectors = three(maker)
    monkeypatch.setattr(panels, "PANEL", 100)  # several panels for each tensor
    options = {"options": {"keep": 0.4}} if method == "ties" else {}
    whole = maker.merge("whisper", vectors, "whole", method=method, **options)
    monkeypatch.setattr(storage, "CHUNK", 37)
    pieces = maker.merge("whisper", vectors[::-1], "pieces", 3, method=method, **options)
    assert (whole / "model.safetensors").read_bytes() == (pieces / "model.safetensors").read_bytes()


def test_factors_and_pieces_give_the_change(maker):
    made = maker.adapter("whisper", "adapter", target_modules=EVERY_WHISPER, r=3, lora_alpha=5)
    adapter = maker.open("whisper", "adapter")
    for module, delta in exact_deltas(made).items():
        left, right = adapter.factors(f"{module}.weight")
        assert (left.shape[1], right.shape[0]) == (3, 3)
        np.testing.assert_allclose((left @ right).reshape(delta.shape), delta, rtol=1e-12, atol=1e-12)
        read = adapter.piece(f"{module}.weight").read(0, delta.size)
        np.testing.assert_array_max_ulp(read, delta.astype(np.float32).ravel(), maxulp=1)  # rounded once
    maker.adapter("whisper", "saved", target_modules=["q_proj"], modules_to_save=["fc1"])
    assert maker.open("whisper", "saved").factors("model.encoder.layers.0.fc1.weight") is None


def test_an_adapter_is_known_by_its_content(maker):
    maker.adapter("whisper", "adapter", target_modules=["q_proj"])
    shutil.copytree(maker.folder / "adapter", maker.folder / "copy")
    one, other = maker.open("whisper", "adapter"), maker.open("whisper", "copy")
    assert (one.id, one.fingerprint(Execution())) == (other.id, other.fingerprint(Execution()))
    assert is_adapter(maker.folder / "adapter") and not is_adapter(maker.folder)
    edit(maker.folder / "copy", {"base_model_name_or_path": "elsewhere", "lora_dropout": 0.1})
    assert maker.open("whisper", "copy").id == one.id
    edit(maker.folder / "copy", {"lora_alpha": 9})
    assert maker.open("whisper", "copy").id != one.id
    assert maker.open("whisper", "copy").fingerprint(Execution()) != one.fingerprint(Execution())


# Embeddings of single tokens.

TOKENS = {
    "tied": ("tied", [48, 3, 40]),
    "tied, of both": ("tied", {"embed_tokens": [48, 3], "lm_head": [48, 3]}),
    "untied": ("llama", [48, 3, 40]),
    "untied, of both": ("llama", {"model.embed_tokens": [48, 3, 40], "lm_head": [7]}),
}


def with_rows(maker: Maker, base: str, name: str = "adapter", seed: int = 1, **settings: Any) -> PeftModel:
    return maker.adapter(base, name, seed, target_modules=["q_proj"], r=2, **settings)


@pytest.mark.parametrize(("base", "tokens"), TOKENS.values(), ids=TOKENS)
def test_rows_of_tokens_are_merged_as_peft_does(maker, bases, base, tokens):
    made = with_rows(maker, base, trainable_token_indices=tokens)
    ours, before = read(maker.merge(base, ["adapter"], "out")), read(bases[base][1])
    dense = maker.dense(made, "dense")
    if base == "tied":
        dense.pop("lm_head.weight", None)
    assert_close(ours, dense)
    listed = tokens if isinstance(tokens, dict) else {"embed_tokens": tokens}
    for end, rows in listed.items():
        for name in (name for name in before if name.endswith(f"{end}.weight")):
            changed_rows = (ours[name] != before[name]).any(1).nonzero().flatten().tolist()
            assert changed_rows == sorted(rows)
    merged = type(bases[base][0]).from_pretrained(maker.folder / "out").eval()
    torch.testing.assert_close(logits(merged), logits(made), rtol=1e-5, atol=1e-5)


def test_whole_embeddings_that_peft_saves_beside_the_rows_change_nothing(maker):
    made = with_rows(maker, "tied", trainable_token_indices=[48, 3])
    made.save_pretrained(maker.folder / "more", save_embedding_layers=True)
    assert len(load_file(maker.folder / "more" / "adapter_model.safetensors")) > 5
    ours, theirs = (read(maker.merge("tied", [name], f"out-{name}")) for name in ("adapter", "more"))
    assert all(torch.equal(ours[name], theirs[name]) for name in theirs)


@pytest.mark.parametrize(
    "recipe",
    [
        {"method": "task_arithmetic", "scale": -0.5},
        {"method": "average"},
        {"method": "ties", "options": {"keep": 0.01, "scope": "tensor"}},
    ],
    ids=lambda recipe: recipe["method"],
)
def test_rows_of_tokens_and_their_dense_models_are_the_same_vectors(maker, monkeypatch, recipe):
    """Adapters with different tokens, read in small pieces; as adapter, as vector file and as model."""
    names = ("model.embed_tokens.weight", "lm_head.weight")
    forms: dict[str, list[str]] = {"adapter": [], "file": [], "dense": []}
    for name, seed, tokens in (("a", 1, [48, 3, 40]), ("b", 2, [3, 7])):
        listed = {"model.embed_tokens": tokens, "lm_head": tokens}
        maker.dense(with_rows(maker, "llama", name, seed, trainable_token_indices=listed), f"dense-{name}")
        out = maker.folder / f"{name}.safetensors"
        assert main(["vector", str(maker.bases["llama"][1]), str(maker.folder / name), "-o", str(out)]) == 0
        assert {each.partition("//")[2] for each in load_file(out) if each.startswith(names)} == {
            "starts",
            "index",
            "values",
        }
        for form, path in (("adapter", name), ("file", out.name), ("dense", f"dense-{name}")):
            forms[form].append(path)
    monkeypatch.setattr(panels, "PANEL", 100)
    monkeypatch.setattr(storage, "CHUNK", 37)
    found = {}
    for form, paths in forms.items():
        vectors = [{"path": path, "id": f"v{index}", "weight": 0.5} for index, path in enumerate(paths)]
        found[form] = read(maker.merge("llama", vectors, form, **recipe))
    for name in names:
        assert torch.equal(found["adapter"][name], found["dense"][name])
        assert torch.equal(found["file"][name], found["dense"][name])


def test_an_adapter_with_rows_is_inspected_and_known_by_its_tokens(maker, bases, capsys):
    with_rows(maker, "tied", trainable_token_indices=[48, 3])
    before = maker.open("tied", "adapter")
    assert main(["inspect", str(maker.folder / "adapter"), "--base", str(bases["tied"][1])]) == 0
    assert "embed_tokens" in capsys.readouterr().out
    edit(maker.folder / "adapter", {"trainable_token_indices": [48, 4]})
    after = maker.open("tied", "adapter")
    assert after.id != before.id and after.fingerprint(Execution()) != before.fingerprint(Execution())
    assert before.factors("model.embed_tokens.weight") is None
    assert before.entries("model.layers.0.self_attn.q_proj.weight") is None


def test_rows_are_no_part_of_a_sum_as_adapter(maker):
    with_rows(maker, "tied", trainable_token_indices=[48, 3])
    with pytest.raises(
        UserError, match=r"changes model.embed_tokens.weight by more than LoRA's matrices \(.*single tokens\)"
    ):
        maker.merge("tied", ["adapter"], "sum", output="adapter")


def with_tensors(change: Callable[[dict[str, Tensor]], None]) -> Callable[[Path], None]:
    def spoil(folder: Path) -> None:
        file = folder / "adapter_model.safetensors"
        tensors = load_file(file)
        change(tensors)
        save_file(tensors, file)

    return spoil


EMBEDDED = "base_model.model.model.embed_tokens.token_adapter.trainable_tokens_delta"


def a_row_fewer(tensors: dict[str, Tensor]) -> None:
    tensors[EMBEDDED] = tensors[EMBEDDED][:1].clone()


@with_tensors
def no_row(tensors: dict[str, Tensor]) -> None:
    tensors[EMBEDDED] = torch.zeros(0, 16)


def whole_embeddings(tensors: dict[str, Tensor]) -> None:
    tensors["base_model.model.model.embed_tokens.weight"] = torch.ones(50, 16)


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (
            lambda folder: edit(folder, {"trainable_token_indices": [48, 99]}),
            r"of 2 tokens of model.embed_tokens, but .*\[50, 16\]",
        ),
        (lambda folder: edit(folder, {"trainable_token_indices": [48]}), r"float32\[2, 16\] as embeddings of 1 tokens"),
        (lambda folder: edit(folder, {"trainable_token_indices": None}), r"as embeddings of 0 tokens"),
        (lambda folder: edit(folder, {"trainable_token_indices": [48, 48]}), "names a token twice"),
        (lambda folder: edit(folder, {"trainable_token_indices": "48"}), "are not lists of token numbers"),
        (lambda folder: edit(folder, {"trainable_token_indices": [-1, 3]}), "are not lists of token numbers"),
        (lambda folder: (edit(folder, {"trainable_token_indices": []}), no_row(folder)), "as embeddings of 0 tokens"),
        (with_tensors(a_row_fewer), r"float32\[1, 16\] as embeddings of 2 tokens"),
        (with_tensors(lambda t: t.pop(EMBEDDED)), "has no embeddings of the tokens in trainable_token_indices"),
        (with_tensors(lambda t: t[EMBEDDED].fill_(torch.nan)), "holds NaN or infinity"),
        (with_tensors(whole_embeddings), "as a whole and the embeddings of single tokens in it"),
    ],
)
def test_rows_that_do_not_fit_are_refused(maker, spoil, message):
    with_rows(maker, "tied", trainable_token_indices=[48, 3])
    spoil(maker.folder / "adapter")
    with pytest.raises(UserError, match=message):
        maker.merge("tied", ["adapter"], "out")


# Names.


def test_a_prefix_more_or_less_does_not_matter(maker, bases):
    maker.bases = {**bases, "bare": (bases["whisper"][0].model, maker.folder / "bare")}
    save(maker.bases["bare"][0], maker.folder / "bare")
    for here, there in (("whisper", "bare"), ("bare", "whisper")):
        dense = maker.dense(maker.adapter(here, f"on-{here}", target_modules=["q_proj"]), f"dense-{here}")
        ours = read(maker.merge(there, [f"on-{here}"], f"out-{there}"))
        assert_close(
            {name.removeprefix("model."): each for name, each in ours.items()},
            {name.removeprefix("model."): each for name, each in dense.items()},
        )


def test_a_name_that_fits_several_tensors_or_none_is_refused(maker, bases):
    maker.adapter("llama", "adapter", target_modules=["q_proj"])
    weights = read(bases["llama"][1])
    twice = {f"{part}.{name}": each.clone() for part in ("one", "two") for name, each in weights.items()}
    folder = toy(maker.folder / "twice", twice)
    with pytest.raises(UserError, match=r"may be one\.model\.layers\S+ or two\.model\.layers\S+ of \S*twice; give"):
        maker.merge(folder, ["adapter"], "out")
    other = toy(maker.folder / "other", {name.replace("layers", "blocks"): each for name, each in weights.items()})
    with pytest.raises(
        UserError, match=r"adapter changes model\.layers\S+q_proj, but \S*other has no such tensor; give"
    ):
        maker.merge(other, ["adapter"], "out")


def test_tied_weights_that_are_stored_twice_both_change(maker, bases):
    made = maker.adapter("tied", "adapter", target_modules=["embed_tokens"])
    weights = read(bases["tied"][1])
    twice = toy(maker.folder / "twice", weights | {"lm_head.weight": weights["model.embed_tokens.weight"].clone()})
    ours, delta = read(maker.merge(twice, ["adapter"], "out")), exact_deltas(made)["model.embed_tokens"]
    assert torch.equal(ours["lm_head.weight"], ours["model.embed_tokens.weight"])
    exact = weights["model.embed_tokens.weight"].double() + torch.tensor(delta)
    torch.testing.assert_close(ours["lm_head.weight"].double(), exact, rtol=1e-6, atol=1e-6)
    made = maker.adapter("tied", "both", target_modules=["embed_tokens"], ensure_weight_tying=True)
    both = load_file(maker.folder / "both" / "adapter_model.safetensors")
    assert {"base_model.model.lm_head.lora_A.weight", "base_model.model.lm_head.base_layer.weight"} <= both.keys()
    ours = read(maker.merge(twice, ["both"], "once"))
    exact = weights["model.embed_tokens.weight"] + made.base_model.model.lm_head.get_delta_weight("default")
    torch.testing.assert_close(ours["lm_head.weight"], exact)
    maker.adapter("tied", "differ", target_modules=["embed_tokens", "lm_head"])
    with pytest.raises(UserError, match=r"changes lm_head and model\.embed_tokens differently, which are tied"):
        maker.merge(twice, ["differ"], "none")
    with pytest.raises(UserError, match=r"changes lm_head, but .* no such tensor; .* with ensure_weight_tying"):
        maker.merge("tied", ["differ"], "none")


def toy(folder: Path, weights: Mapping[str, Tensor], config: str = "{}") -> Path:
    folder.mkdir()
    (folder / "config.json").write_text(config)
    save_file(dict(weights), folder / "model.safetensors", metadata={"format": "pt"})
    return folder


def edit(folder: Path, settings: Mapping[str, Any]) -> None:
    file = folder / "adapter_config.json"
    file.write_text(json.dumps(json.loads(file.read_text()) | settings))


def logits(model: nn.Module) -> Tensor:
    numbers = torch.Generator().manual_seed(0)
    ids = torch.randint(3, 20, (2, 6), generator=numbers)
    whole = getattr(model, "base_model", model) if isinstance(model, PeftModel) else model
    speech = model.config.model_type == "whisper"
    with torch.no_grad():
        if speech:
            sound = torch.randn(2, 6, 20, generator=numbers)
            return whole(input_features=sound, decoder_input_ids=ids).logits
        return whole(input_ids=ids).logits


# The sum as an adapter.

OUTPUTS = {
    "whisper": (
        {"target_modules": ["q_proj", "v_proj", "conv1", "conv2"], "r": 5, "use_rslora": True},
        {"target_modules": ["q_proj", "fc1", "conv1"], "r": 2, "lora_alpha": 5},
    ),
    "llama": (
        {"target_modules": ["embed_tokens", "lm_head", "q_proj"], "r": 2, "alpha_pattern": {"lm_head": 3}},
        {"target_modules": "all-linear", "r": 3, "rank_pattern": {"q_proj": 1}, "layers_to_transform": None},
        {"target_modules": ["embed_tokens", "q_proj"], "r": 4, "layers_to_transform": None, "exclude_modules": ["no"]},
    ),
    "gpt2": (
        {"target_modules": ["c_attn", "c_proj"], "r": 2, "fan_in_fan_out": True},
        {"target_modules": ["c_fc", "c_proj", "wpe"], "r": 3, "use_rslora": True, "fan_in_fan_out": True},
    ),
}


@pytest.mark.parametrize("method", ["task_arithmetic", "average"])
@pytest.mark.parametrize("base", OUTPUTS)
def test_a_sum_as_adapter_is_the_sum_as_model(maker, bases, base, method):
    for seed, settings in enumerate(OUTPUTS[base]):
        maker.adapter(base, f"a{seed}", seed, **settings)
    vectors = [{"path": f"a{i}", "weight": weight} for i, weight in enumerate((0.8, -0.6, 0.5)[: len(OUTPUTS[base])])]
    recipe = {"method": method, "scale": 0.7}
    model = maker.merge(base, vectors, "model", **recipe)
    out = maker.merge(base, vectors, "sum", 2, output="adapter", **recipe)
    loaded = PeftModel.from_pretrained(copy.deepcopy(bases[base][0]), out).eval()
    layers = [each for each in loaded.modules() if isinstance(each, LoraLayer)]
    assert {scale for each in layers for scale in each.scaling.values()} == {1.0}
    if base == "whisper":  # transformers asks its convolutions for a stride, which PEFT's have not: it cannot run them
        loaded = loaded.merge_and_unload()
    dense = type(bases[base][0]).from_pretrained(model).eval()
    assert not torch.allclose(logits(dense), logits(bases[base][0]), atol=1e-2)
    torch.testing.assert_close(logits(loaded), logits(dense), rtol=1e-5, atol=1e-5)
    # read back, it is the same vector
    again = maker.merge(base, ["sum"], "again")
    assert_close(read(again), read(model))


def test_a_sum_as_adapter_targets_its_modules_and_no_others(maker, bases):
    maker.adapter("image", "a", 1, target_modules=r"proj|wide", r=2, lora_dropout=0.25, init_lora_weights="gaussian")
    maker.adapter("image", "b", 2, target_modules=["wide", "point"], r=4)
    out = maker.merge("image", ["a", {"path": "b", "weight": -1}], "sum", output="adapter")
    config = json.loads((out / "adapter_config.json").read_text())
    assert (config["r"], config["lora_alpha"], config["lora_dropout"]) == (6, 6, 0.25)
    assert re.fullmatch(config["target_modules"], "proj") and not re.fullmatch(config["target_modules"], "inner.proj")
    assert config["init_lora_weights"] is True and config["inference_mode"] is True
    loaded = PeftModel.from_pretrained(copy.deepcopy(bases["image"][0]), out)
    layers = {name for name, each in loaded.base_model.model.named_modules() if isinstance(each, LoraLayer)}
    assert layers == {"proj", "wide", "point"}
    sizes = {name: each.shape for name, each in load_file(out / "adapter_model.safetensors").items()}
    assert sizes["base_model.model.wide.lora_A.weight"] == (6, 3, 3, 2)
    assert sizes["base_model.model.wide.lora_B.weight"] == (4, 6, 1, 1)
    ours = read(maker.merge("image", ["sum"], "out"))
    assert_close(ours, read(maker.merge("image", ["a", {"path": "b", "weight": -1}], "model")))


def test_a_sum_as_adapter_has_a_receipt(maker):
    vectors = three(maker)
    recipe = maker.recipe("whisper", vectors, output="adapter", dtype="bfloat16")
    lines = outline(recipe, maker.folder / "sum", Execution())
    receipt = merge(recipe, maker.folder / "sum", Execution())
    size = sum(each.nbytes for each in load_file(maker.folder / "sum" / "adapter_model.safetensors").values())
    assert lines[-1].endswith(f"{size / 1e6:.1f} MB of weights, type bfloat16, a LoRA adapter of rank 10")
    assert receipt["tensors"]["model.encoder.layers.0.self_attn.q_proj"] == {"rank": 10}
    assert verify(maker.folder / "sum", Execution())[0].endswith("the weights and 1 files are those of the receipt")
    exact = maker.merge("whisper", vectors, "exact")
    before = read(Path(recipe.base))
    rounded, whole = read(maker.merge("whisper", ["sum"], "rounded")), read(exact)
    lost = sum(float(torch.sum((rounded[name].double() - whole[name].double()) ** 2)) for name in whole)
    moved = sum(float(torch.sum((whole[name].double() - before[name].double()) ** 2)) for name in whole)
    assert receipt["rounding_loss"] == pytest.approx((lost / moved) ** 0.5, rel=1e-3)
    edit(maker.folder / "sum", {"r": 1})
    with pytest.raises(UserError, match=r"adapter_config\.json differs from the receipt"):
        verify(maker.folder / "sum", Execution())
    with pytest.raises(UserError, match="not empty"):
        merge(recipe, maker.folder / "sum", Execution())


def test_what_cannot_be_one_adapter_is_refused(maker, bases, monkeypatch):
    vectors = three(maker)
    maker.adapter("whisper", "saved", target_modules=["q_proj"], modules_to_save=["fc1"])
    maker.adapter("tied", "tied", target_modules=["embed_tokens"], ensure_weight_tying=True)
    nested = [{"merge": {"method": "task_arithmetic", "vectors": vectors}}]
    cases = [
        (
            vectors,
            {"method": "ties", "options": {"keep": 0.5}},
            "ties turns LoRA adapters into a change of full rank",
        ),
        (nested, {}, "the vector [0-9a-f]{12} is a nested merge; give adapters only"),
        (["a", str(bases["whisper"][1])], {}, "the vector .*base is not a LoRA adapter"),
        (["a", "saved"], {}, "saved changes .*fc1.* by more than LoRA's matrices"),
        ([{"path": "a", "weight": 0}], {}, "all weights are 0"),
    ]
    for given, settings, message in cases:
        recipe = maker.recipe("whisper", given, output="adapter", **settings)
        for act in (merge, outline):
            with pytest.raises(UserError, match=message):
                act(recipe, maker.folder / "sum", Execution())
    with pytest.raises(UserError, match="ties the matrices of two modules"):
        maker.merge("tied", ["tied"], "sum", output="adapter")
    maker.bases = {**bases, "bare": (WhisperModel(bases["whisper"][0].config), maker.folder / "bare")}
    maker.adapter("bare", "bare-a", target_modules=["q_proj"])
    with pytest.raises(
        UserError,
        match=r"names the module of model\.\S+q_proj\.weight (model\.)?decoder\.\S+, but another adapter names it (model|decoder)\.",
    ):
        maker.merge("whisper", ["a", "bare-a"], "sum", output="adapter")
    monkeypatch.setattr(shutil, "disk_usage", lambda path: SimpleNamespace(free=0))
    with pytest.raises(UserError, match="free space"):
        maker.merge("whisper", vectors, "sum", output="adapter")
    assert not (maker.folder / "sum").exists()


# Adapters other than plain LoRA, or of another base.


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"peft_type": "IA3"}, "of type IA3, but only LORA"),
        ({"use_dora": True}, "is DoRA.*merge_and_unload"),
        ({"layer_replication": [[0, 1]]}, "repeats layers"),
        ({"target_parameters": ["x"]}, "targets parameters"),
        ({"alora_invocation_tokens": [1]}, "is aLoRA"),
        ({"use_qalora": True}, "is QALoRA"),
        ({"use_bdlora": {"nblocks": 2}}, "block-diagonal"),
        ({"arrow_config": {"top_k": 1}}, "chooses between other adapters"),
        ({"kasa_config": {"beta": 0.1}}, "is KaSA"),
        *(
            ({"init_lora_weights": each}, f"initialised with init_lora_weights '{each}'.*path_initial_model")
            for each in ("pissa", "pissa_niter_16", "olora", "loftq", "corda", "lora_ga", "of tomorrow")
        ),
        ({"r": 3}, "gives model.decoder.layers.0.encoder_attn.q_proj the rank 3, but its matrices have 8"),
        ({"rank_pattern": {"q_proj": 4}}, "the rank 4, but its matrices have 8"),
        ({"rank_pattern": {"(": 4}}, r"rank_pattern has '\(', which is not a valid regular expression"),
        ({"alpha_pattern": [1]}, "alpha_pattern is not a mapping"),
        ({"lora_alpha": "much"}, "lora_alpha in .*adapter_config.json is 'much'; give a finite number"),
    ],
)
def test_settings_that_are_more_than_a_product_are_refused(maker, settings, message):
    maker.adapter("whisper", "adapter", target_modules=["q_proj"])
    edit(maker.folder / "adapter", settings)
    with pytest.raises(UserError, match=message):
        maker.merge("whisper", ["adapter"], "out")


@pytest.mark.parametrize("start", [False, "gaussian", "eva", "orthogonal", "mica"])
def test_beginnings_that_leave_the_base_alone_are_fine(maker, start):
    maker.adapter("whisper", "adapter", target_modules=["q_proj"])
    edit(maker.folder / "adapter", {"init_lora_weights": start})
    maker.merge("whisper", ["adapter"], "out")


Q = "base_model.model.model.encoder.layers.0.self_attn.q_proj"


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (with_tensors(lambda t: t.pop(f"{Q}.lora_B.weight")), "q_proj in .* has only A of LoRA's matrices"),
        (with_tensors(lambda t: t.update({f"{Q}.lora_magnitude_vector": torch.ones(16)})), "which is a tensor of DoRA"),
        (
            with_tensors(lambda t: t.update({f"{Q}.lora_diag": torch.ones(8)})),
            "q_proj.lora_diag, which is not a tensor of plain LoRA",
        ),
        (
            with_tensors(lambda t: t.update({f"{Q}.lora_A.default.weight": torch.ones(8)})),
            "lora_A.default.weight, which",
        ),
        (with_tensors(lambda t: t.update({f"{Q}.lora_E": torch.ones(8)})), "lora_E, which is not a tensor of plain"),
        (with_tensors(lambda t: t.update({"base_model.model.head.weight": torch.ones(8)})), "changes head, but"),
        (with_tensors(lambda t: t.update({f"{Q}.bias": torch.ones(8)})), r"q_proj.bias is float32\[8\] in .*, but"),
        (with_tensors(lambda t: t.update({f"{Q}.bias": torch.ones(16).int()})), r"is int32\[16\] in"),
        (
            with_tensors(lambda t: t.update({f"{Q}.lora_A.weight": torch.ones(8, 16).int()})),
            "save the adapter as float32",
        ),
        (
            with_tensors(lambda t: t.update({f"{Q}.lora_A.weight": torch.ones(8, 15)})),
            r"by \[16, 15\], but .* is \[16, 16\]",
        ),
        (with_tensors(lambda t: t.update({f"{Q}.lora_A.weight": torch.ones(4, 16)})), "which have no product"),
        (with_tensors(lambda t: t.update({f"{Q}.lora_A.weight": torch.ones(0)})), "are empty, as DeepSpeed leaves"),
        (with_tensors(lambda t: t[f"{Q}.lora_A.weight"].fill_(torch.nan)), "holds NaN or infinity"),
        (with_tensors(lambda t: [each.fill_(1e30) for each in t.values()]), "by more than float32 can hold"),
        (with_tensors(dict.clear), "changes no tensor"),
        (lambda folder: (folder / "adapter_model.safetensors").unlink(), "adapter_model.safetensors is missing"),
        (
            lambda folder: (folder / "adapter_model.safetensors").rename(folder / "adapter_model.bin"),
            "only as pickle, which is never loaded; convert it, if you trust it, with `tauspeech convert ",
        ),
        (lambda folder: (folder / "adapter_config.json").write_text("{"), "adapter_config.json cannot be read"),
        (lambda folder: (folder / "adapter_config.json").write_text("[]"), "is not a mapping of settings"),
    ],
)
def test_what_is_not_understood_is_refused(maker, spoil, message):
    maker.adapter("whisper", "adapter", target_modules=["q_proj"])
    spoil(maker.folder / "adapter")
    with pytest.raises(UserError, match=message):
        maker.merge("whisper", ["adapter"], "out")


def test_the_way_out_of_pickle_works(maker):
    made = maker.adapter("whisper", "adapter", target_modules=["q_proj"])
    file = maker.folder / "adapter" / "adapter_model.safetensors"
    torch.save(load_file(file), file.with_name("adapter_model.bin"))
    file.unlink()
    with pytest.raises(UserError) as refused:
        maker.open("whisper", "adapter")
    program, *arguments = shlex.split(str(refused.value).split("`")[1])
    assert program == "tauspeech" and main(arguments) == 0
    assert_close(read(maker.merge("whisper", ["adapter"], "out")), maker.dense(made, "dense"))


def test_a_base_that_does_not_fit_is_refused(maker, bases):
    maker.adapter("whisper", "adapter", target_modules=["q_proj"])
    weights = read(bases["whisper"][1])
    name = "model.encoder.layers.0.self_attn.q_proj.weight"
    quantised = toy(maker.folder / "quantised", weights | {name: torch.zeros(16, 16, dtype=torch.int8)})
    with pytest.raises(UserError, match=r"changes \S*q_proj.weight, which is int8\[16, 16\].*not quantised"):
        maker.merge(quantised, ["adapter"], "out")
    larger = toy(maker.folder / "larger", weights | {name: torch.zeros(16, 20)})
    with pytest.raises(UserError, match=r"by \[16, 16\], but \S*q_proj.weight is \[16, 20\]"):
        maker.merge(larger, ["adapter"], "out")


def test_a_square_matrix_whose_side_is_unknown_is_refused(maker):
    maker.adapter("gpt2", "adapter", target_modules=["c_proj", "c_fc"], fan_in_fan_out=True)
    edit(maker.folder / "adapter", {"fan_in_fan_out": False})
    with pytest.raises(UserError, match=r"whether the square matrix of transformer\.h\.0\.attn\.c_proj is transposed"):
        maker.merge("gpt2", ["adapter"], "out")


def test_grouped_convolutions_are_refused(maker, bases):
    torch.manual_seed(0)
    grouped = nn.ModuleDict({"conv": nn.Conv1d(4, 4, 3, groups=2)})
    maker.bases = {**bases, "grouped": (grouped, maker.folder / "grouped")}
    save(*maker.bases["grouped"])
    maker.adapter("grouped", "adapter", target_modules=["conv"], r=2)
    with pytest.raises(UserError, match="convolutions in groups have none"):
        maker.merge("grouped", ["adapter"], "out")
