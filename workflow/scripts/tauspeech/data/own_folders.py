"""Folders of the user's that a plan has read: a job uses them only as they were then."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tauspeech.runtime.errors import UserError
from tauspeech.runtime.files import sha256_file


def unchanged_folder(source: Mapping[str, Any]) -> Path:
    """The folder at ``path``, after a check of the hashes of ``files``."""
    origin = Path(source["path"]).expanduser()
    for name, digest in source["files"].items():
        if sha256_file(origin / name) != digest:
            raise UserError(f"{origin / name} changed since this run was planned: run snakemake again.")
    return origin
