"""Checks of a model that transformers has loaded."""

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError

from tauspeech.runtime.errors import UserError, one_line

# Errors that transformers raises on files that are damaged, missing or of another model.
_UNREADABLE = (OSError, ValueError, RuntimeError, TypeError, KeyError, AttributeError, ImportError, SafetensorError)


@contextmanager
def unreadable_as_user_error(kind: str, folder: str | Path, advice: str) -> Iterator[None]:
    """Raise a UserError with the advice where transformers cannot read the files of a model."""
    try:
        yield
    except _UNREADABLE as error:
        # Some errors of tokenizer readers have no text; their type says at least something.
        reason = one_line(str(error)) or type(error).__name__
        raise UserError(f"no {kind} could be loaded from {folder} ({reason}): {advice}.") from None


def require_all_weights(
    folder: str | Path, network: torch.nn.Module, found: dict[str, Any], optional: Collection[str] = ()
) -> None:
    """Refuse a checkpoint without all weights; transformers would only warn, and initialise them at random.

    ``found`` is what transformers returns with ``output_loading_info``; weights whose names end in ``optional`` may be missing.
    """
    mismatched = {name for name, *_ in found["mismatched_keys"]}
    missing = (found["missing_keys"] | mismatched) & dict(network.named_parameters()).keys()
    if missing := {name for name in missing if not name.endswith(tuple(optional))}:
        raise UserError(
            f"{folder} lacks {len(missing)} weights that its config.json asks for, or has them in another shape, such as "
            f"{min(missing)}: give a complete model, with its own config.json."
        )


def freeze_fixed_weights(network: torch.nn.Module) -> None:
    """Exclude from training what the architecture declares fixed, such as the sinusoids of Whisper's encoder.

    transformers forgets this when it loads a checkpoint.
    """
    with torch.device("meta"):
        declared = type(network)(network.config)
    for name, weight in declared.named_parameters():
        if not weight.requires_grad:
            network.get_parameter(name).requires_grad_(False)
