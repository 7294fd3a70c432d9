"""The task vector of a fine-tune, tau = theta - theta_0, and the file it is kept in.

Ilharco et al., "Editing Models with Task Arithmetic", ICLR 2023; equation 6 of the rare-words paper.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from tauspeech.errors import UserError
from tauspeech.files import canonical_json, write_atomic
from tauspeech.vectors.checkpoint import fingerprint, read_weights

FORMAT_VERSION = "1"

# All metadata under one key: safetensors writes several in an order that differs from run to run.
_HEADER = "task_vector"


@dataclass(frozen=True)
class TaskVector:
    """Float32 tensors, named as in the base, to add to the model whose weights have this fingerprint."""

    tensors: dict[str, Tensor]
    base_fingerprint: str
    metadata: dict[str, Any] = field(default_factory=dict)

    def save(self, path: Path) -> None:
        about = {
            "version": FORMAT_VERSION,
            "base_fingerprint": self.base_fingerprint,
            "metadata": self.metadata,
        }
        header = {_HEADER: canonical_json(about)}
        write_atomic(Path(path), lambda part: save_file(self.tensors, part, metadata=header))

    @classmethod
    def load(cls, path: Path) -> "TaskVector":
        path = Path(path)
        if not path.is_file():
            raise UserError(f"There is no task vector at {path}; check the path.")
        try:
            with safe_open(path, framework="pt") as file:
                header = (file.metadata() or {}).get(_HEADER)
                if header is None:
                    raise UserError(f"{path} holds tensors but no task vector; make one with `tauspeech vector`.")
                about = json.loads(header)
                if about["version"] != FORMAT_VERSION:
                    raise UserError(
                        f"{path} is a task vector of format {about['version']}, and only format {FORMAT_VERSION} "
                        "is understood; make it again with this version of tauspeech."
                    )
                tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 (no mapping)
                return cls(tensors, about["base_fingerprint"], about["metadata"])
        except (SafetensorError, ValueError, KeyError, TypeError) as error:
            raise UserError(f"{path} is truncated or no task vector ({error}); make it again.") from None


def subtract(finetuned: Path, reference: Path) -> TaskVector:
    """What training changed: the float32 difference of two model folders with the same tensors."""
    finetuned, reference = Path(finetuned), Path(reference)
    ours, theirs = read_weights(finetuned), read_weights(reference)
    _refuse_mismatch(ours, theirs, finetuned, reference)
    tensors = {}
    for name in sorted(ours):
        if ours[name].is_floating_point():
            tensors[name] = ours[name].float() - theirs[name].float()
            if not torch.isfinite(tensors[name]).all():
                raise UserError(_not_finite(name, ours[name], finetuned, theirs[name], reference))
        else:
            _refuse_changed_integers(name, ours[name], theirs[name], finetuned, reference)
    origin = {"model": finetuned.resolve().name, "fingerprint": fingerprint(ours)}
    return TaskVector(tensors, fingerprint(theirs), {"origin": origin})


def _refuse_mismatch(
    ours: Mapping[str, Tensor], theirs: Mapping[str, Tensor], finetuned: Path, reference: Path
) -> None:
    for has, lacks, names in (
        (finetuned, reference, sorted(ours.keys() - theirs.keys())),
        (reference, finetuned, sorted(theirs.keys() - ours.keys())),
    ):
        if names:
            listed = ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")
            raise UserError(
                f"{has} has tensors that {lacks} lacks: {listed}; give a fine-tune and its own base, "
                "both saved by the same version of transformers."
            )
    for name in sorted(ours):
        a, b = ours[name], theirs[name]
        if a.shape != b.shape or a.is_floating_point() != b.is_floating_point():
            raise UserError(
                f"Tensor {name} is {_kind(a)} in {finetuned} but {_kind(b)} in {reference}; "
                "give a fine-tune and its own base."
            )


def _refuse_changed_integers(name: str, ours: Tensor, theirs: Tensor, finetuned: Path, reference: Path) -> None:
    # A scalar is a counter (num_batches_tracked): training moves it, and no arithmetic applies. It stays the base's.
    # Anything larger is content, quantised weights for instance, whose change must not be lost silently.
    if ours.dim() > 0 and (ours.dtype != theirs.dtype or not torch.equal(ours, theirs)):
        raise UserError(
            f"Tensor {name} is {_kind(ours)} and differs between {finetuned} and {reference}, "
            "but only floating-point tensors can be subtracted; give models that are not quantised."
        )


def _not_finite(name: str, ours: Tensor, finetuned: Path, theirs: Tensor, reference: Path) -> str:
    for tensor, folder in ((ours, finetuned), (theirs, reference)):
        if not torch.isfinite(tensor).all():
            return f"Tensor {name} of {folder} holds NaN or infinity; use a checkpoint from before training diverged."
    return f"Tensor {name} differs between {finetuned} and {reference} by more than float32 can hold."


def _kind(tensor: Tensor) -> str:
    return f"{str(tensor.dtype).removeprefix('torch.')}{list(tensor.shape)}"
