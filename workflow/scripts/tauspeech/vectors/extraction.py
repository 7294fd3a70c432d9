"""From a fine-tuned model, or a LoRA adapter, to the file of its task vector."""

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tauspeech.remote.hub import model_folder
from tauspeech.runtime.errors import UserError
from tauspeech.vectors.deltas import Difference, Model
from tauspeech.vectors.encodings.compressed import Compressed, Factors
from tauspeech.vectors.encodings.dense import TYPES, Dense, Encoding
from tauspeech.vectors.execution import Execution
from tauspeech.vectors.files.storage import WIDTHS
from tauspeech.vectors.files.vector_file import layout, write_vector
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
    """``finetuned`` less ``base`` at ``out``. Gives what the file says of itself."""
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
    """What ``extract`` would read and write."""
    change, reference = _opened(base, finetuned, out, execution)
    chosen = _encoding(encoding, options or {}, change, finetuned)
    refuse_full_disk(out, _size(change, chosen))
    with_options = "".join(f", {name} {value:g}" for name, value in chosen.options.items())
    return [
        f"reads   {reference.folder}, the base",
        f"reads   {model_folder(finetuned, Path())}",
        f"writes  {out}: {len(change.shapes)} tensors, {chosen.name}{with_options}, "
        f"{_size(change, chosen) / 1e6:.1f} MB{'' if chosen.dense else ' at most'}",
    ]


def _opened(base: str, finetuned: str, out: Path, execution: Execution) -> tuple[Source, Model]:
    if out.suffix != ".safetensors":
        raise UserError(f"The vector {out} needs a name that ends in .safetensors.")
    if out.exists():
        raise UserError(f"{out} is there already; give another name or remove it.")
    folder, reference = model_folder(finetuned, Path()), Model(model_folder(base, Path()), execution)
    if is_adapter(folder):
        return Adapter(folder, reference), reference
    return Difference(Model(folder, execution), reference), reference


def _encoding(name: str | None, options: Mapping[str, Any], change: Source, finetuned: str) -> Encoding:
    """By default the smallest that loses nothing."""
    adapter = isinstance(change, Adapter)
    name = name or ("lora" if adapter else "float32")
    if options and name != "compressed":
        raise UserError(f"The encoding {name} has no {', '.join(options)}; choose the encoding compressed with it.")
    if name == "compressed":
        return Compressed(**options)
    if name == "lora":
        if not adapter:
            raise UserError(f"{finetuned} is no LoRA adapter; choose compressed, which looks for low rank itself.")
        return Factors(change)
    return Dense(name)


def _size(change: Source, encoding: Encoding) -> int:
    return sum(WIDTHS[dtype] * math.prod(shape) for dtype, shape in layout(change, encoding, change.shapes).values())
