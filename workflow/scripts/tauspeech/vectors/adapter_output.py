"""A weighted sum of LoRA adapters as one adapter, exactly: sum_j c_j B_j A_j = [c_1 B_1, c_2 B_2, ...] [A_1; A_2; ...].

Only plain weighted sums have a low rank. The coefficients are multiplied into B, so that PEFT's own scale is 1.
"""

import hashlib
import math
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tauspeech.runtime.errors import UserError
from tauspeech.runtime.files import canonical_json, write_text
from tauspeech.vectors import methods
from tauspeech.vectors.combination import Combination, Nested, Summand
from tauspeech.vectors.files.hashes import cache_digests
from tauspeech.vectors.files.storage import WIDTHS, Bytes, Layout, Writer, rounded, widened
from tauspeech.vectors.lora.adapter import Adapter
from tauspeech.vectors.lora.config import ADAPTER_WEIGHTS, CONFIG
from tauspeech.vectors.lora.file import PREFIX, Change, Product, matrix
from tauspeech.vectors.merged import Merged
from tauspeech.vectors.sources import Sources

_MODEL_INSTEAD = "remove output: adapter from the recipe, to write a model"

# Settings that selected modules or initialised the training, which do not apply to the sum; with their neutral values.
_OFF = {
    "exclude_modules": None,
    "layers_to_transform": None,
    "layers_pattern": None,
    "modules_to_save": None,
    "bias": "none",
    "trainable_token_indices": None,
    "lora_bias": False,
    "ensure_weight_tying": False,
    "init_lora_weights": True,
    "eva_config": None,
    "velora_config": None,
}


@dataclass(frozen=True)
class _Block:
    """The part of one adapter in the change of a module."""

    product: Product
    coefficient: float

    def matrices(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """B with all factors, and A."""
        return matrix(self.product.b) * (self.product.scale * self.coefficient), matrix(self.product.a)


class AdapterSum:
    """The adapter that a recipe describes; only shapes are computed until it is written."""

    def __init__(self, sources: Sources):
        recipe = sources.recipe
        if not methods.find(recipe.merge.method).weighted_sum:
            sums = " or ".join(method.name for method in methods.declared() if method.weighted_sum)
            raise UserError(
                f"{recipe.origin}: key 'output' is adapter, but {recipe.merge.method} turns LoRA adapters into a "
                f"change of full rank; choose {sums}, or {_MODEL_INSTEAD}."
            )
        self._base, self._execution = sources.base, sources.execution
        adapters = [_adapter(term, recipe.origin) for term in sources.terms]
        self._dtype = {"float16": "F16", "bfloat16": "BF16"}.get(recipe.dtype, "F32")
        self._modules = _collected(sources.phi(), recipe.merge.scale, recipe.origin)
        self._settings = adapters[0].config.content
        if not self._modules:
            raise UserError(
                f"{recipe.origin}: all weights are 0, so that the sum of the adapters is empty; give others."
            )

    @property
    def size(self) -> int:
        """Bytes of all tensors."""
        return sum(math.prod(shape) * WIDTHS[dtype] for dtype, shape in self._layout().values())

    @property
    def ranks(self) -> dict[str, int]:
        return {module: sum(block.product.rank for block in blocks) for module, blocks in self._modules.items()}

    def write(self, folder: Path) -> Merged:
        """Write weights and configuration into a new folder."""
        path, merged = folder / ADAPTER_WEIGHTS, Merged()
        writer = Writer(path, self._layout(), room=64)

        def one(module: str) -> None:
            blocks = self._modules[module]
            parts = [block.matrices() for block in blocks]
            left, right = np.concatenate([b for b, _ in parts], 1), np.concatenate([a for _, a in parts])
            stored: dict[str, Bytes] = {}
            for name, values in zip(_names(module, blocks[0].product), (right, left), strict=True):
                stored[name] = rounded(np.ascontiguousarray(values), name, self._dtype)
                writer.write(name, 0, stored[name])
                merged.digests[name] = hashlib.sha256(stored[name].data).hexdigest()
            merged.rounding[module] = self._loss(left, right, *stored.values())
            merged.facts[module] = {"rank": left.shape[1]}

        ranks = self.ranks
        self._execution.each("summing", one, self._modules, ranks.__getitem__)
        writer.close({"format": "pt"})
        cache_digests(path, merged.digests)
        write_text(folder / CONFIG, canonical_json(self._config()))
        return merged

    def _layout(self) -> Layout:
        layout: Layout = {}
        for module, blocks in self._modules.items():
            first, rank = blocks[0].product, sum(block.product.rank for block in blocks)
            shapes = ((rank, *first.a.shape[1:]), (first.b.shape[0], rank, *first.b.shape[2:]))
            layout |= {name: (self._dtype, shape) for name, shape in zip(_names(module, first), shapes, strict=True)}
        return layout

    def _loss(self, left: NDArray[np.float64], right: NDArray[np.float64], *stored: Bytes) -> tuple[float, float]:
        """Squared norms of the product's rounding error and of the product, without computing the product."""
        if self._dtype == "F32":
            return 0.0, 0.0
        a, b = (widened(each, self._dtype).astype(np.float64) for each in stored)
        both = np.concatenate([left, -b.reshape(left.shape)], 1), np.concatenate([right, a.reshape(right.shape)])
        return _squared_norm(*both), _squared_norm(left, right)

    def _config(self) -> dict[str, Any]:
        """The first adapter's configuration, with exactly these modules and the scale 1 for each of them."""
        ranks, products = self.ranks, [blocks[0].product for blocks in self._modules.values()]
        usual = max(Counter(ranks.values()).items(), key=lambda item: (item[1], item[0]))[0]
        # Anchored and escaped: PEFT reads the names in patterns as regular expressions for the end of a module's name.
        pattern = {f"^{re.escape(module)}": rank for module, rank in ranks.items() if rank != usual}
        off = {key: value for key, value in _OFF.items() if key in self._settings}
        own = {
            "r": usual,
            "lora_alpha": usual,
            "rank_pattern": pattern,
            "alpha_pattern": pattern,
            "use_rslora": False,
            "inference_mode": True,
            "fan_in_fan_out": any(product.transposed and not product.embedding for product in products),
            "target_modules": self._targets(),
        }
        return self._settings | off | own

    def _targets(self) -> list[str] | str:
        """The modules' names; as a regular expression if one of them is the end of another module's name in the base."""
        names = list(self._modules)
        others = {name.rpartition(".")[0] for name in self._base.tensors} - self._modules.keys()
        taken = any(other.endswith(tuple(f".{name}" for name in names)) for other in others)
        return "|".join(re.escape(name) for name in names) if taken else names


def _adapter(term: Summand, origin: str) -> Adapter:
    if isinstance(term.delta, Adapter):
        _refuse_tied(term.delta)
        return term.delta
    kind = "a nested merge" if isinstance(term.delta, Nested) else "not a LoRA adapter"
    raise UserError(
        f"{origin}: key 'output' is adapter, but the vector {term.label} is {kind}; give adapters only, or "
        f"{_MODEL_INSTEAD}."
    )


def _refuse_tied(adapter: Adapter) -> None:
    products = (each for changes in adapter.changes.values() for each in changes if isinstance(each, Product))
    if adapter.config.content.get("ensure_weight_tying") and any(each.embedding for each in products):
        raise UserError(
            f"{adapter.folder} ties the matrices of two modules (ensure_weight_tying), which PEFT does by itself when it "
            f"makes an adapter; {_MODEL_INSTEAD}."
        )


def _collected(phi: Combination, scale: float, origin: str) -> dict[str, list[_Block]]:
    """The parts of each module, in the order of the vectors' ids."""
    modules: dict[str, list[_Block]] = {}
    modules_by_name: dict[str | None, tuple[str, bool]] = {}
    for index, term in enumerate(phi.terms):
        for name, changes in _adapter(term, origin).changes.items():
            product = _only_product(name, changes, term.label)
            place = (product.module, product.embedding)
            if modules_by_name.setdefault(product.name, place) != place:
                raise UserError(
                    f"Adapter {term.label} names the module of {product.name} {product.module}, but another adapter names it "
                    f"{modules_by_name[product.name][0]}; give adapters of the same model class, or {_MODEL_INSTEAD}."
                )
            coefficient = phi.weights(name)[index] * phi.amount(name, scale)
            if coefficient:
                modules.setdefault(product.module, []).append(_Block(product, coefficient))
    return dict(sorted(modules.items()))


def _only_product(name: str, changes: Sequence[Change], label: str) -> Product:
    if len(changes) == 1 and isinstance(changes[0], Product):
        return changes[0]
    raise UserError(
        f"Adapter {label} changes {name} by more than LoRA's matrices (modules_to_save, biases, single tokens), which one adapter cannot "
        f"store for several; {_MODEL_INSTEAD}."
    )


def _names(module: str, product: Product) -> tuple[str, str]:
    """PEFT's names of A and B."""
    kind, ending = ("lora_embedding_", "") if product.embedding else ("lora_", ".weight")
    return f"{PREFIX}{module}.{kind}A{ending}", f"{PREFIX}{module}.{kind}B{ending}"


def _squared_norm(left: NDArray[np.float64], right: NDArray[np.float64]) -> float:
    """Squared norm of left @ right."""
    return max(float(np.sum((left.T @ left) * (right @ right.T))), 0.0)
