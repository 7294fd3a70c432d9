"""Writing files so that a half-written one never stands at its final name."""

import hashlib
import json
import os
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any


def canonical_json(value: Any) -> str:
    """One text for one value: sorted keys, no NaN, a trailing newline."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True, indent=1, allow_nan=False) + "\n"


def canonical_lines(value: dict[str, Any]) -> str:
    """The same value as text with a line for each entry of two levels, made twenty times as fast: for many files."""
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
    """Where hashes of a large file's parts are kept, so as not to be computed again."""
    return file.with_name(f".{file.name}.hashes.json")


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _part(path: Path, suffix: str = "") -> Path:
    """Where to write first. What a killed process has left there goes: two that live never write one file."""
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
    """Let ``write`` make a file beside ``path``, then put it in place in one step."""
    path.parent.mkdir(parents=True, exist_ok=True)
    # The suffix stays: writers such as matplotlib and soundfile read the format from it.
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
    """Thousands of small files that are looked at and made again if they are lost: no wait for the disk at each."""
    for folder in {path.parent for path in files}:
        folder.mkdir(parents=True, exist_ok=True)
    for path, text in files.items():
        part = path.with_name(f".{path.name}.part")
        part.write_text(text, encoding="utf-8")
        os.replace(part, path)


def read_json_lines(path: Path) -> list[Any]:
    with open(path, encoding="utf-8") as handle:
        return [json.loads(line) for line in handle]  # str.splitlines would also part lines inside of texts


def write_folder(path: Path, write: Callable[[Path], object]) -> None:
    """Like ``write_atomic`` for a whole folder, which replaces what stood there."""
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
