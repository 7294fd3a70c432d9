"""Compilation of a network's layers by torch.compile, each by itself: layers of one kind share the compiled code.

So it takes seconds, and does not grow with the number of layers. Parameters and their names stay as they are.
"""

from contextlib import AbstractContextManager, nullcontext

import torch
from transformers.modeling_layers import GradientCheckpointingLayer

from tauspeech.runtime.errors import UserError, one_line

BACKEND = "inductor"


def compile_layers(network: torch.nn.Module, backend: str | None = None) -> int:
    """Compile the layers of encoder and decoder when they are first called; return their number."""
    layers = _layers(network)
    for layer in layers:
        layer.compile(backend=backend or BACKEND)
    return len(layers)


def not_compiled(network: torch.nn.Module) -> AbstractContextManager[None]:
    """A block in which compiled layers run as they are: validation has shapes for which nothing should be compiled."""
    if not any(layer._compiled_call_impl for layer in _layers(network)):
        return nullcontext()
    stance: AbstractContextManager[None] = torch.compiler.set_stance("force_eager")
    return stance


def compilation_failure(error: RuntimeError) -> UserError | None:
    """The message for an error of torch.compile itself, such as a missing C compiler; None for other errors."""
    if not any(kind.__module__.startswith(("torch._dynamo", "torch._inductor")) for kind in type(error).__mro__):
        return None
    return UserError(
        f"the layers could not be compiled ({one_line(str(error))}): set training.compile to false, or install what "
        "torch.compile needs, such as a C compiler."
    )


def _layers(network: torch.nn.Module) -> list[torch.nn.Module]:
    return [layer for layer in network.modules() if isinstance(layer, GradientCheckpointingLayer)]
