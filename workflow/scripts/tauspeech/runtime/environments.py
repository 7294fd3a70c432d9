"""Environments of voice engines that cannot share the main one, each in a folder named after the hash of its lock files."""

import os
import sys
from pathlib import Path

from tauspeech.runtime.files import sha256_text
from tauspeech.runtime.paths import ENVS

OWN = tuple(sorted(path.stem.removeprefix("engine-") for path in ENVS.glob("engine-*.txt")))


def lock_of(name: str) -> Path:
    """Lock file of packages that are the same on all machines, with hashes."""
    return ENVS / f"engine-{name}.txt"


def torch_of(name: str) -> Path:
    """Lock file of packages with builds for CPU and CUDA, with versions only; an engine without torch has none."""
    return ENVS / f"torch-{name}.txt"


def locked(name: str) -> str:
    """Content of the lock files."""
    files = [path for path in (lock_of(name), torch_of(name)) if path.is_file()]
    return "".join(path.read_text(encoding="utf-8") for path in files)


def folder_of(name: str) -> Path:
    """Folder of the environment for this lock and this Python, below $TAUSPEECH_ENVIRONMENTS or .environments."""
    content = locked(name) + f"python{sys.version_info.major}.{sys.version_info.minor}"
    return Path(os.environ.get("TAUSPEECH_ENVIRONMENTS", ".environments")) / f"{name}-{sha256_text(content)[:12]}"
