"""Kinds of tensors, recognised by type and name, without a table of architectures, and what a merge does with each.

- Float tensors (float32, float16, bfloat16) are merged.
- Running statistics of normalisation layers are averaged over the fine-tunes, never trimmed, dropped or extrapolated:
  they describe data, and a variance that becomes negative turns a whole model's output into NaN.
- All other types are copied from the base. An integer scalar is a counter, which training changes; anything else is
  content (indices, quantised weights) and must not differ.
- Word embeddings that are tied to the output layer are one tensor, even if a file stores both.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np

from tauspeech.vectors.files.storage import WHOLE_NUMBERS, StoredTensor, ranges


def is_statistic(name: str) -> bool:
    return name.endswith(("running_mean", "running_var"))


def is_variance(name: str) -> bool:
    return name.endswith("running_var")


def is_counter(tensor: StoredTensor) -> bool:
    return tensor.shape == () and tensor.dtype in WHOLE_NUMBERS


def tied(tensors: Mapping[str, StoredTensor], digests: Mapping[str, str], config: Mapping[str, Any]) -> dict[str, str]:
    """Tied tensors: each name but the first of a group, with that first name."""
    if _setting(config, "tie_word_embeddings") is False:
        return {}
    vocabulary = _setting(config, "vocab_size")
    first: dict[tuple[str, tuple[int, ...]], str] = {}
    found = {}
    for name in sorted(tensors):
        tensor = tensors[name]
        if not tensor.number or len(tensor.shape) < 2 or (vocabulary is not None and tensor.shape[0] != vocabulary):
            continue
        tied_to = first.setdefault((digests[name], tensor.shape), name)
        if tied_to != name and not _constant(tensor):
            found[name] = tied_to
    return found


def tied_with(name: str, tied: Mapping[str, str]) -> set[str]:
    """All names of a tensor, its own included."""
    first = tied.get(name, name)
    return {first} | {other for other, tied_to in tied.items() if tied_to == first}


def _setting(config: Mapping[str, Any], key: str) -> Any:
    """A setting of the model, or else of its text model or decoder."""
    for place in (config, config.get("text_config"), config.get("decoder")):
        if isinstance(place, Mapping) and place.get(key) is not None:
            return place[key]
    return None


def _constant(tensor: StoredTensor) -> bool:
    """True if all entries are equal: matrices initialised with zeros or ones are equal without being tied."""
    if tensor.size == 0:
        return True
    first = tensor.read(0, 1)[0]
    return all(np.all(tensor.read(start, stop) == first) for start, stop in ranges(tensor.size))
