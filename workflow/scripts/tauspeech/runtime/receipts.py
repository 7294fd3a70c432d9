"""Receipts: a file beside every artifact with what it was made from and the hashes of its files."""

import json
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from math import nan
from pathlib import Path
from typing import Any

from tauspeech.runtime.code_version import code_version
from tauspeech.runtime.errors import UserError
from tauspeech.runtime.files import canonical_json, sha256_file, sha256_text, write_text

PACKAGES = (
    "tauspeech",
    "torch",
    "transformers",
    "peft",
    "safetensors",
    "ctranslate2",
    "sacrebleu",
    "jiwer",
    "whisper-normalizer",
    "opencc",
    "coqui-tts",
    "espeakng-loader",
    "numpy",
)

PARTS = {"key": str, "spec": dict, "inputs": dict, "outputs": dict}


def versions() -> dict[str, str]:
    """Installed versions of the packages that results depend on."""
    found = {}
    for package in PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found


@dataclass(frozen=True)
class Receipt:
    """Receipt of an artifact, read from its file."""

    path: Path
    content: dict[str, Any]

    @classmethod
    def read(cls, path: Path) -> "Receipt":
        try:
            content = json.loads(path.read_text(encoding="utf-8"))
            if not all(isinstance(content[key], kind) for key, kind in PARTS.items()):
                raise ValueError
            if any(Path(name).is_absolute() or ".." in Path(name).parts for name in content["outputs"]):
                raise ValueError  # outputs must be below the receipt's folder
            return cls(path, content)
        except FileNotFoundError:
            raise UserError(
                f"{path} is missing: run snakemake again, which makes the result and its receipt."
            ) from None
        except (ValueError, KeyError, TypeError):
            raise UserError(
                f"{path} is not readable JSON, or not a receipt: delete it and run snakemake again."
            ) from None

    @property
    def key(self) -> str:
        key: str = self.content["key"]
        return key

    @property
    def seconds(self) -> float:
        """Time that the work took; not a number for a model that the user gave, which was only copied."""
        if "own" in self.content["spec"].get("settings", {}):
            return nan
        seconds: float = self.content["seconds"]
        return seconds

    @property
    def digest(self) -> str:
        """Hash of the receipt without measured times and commit: the same work has the same digest."""
        work = {key: value for key, value in self.content.items() if key not in ("seconds", "pace", "code")}
        return sha256_text(canonical_json(work))

    def files(self) -> dict[str, Path]:
        """Files of the artifact by name, after checking that each exists and is unchanged."""
        found = {}
        for name, digest in self.content["outputs"].items():
            file = self.path.parent / name
            if not file.is_file():
                raise UserError(
                    f"{file} is missing although {self.path} names it: delete the receipt and run snakemake again."
                )
            if sha256_file(file) != digest:
                raise UserError(
                    f"{file} was changed by hand or damaged (it differs from {self.path}): "
                    f"delete {self.path.name} beside it, and snakemake makes it anew."
                )
            found[name] = file
        return found


def write_receipt(
    path: Path,
    key: str,
    spec: dict[str, Any],
    inputs: dict[str, Any],
    outputs: list[Path],
    seconds: float,
    properties: dict[str, Any] | None = None,
    measured: dict[str, Any] | None = None,
) -> None:
    """``properties`` are facts about the artifact for a reader, such as what the labels of a model begin with.

    ``measured`` are times other than the whole, which are as little part of the work.
    """
    content: dict[str, Any] = {
        "key": key,
        "spec": spec,
        "inputs": inputs,
        "outputs": {str(file.relative_to(path.parent)): sha256_file(file) for file in outputs},
        "versions": versions(),
        "code": code_version().record(),
        "seconds": round(seconds, 1),
    } | (measured or {})
    if properties:
        content["properties"] = properties
    write_text(path, canonical_json(content))
