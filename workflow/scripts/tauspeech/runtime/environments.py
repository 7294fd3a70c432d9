"""Environments beside the main one: where the one of a lock lies, which its content says."""

import os
import sys
from pathlib import Path

from tauspeech.runtime.files import sha256_text
from tauspeech.runtime.paths import ENVS

OWN = tuple(sorted(path.stem.removeprefix("engine-") for path in ENVS.glob("engine-*.txt")))


def lock_of(name: str) -> Path:
    """What has the same files everywhere, with their hashes."""
    return ENVS / f"engine-{name}.txt"


def torch_of(name: str) -> Path:
    """What is built for CPUs or for CUDA, by version only."""
    return ENVS / f"torch-{name}.txt"


def locked(name: str) -> str:
    """All that an environment is made from, as one text."""
    return lock_of(name).read_text(encoding="utf-8") + torch_of(name).read_text(encoding="utf-8")


def folder_of(name: str) -> Path:
    """Of this lock and this Python, below .environments or the folder that TAUSPEECH_ENVIRONMENTS names."""
    content = locked(name) + f"python{sys.version_info.major}.{sys.version_info.minor}"
    return Path(os.environ.get("TAUSPEECH_ENVIRONMENTS", ".environments")) / f"{name}-{sha256_text(content)[:12]}"
