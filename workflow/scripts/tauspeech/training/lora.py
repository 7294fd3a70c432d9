"""Training of a LoRA adapter by PEFT: matrices A and B beside some layers, whose weights get the change alpha / rank * B A.

Beside them the embeddings of new tokens may be trained, of units above all, at the input and the output of the network.

The rest of the model stays as in the base, running statistics of BatchNorm too: an adapter cannot hold those.
"""

import re
import warnings
from collections import Counter
from pathlib import Path
from typing import Any

import torch
from peft import LoraConfig, PeftModel, get_peft_model, get_peft_model_state_dict, set_peft_model_state_dict
from peft.tuners.lora import LoraLayer
from safetensors.torch import load_file, save_file
from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm

from tauspeech.data.randomness import derive_seed
from tauspeech.models.family import SpeechModel
from tauspeech.runtime.errors import UserError
from tauspeech.runtime.files import canonical_json, write_text
from tauspeech.vectors.adapted_model import write_adapted
from tauspeech.vectors.lora.config import ADAPTER_FOLDER, ADAPTER_WEIGHTS, CONFIG

ALL_LINEAR = "all_linear"
_KEY = "key 'training.lora.targets'"


class LoraAdapter:
    """A model with an adapter in training. Layers are replaced inside ``model.network``, which so decodes with the adapter."""

    def __init__(
        self,
        model: SpeechModel,
        rank: int,
        alpha: float,
        targets: str | list[str],
        seed: int,
        new_tokens: bool = False,
    ):
        names = target_modules(model, targets)
        tokens = _new_tokens(model, names) if new_tokens else None
        _freeze_statistics(model.network)
        config = LoraConfig(r=rank, lora_alpha=alpha, target_modules=names, trainable_token_indices=tokens)
        with torch.random.fork_rng(), warnings.catch_warnings():
            warnings.simplefilter("ignore", FutureWarning)  # PEFT reads an attribute that transformers has renamed
            torch.manual_seed(derive_seed(seed, "lora"))
            self.module: PeftModel = get_peft_model(model.network, config)
        self._network, self._targets = model.network, names
        trained, every = self.module.get_nb_trainable_parameters()
        print(
            f"LoRA of rank {rank} on {len(names)} layers{f' and {len(model.added_tokens)} embeddings' if tokens else ''}: "
            f"{trained:,} weights, {trained / (every - trained):.1%}",
            flush=True,
        )

    def require_effect(self, batch: dict[str, torch.Tensor]) -> None:
        """Raise a UserError for layers that are not called: some models take weights out of layers, without the adapter."""
        layers = {name: layer for name, layer in self._network.named_modules() if isinstance(layer, LoraLayer)}
        called: set[nn.Module] = set()
        hooks = [layer.register_forward_hook(lambda layer, *_: called.add(layer)) for layer in layers.values()]
        self._network.eval()
        with torch.no_grad():
            self._network(**batch)
        for hook in hooks:
            hook.remove()
        if idle := [name for name, layer in layers.items() if layer not in called]:
            raise UserError(f"{_KEY}: an adapter has no effect on {idle[0]} of this base: name other layers.")

    def load(self, checkpoint: Path) -> None:
        set_peft_model_state_dict(self.module, load_file(checkpoint / ADAPTER_WEIGHTS))

    def save(self, base: Path, folder: Path) -> None:
        self._save_adapter(folder / ADAPTER_FOLDER)
        write_adapted(base, folder / ADAPTER_FOLDER, folder)

    def _save_adapter(self, folder: Path) -> None:
        """Files as PEFT writes them, but the same bytes in every run: without paths, with sets in order."""
        folder.mkdir(parents=True)
        weights = get_peft_model_state_dict(self.module)
        tensors = {name: weights[name].detach().cpu().contiguous() for name in sorted(weights)}
        save_file(tensors, folder / ADAPTER_WEIGHTS, metadata={"format": "pt"})
        about = self.module.peft_config["default"].to_dict()
        own = {"base_model_name_or_path": None, "inference_mode": True, "target_modules": self._targets}
        write_text(folder / CONFIG, canonical_json(_plain(about | own)))


def trainable(model: SpeechModel, settings: dict[str, Any], seed: int) -> LoraAdapter:
    """See ``training.trainable``."""
    return LoraAdapter(model, **settings["lora"], seed=seed)


def _new_tokens(model: SpeechModel, targets: list[str]) -> dict[str, list[int]]:
    """Tokens whose embeddings are trained, by the name of each layer that has a row for each token of its own."""
    if not model.added_tokens:
        raise UserError(
            "key 'training.lora.new_tokens' is true, and the base is no language model with tokens for units: set it to false."
        )
    network = model.network
    inputs, output = network.get_input_embeddings(), _output_layer(network)
    layers = [inputs] if output is None or output.weight is inputs.weight else [inputs, output]
    names = [name for name, layer in network.named_modules() if any(layer is each for each in layers)]
    if both := sorted(set(names) & set(targets)):
        raise UserError(
            f"{_KEY} names {both[0]}, of which key 'training.lora.new_tokens' trains rows: leave one of them out."
        )
    return {name: list(model.added_tokens) for name in names}


def target_modules(model: SpeechModel, targets: str | list[str]) -> list[str]:
    """Names of the layers that get an adapter: those of a preset, or those that have one of the names or end in it."""
    layers = _adaptable(model.network)
    if targets == ALL_LINEAR:
        output = _output_layer(model.network)
        return [name for name, layer in layers.items() if isinstance(layer, nn.Linear) and layer is not output]
    if isinstance(targets, str):
        return _of_preset(model, targets, layers)
    for target in targets:
        if not any(_ends_in(name, target) for name in layers):
            known = ", ".join(sorted({name.rpartition(".")[2] for name in layers if not name[-1].isdigit()}))
            raise UserError(
                f"{_KEY}: the base has no linear layer or convolution called '{target}' that an adapter can change: give "
                f"names such as {known}, or a preset."
            )
    return [name for name in layers if any(_ends_in(name, target) for target in targets)]


def _of_preset(model: SpeechModel, preset: str, layers: dict[str, nn.Module]) -> list[str]:
    expression = model.lora_presets.get(preset)
    names = [name for name in layers if expression and re.fullmatch(expression, name)]
    if not names:
        others = ", ".join([*(each for each in model.lora_presets if each != preset), ALL_LINEAR])
        raise UserError(f"{_KEY} is {preset}, and the base has no such layers: give {others}, or names of layers.")
    return names


def _adaptable(network: nn.Module) -> dict[str, nn.Module]:
    """Linear layers and convolutions by name, without those in groups and those that share their weights with another layer."""
    layers = {
        name: layer
        for name, layer in network.named_modules()
        if isinstance(layer, nn.Linear) or (isinstance(layer, nn.Conv1d | nn.Conv2d) and layer.groups == 1)
    }
    holders = Counter(id(weight) for layer in network.modules() for weight in layer.parameters(recurse=False))
    return {name: layer for name, layer in layers.items() if holders[id(layer.weight)] == 1}


def _output_layer(network: nn.Module) -> nn.Module | None:
    found: nn.Module | None = network.get_output_embeddings() if hasattr(network, "get_output_embeddings") else None
    return getattr(network, "lm_head", None) if found is None else found


def _ends_in(name: str, target: str) -> bool:
    return name == target or name.endswith(f".{target}")


def _freeze_statistics(network: nn.Module) -> None:
    """Let BatchNorm use the base's running statistics in training, too, and leave them as they are."""
    for layer in network.modules():
        if isinstance(layer, _BatchNorm):
            layer.register_forward_pre_hook(_to_evaluation)


def _to_evaluation(layer: nn.Module, _: Any) -> None:
    layer.eval()


def _plain(value: Any) -> Any:
    """The value with sets as sorted lists, and names in place of enumerations, for JSON."""
    if isinstance(value, dict):
        return {str(key): _plain(each) for key, each in value.items()}
    if isinstance(value, set | frozenset):
        return sorted(value)
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    return getattr(value, "value", value)
