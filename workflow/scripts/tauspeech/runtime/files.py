"""Atomic writing of files and folders: a half-written file is never found at its final name."""

import hashlib
import json
import os
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any


def canonical_json(value: Any) -> str:
    """JSON text that is the same for equal values: sorted keys, no NaN, a trailing newline."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True, indent=1, allow_nan=False) + "\n"


def canonical_lines(value: dict[str, Any]) -> str:
    """Canonical JSON with a line per entry of the upper two levels; 20 times as fast as ``canonical_json``, for many files."""
    return (
        _entries(
            value,
            lambda inner: (
                _entries(inner, _in_one_line, " ") if inner and isinstance(inner, dict) else _in_one_line(inner)
            ),
        )
        + "\n"
    )


def _entries(value: dict[str, Any], show: Callable[[Any], str], indent: str = "") -> str:
    lines = [f"{indent} {_in_one_line(key)}: {show(value[key])}" for key in sorted(value)]
    return "{\n" + ",\n".join(lines) + f"\n{indent}}}"


_in_one_line = json.JSONEncoder(ensure_ascii=False, sort_keys=True, allow_nan=False).encode


def sha256_text(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def sha256_file(path: Path) -> str:
    with open(path, "rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()


def hash_notes(file: Path) -> Path:
    """File that caches the hashes of the parts of a large file."""
    return file.with_name(f".{file.name}.hashes.json")


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _part(path: Path, suffix: str = "") -> Path:
    """Temporary path to write to. Remains of killed processes are removed: no two live processes write the same file."""
    before, after = f".{path.name.removesuffix(suffix)}.", f".part{suffix}"
    for rest in path.parent.iterdir():
        if not (rest.name.startswith(before) and rest.name[len(before) :].removesuffix(after).isdigit()):
            continue
        if rest.is_dir():
            shutil.rmtree(rest, ignore_errors=True)
        else:
            rest.unlink(missing_ok=True)
    return path.with_name(f"{before}{os.getpid()}{after}")


def write_atomic(path: Path, write: Callable[[Path], object]) -> None:
    """Let ``write`` write a temporary file beside ``path``, then move it to ``path`` in one step."""
    path.parent.mkdir(parents=True, exist_ok=True)
    # The suffix is kept, since matplotlib and soundfile derive the format from it.
    part = _part(path, path.suffix)
    try:
        write(part)
        _sync(part)
        os.replace(part, path)
        _sync(path.parent)
    finally:
        part.unlink(missing_ok=True)


def write_text(path: Path, text: str) -> None:
    write_atomic(path, lambda part: part.write_text(text, encoding="utf-8"))


def write_many(files: Mapping[Path, str]) -> None:
    """Write many small files without fsync; only for files that are checked and rewritten on the next run."""
    for folder in {path.parent for path in files}:
        folder.mkdir(parents=True, exist_ok=True)
    for path, text in files.items():
        part = path.with_name(f".{path.name}.part")
        part.write_text(text, encoding="utf-8")
        os.replace(part, path)


def read_json_lines(path: Path) -> list[Any]:
    with open(path, encoding="utf-8") as handle:
        return [json.loads(line) for line in handle]  # str.splitlines would also split at separators inside texts


def artifact_files(folder: Path) -> list[Path]:
    """Files of a folder, at any depth and in order, without hidden ones, which only save work."""
    return sorted(file for file in folder.rglob("*") if file.is_file() and file.name[0] != ".")


def write_folder(path: Path, write: Callable[[Path], object]) -> None:
    """Write a folder as ``write_atomic`` writes a file, in place of the previous one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = _part(path)
    part.mkdir()
    try:
        write(part)
        for file in part.rglob("*"):
            if file.is_file():
                _sync(file)
        if path.exists():
            shutil.rmtree(path)
        os.replace(part, path)
        _sync(path.parent)
    finally:
        shutil.rmtree(part, ignore_errors=True)
