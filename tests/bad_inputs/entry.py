"""Entry points in processes of their own, which are forked from one that has the slow imports done."""

import os
import runpy
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from unittest.mock import patch

from tauspeech.runtime.paths import ROOT

SCRIPTS = ROOT / "workflow" / "scripts"
PATIENCE = 300  # seconds; a bad input is told in far less

_SERVER = get_context("forkserver")
_SERVER.set_forkserver_preload(["tests.bad_inputs.preloaded"])


@dataclass(frozen=True)
class Ended:
    status: int
    out: str
    err: str


def enter(command: Sequence[str], folder: Path, environment: Mapping[str, str] | None = None) -> Ended:
    """``command`` in a folder: ``snakemake``, ``tauspeech``, or a stage's script, each with its arguments."""
    said = [folder.parent / f"{folder.name}.{name}" for name in ("out", "err")]
    process = _SERVER.Process(target=_run, args=(list(command), folder, dict(environment or {}), said))
    # The server that is started with the first process imports what it is told to from there.
    with patch.dict(os.environ, PYTHONPATH=f"{ROOT}{os.pathsep}{SCRIPTS}"):
        process.start()
    process.join(PATIENCE)
    if process.exitcode is None:
        process.kill()
        raise TimeoutError(f"{command} has not ended after {PATIENCE} seconds")
    out, err = (file.read_text(encoding="utf-8") for file in said)
    for file in said:
        file.unlink()
    return Ended(process.exitcode, out, err)


def _run(command: list[str], folder: Path, environment: dict[str, str], said: list[Path]) -> None:
    os.environ.update(environment)
    os.chdir(folder)
    for descriptor, file in enumerate(said, 1):
        os.dup2(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC), descriptor)
    sys.argv = command
    if command[0] == "snakemake":
        from snakemake.cli import main

        main(command[1:])
    elif command[0] == "tauspeech":
        from tauspeech.commands.main import main

        sys.exit(main(command[1:]))
    else:
        sys.path.insert(0, str(SCRIPTS))
        runpy.run_path(str(SCRIPTS / command[0]), run_name="__main__")
