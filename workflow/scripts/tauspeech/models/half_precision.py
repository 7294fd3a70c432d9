"""Arithmetic in half precision with weights that stay in float32, so that small differences between models survive.

``torch.autocast`` alone rounds each weight to 8 bits (bf16) or 11 bits (fp16) for its products, and task vectors are
smaller than that. Rounding is no mere noise: weights of published Whispers are fp16 numbers, one in eight of which lies
halfway between two bf16 numbers, and the smallest change decides to which of the two it goes. Here a weight enters its
matrix product as a sum of numbers in half precision, which together have its bits; only activations are rounded.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn

DTYPES = {"bf16": torch.bfloat16, "fp16": torch.float16}
TERMS = {"bf16": 3, "fp16": 2}  # of a weight: 3 times 8 bits; 2 times 11, whose smallest step is 6e-8
ONES = 8  # columns for the bias, of which the rest is zero: matrix products are fast for multiples of 8
CONVOLUTIONS = (nn.Conv1d, nn.Conv2d)
IN_FLOAT32 = ("WavLMAttention",)  # classes that take weights out of their layers, and would round them


@contextmanager
def arithmetic(network: nn.Module, precision: str) -> Iterator[None]:
    """Compute with ``network`` in fp32, bf16 or fp16. Its weights, which must be in float32, may not change meanwhile."""
    if precision == "fp32":
        with _convolutions_without_tf32():
            yield
        return
    replaced = []
    try:
        for layer in network.modules():
            if forward := _forward(layer, precision):
                layer.forward = forward
                replaced.append(layer)
        kind = next(network.parameters()).device.type
        with _convolutions_without_tf32(), torch.autocast(kind, DTYPES[precision]):
            yield
    finally:
        for layer in replaced:
            del layer.forward


@contextmanager
def _convolutions_without_tf32() -> Iterator[None]:
    """GPUs round to 11 bits in convolutions of float32 by default, though not in matrix products."""
    before = torch.backends.cudnn.allow_tf32
    torch.backends.cudnn.allow_tf32 = False
    try:
        yield
    finally:
        torch.backends.cudnn.allow_tf32 = before


def terms(values: Tensor, precision: str) -> list[Tensor]:
    """Numbers in half precision whose sum is ``values``, the largest first."""
    found, rest = [], values.detach()
    for _ in range(TERMS[precision]):
        found.append(rest.to(DTYPES[precision]))
        rest = rest - found[-1].float()
    return found


def _forward(layer: nn.Module, precision: str) -> Callable[..., Any] | None:
    """Function in place of that of a layer's class; None for a layer without products of weights, or with a function of its own."""
    if "forward" in vars(layer):  # inside another such block, or replaced by another program
        return None
    if isinstance(layer, nn.Linear) and type(layer).forward is nn.Linear.forward:
        return partial(_linear, *_columns(layer, precision))
    if isinstance(layer, CONVOLUTIONS) and type(layer).forward in [kind.forward for kind in CONVOLUTIONS]:
        return partial(_convolution, layer)
    if type(layer).__name__ in IN_FLOAT32:
        return partial(_in_float32, layer)
    return None


def _columns(layer: nn.Linear, precision: str) -> tuple[Tensor, int]:
    """Terms of the weights, and of the bias, side by side, and the number of terms.

    One product sums them all before it is rounded: added to a rounded product, the small terms would be lost.
    """
    found = terms(layer.weight, precision)
    count = len(found)
    if layer.bias is not None:
        bias = torch.stack(terms(layer.bias, precision), 1)
        found.append(nn.functional.pad(bias, (0, ONES - count)))
    return torch.cat(found, 1), count


def _linear(columns: Tensor, count: int, inputs: Tensor) -> Tensor:
    inputs = inputs.to(columns.dtype)
    parts = [inputs] * count
    if columns.shape[1] > count * inputs.shape[-1]:
        parts.append(inputs.new_ones(1).expand(*inputs.shape[:-1], ONES))
    return nn.functional.linear(torch.cat(parts, -1), columns)


def _convolution(layer: nn.Conv1d | nn.Conv2d, inputs: Tensor) -> Tensor:
    """In float32: models have few of them."""
    with torch.autocast(inputs.device.type, enabled=False):
        return layer._conv_forward(inputs.float(), layer.weight, layer.bias)


def _in_float32(layer: nn.Module, hidden_states: Tensor, *others: Any, **settings: Any) -> Any:
    with torch.autocast(hidden_states.device.type, enabled=False):
        return type(layer).forward(layer, hidden_states.float(), *others, **settings)
