"""Hashes of tensors, and the fingerprint of a model or vector, which does not depend on its split into files.

A tensor's SHA-256 is cached beside its file and used as long as size and time stamp of the file agree.
"""

import hashlib
import json
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from tauspeech.runtime.files import canonical_json, hash_notes, sha256_text, write_text
from tauspeech.vectors.execution import Execution
from tauspeech.vectors.files.storage import StoredTensor, ranges

# A file younger than this could be written again without a change of its time stamp.
_TOO_YOUNG = 50_000_000  # nanoseconds


def digests(tensors: Mapping[str, StoredTensor], execution: Execution) -> dict[str, str]:
    """SHA-256 of each tensor's bytes, by name."""
    by_file: dict[Path, list[StoredTensor]] = {}
    for tensor in tensors.values():
        by_file.setdefault(tensor.file.path, []).append(tensor)
    known: dict[str, str] = {}
    stale = {}
    for file, held in by_file.items():
        stamp, cached = _stamp(file), _cached(file) if execution.trust else {}
        known |= {each.name: cached[each.name] for each in held if each.name in cached}
        if any(each.name not in cached for each in held):
            stale[file] = stamp
    unknown = [tensor for name, tensor in tensors.items() if name not in known]
    if unknown:
        found = execution.each("hashing", _digest, unknown, lambda tensor: tensor.size)
        known |= {tensor.name: digest for tensor, digest in zip(unknown, found, strict=True)}
    for file, stamp in stale.items():  # unless it was written to meanwhile
        if _stamp(file) == stamp and time.time_ns() - stamp["mtime_ns"] > _TOO_YOUNG:
            cache_digests(file, {each.name: known[each.name] for each in by_file[file]})
    return known


def cache_digests(file: Path, found: Mapping[str, str]) -> None:
    """Store the hashes of a finished file beside it."""
    with suppress(OSError):  # in a read-only folder they are computed each time
        write_text(hash_notes(file), canonical_json({"stamp": _stamp(file), "tensors": dict(found)}))


def fingerprint(tensors: Mapping[str, StoredTensor], known: Mapping[str, str]) -> str:
    """One SHA-256 of names, types, shapes and digests."""
    rows = [[name, tensors[name].dtype, list(tensors[name].shape), known[name]] for name in sorted(tensors)]
    return sha256_text(canonical_json(rows))


def _digest(tensor: StoredTensor) -> str:
    digest = hashlib.sha256()
    for start, stop in ranges(tensor.size):
        digest.update(tensor.bytes(start, stop).data)
    return digest.hexdigest()


def _stamp(file: Path) -> dict[str, int]:
    status = file.stat()
    return {"size": status.st_size, "mtime_ns": status.st_mtime_ns}


def _cached(file: Path) -> dict[str, str]:
    try:
        content = json.loads(hash_notes(file).read_text(encoding="utf-8"))
        cached: dict[str, str] = content["tensors"] if content["stamp"] == _stamp(file) else {}
    except (OSError, ValueError, KeyError, TypeError):
        return {}
    return cached
