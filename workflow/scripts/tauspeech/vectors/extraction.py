"""Extraction of the task vector of a fine-tuned model or a LoRA adapter, as a file."""

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tauspeech.remote.hub import model_folder
from tauspeech.runtime.errors import UserError
from tauspeech.vectors.deltas import Difference, Model
from tauspeech.vectors.encodings.compressed import Compressed, Factors
from tauspeech.vectors.encodings.dense import TYPES, Dense, Encoding
from tauspeech.vectors.encodings.vector_file import layout, write_vector
from tauspeech.vectors.execution import Execution
from tauspeech.vectors.files.storage import WIDTHS
from tauspeech.vectors.lora.adapter import Adapter, is_adapter
from tauspeech.vectors.merging import refuse_full_disk
from tauspeech.vectors.sources import Source

ENCODINGS = (*TYPES, "lora", "compressed")


def extract(
    base: str,
    finetuned: str,
    out: Path,
    encoding: str | None,
    execution: Execution,
    options: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Write ``finetuned`` minus ``base`` to ``out`` and return the file's metadata."""
    change, reference = _opened(base, finetuned, out, execution)
    chosen = _encoding(encoding, options or {}, change, finetuned)
    refuse_full_disk(out, _size(change, chosen))
    kind = "adapter" if isinstance(change, Adapter) else "model"
    origin = {kind: model_folder(finetuned, Path()).resolve().name, "fingerprint": change.fingerprint(execution)}
    return write_vector(out, change, reference.fingerprint, {"origin": origin}, execution, chosen)


def outline(
    base: str,
    finetuned: str,
    out: Path,
    encoding: str | None,
    execution: Execution,
    options: Mapping[str, Any] | None = None,
) -> list[str]:
    """Lines on what ``extract`` would read and write."""
    change, reference = _opened(base, finetuned, out, execution)
    chosen = _encoding(encoding, options or {}, change, finetuned)
    refuse_full_disk(out, _size(change, chosen))
    with_options = "".join(f", {name} {value:g}" for name, value in chosen.options.items())
    return [
        f"reads   {reference.folder}, the base",
        f"reads   {model_folder(finetuned, Path())}",
        f"writes  {out}: {len(change.shapes)} tensors, {chosen.name}{with_options}, "
        f"{_size(change, chosen) / 1e6:.1f} MB at most",
    ]


def _opened(base: str, finetuned: str, out: Path, execution: Execution) -> tuple[Source, Model]:
    if out.suffix != ".safetensors":
        raise UserError(f"The name of the vector file {out} must end in .safetensors; give another name.")
    if out.exists():
        raise UserError(f"{out} already exists; give another name or remove it.")
    folder, reference = model_folder(finetuned, Path()), Model(model_folder(base, Path()), execution)
    if is_adapter(folder):
        return Adapter(folder, reference), reference
    return Difference(Model(folder, execution), reference), reference


def _encoding(name: str | None, options: Mapping[str, Any], change: Source, finetuned: str) -> Encoding:
    """The encoding of a name; by default the smallest lossless one."""
    name = name or ("lora" if isinstance(change, Adapter) else "float32")
    if options and name != "compressed":
        listed = ", ".join(options)
        raise UserError(f"The encoding {name} has no option {listed}; choose the encoding compressed with it.")
    if name == "compressed":
        return Compressed(**options)
    if name == "lora":
        if not isinstance(change, Adapter):
            raise UserError(
                f"{finetuned} is not a LoRA adapter; choose compressed, which finds the low rank of a model's change."
            )
        return Factors(change)
    return Dense(name)


def _size(change: Source, encoding: Encoding) -> int:
    return sum(WIDTHS[dtype] * math.prod(shape) for dtype, shape in layout(change, encoding, change.shapes).values())
