"""What arithmetic may do to a tensor, told by its type and name alone: no table of architectures.

- Numbers (float32, float16, bfloat16) are merged.
- Running statistics of normalisation layers are averaged over the fine-tunes, never trimmed, dropped or extrapolated:
  they describe data, and a variance that becomes negative turns a whole model's output into NaN.
- All other types are copied from the base. A whole number that stands alone is a counter, which training moves; anything
  else is content (indices, quantised weights) and must not differ.
- Word embeddings that a model uses a second time as its output layer are one tensor, however often a file has them.
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
    """Tensors that are the same as another one, which is the first by name of those that are tied."""
    if _setting(config, "tie_word_embeddings") is False:
        return {}
    words = _setting(config, "vocab_size")
    first: dict[tuple[str, tuple[int, ...]], str] = {}
    found = {}
    for name in sorted(tensors):
        tensor = tensors[name]
        if not tensor.number or len(tensor.shape) < 2 or (words is not None and tensor.shape[0] != words):
            continue
        twin = first.setdefault((digests[name], tensor.shape), name)
        if twin != name and not _constant(tensor):
            found[name] = twin
    return found


def tied_with(name: str, tied: Mapping[str, str]) -> set[str]:
    """All names of the tensor that a name stands for."""
    first = tied.get(name, name)
    return {first} | {other for other, twin in tied.items() if twin == first}


def _setting(config: Mapping[str, Any], key: str) -> Any:
    """A model's own setting, or that of the language model inside it."""
    for place in (config, config.get("text_config"), config.get("decoder")):
        if isinstance(place, Mapping) and place.get(key) is not None:
            return place[key]
    return None


def _constant(tensor: StoredTensor) -> bool:
    """Matrices that begin as zeros or ones look alike without being tied."""
    if tensor.size == 0:
        return True
    first = tensor.read(0, 1)[0]
    return all(np.all(tensor.read(start, stop) == first) for start, stop in ranges(tensor.size))
