"""Entry points of the project in processes of their own."""

import os
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tauspeech.runtime.paths import ROOT
from tests.processes import python

SCRIPTS = ROOT / "workflow" / "scripts"
PATIENCE = 300  # seconds; a bad input is refused in far less


@dataclass(frozen=True)
class Ended:
    status: int
    out: str
    err: str


def enter(command: Sequence[str], folder: Path, environment: Mapping[str, str] | None = None) -> Ended:
    """Run ``command`` in a folder: ``snakemake``, ``tauspeech``, or a stage's script, each with its arguments."""
    first, *rest = command
    entry = [str(SCRIPTS / first)] if first.endswith(".py") else ["-m", first]
    done = subprocess.run(
        [python(), *entry, *rest],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": str(SCRIPTS)} | dict(environment or {}),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        encoding="utf-8",
        timeout=PATIENCE,
    )
    return Ended(done.returncode, done.stdout, done.stderr)
