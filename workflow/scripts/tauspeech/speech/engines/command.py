"""The user's own program, called once for each sentence."""

import os
import re
import shutil
import signal
import subprocess
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from tauspeech.runtime.errors import UserError, one_line
from tauspeech.runtime.files import sha256_file
from tauspeech.speech.engine import Engine, Failed, Sound
from tauspeech.speech.engine_tools import key, mono, short_seed
from tauspeech.speech.program_arguments import require_places

_PLACES = re.compile(r"\{(text_file|wav|voice|seed|language)\}")
_TAIL = 4096  # bytes at the end of the program's stderr


def open_engine(model: dict[str, Any], language: str) -> Engine:
    program, where = model["program"], key(model, "program")
    require_places(program, where)
    found = shutil.which(os.path.expanduser(program[0]))  # a Path would lose the './'
    if not found:
        raise UserError(
            f"{where}: '{program[0]}' is not an executable program: check its path, and run `chmod +x` on it."
        )
    return _Program(model, found, language)


class _Program:
    def __init__(self, model: dict[str, Any], found: str, language: str):
        self._model, self._found, self._language = model, found, language
        self._timeout = model.get("timeout", 120)
        self.speakers: list[str] = []  # any name is valid: the program gets it as an argument
        self.version = f"command {Path(found).name} {sha256_file(Path(found))[:12]}"

    def synthesise(self, text: str, speaker: str | None, seed: int) -> Sound:
        """Audio from the program; reproducible if the program uses the seed."""
        with TemporaryDirectory(prefix="tauspeech-") as name:
            folder = Path(name)
            (folder / "text.txt").write_bytes(text.encode())
            self._run(self._arguments(folder, speaker, seed), folder)
            return self._sound(folder / "speech.wav")

    def _arguments(self, folder: Path, speaker: str | None, seed: int) -> list[str]:
        values = {
            "text_file": str(folder / "text.txt"),
            "wav": str(folder / "speech.wav"),
            "voice": speaker,
            "seed": str(short_seed(seed)),
            "language": self._language,
        }
        if speaker is None and any("{voice}" in argument for argument in self._model["program"]):
            raise UserError(
                f"key 'speech.voices': command/{self._model['name']} names no voice, but its program needs '{{voice}}': "
                f"add one, such as command/{self._model['name']}/anna."
            )
        # In one pass, so that a voice named '{seed}' is not replaced.
        filled = [_PLACES.sub(lambda found: values[found[1]] or "", each) for each in self._model["program"][1:]]
        return [self._found, *filled]

    def _run(self, arguments: list[str], folder: Path) -> None:
        with open(folder / "stderr", "wb") as stderr:
            try:
                # In its own session, so that processes that it starts can be ended with it.
                process = subprocess.Popen(
                    arguments,
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.DEVNULL,
                    stderr=stderr,
                    start_new_session=True,
                )
            except (OSError, ValueError) as error:
                what = f"cannot be started ({error}): check that it can be run in a terminal"
                raise UserError(self._message(what)) from None
            try:
                status = process.wait(self._timeout)
            except subprocess.TimeoutExpired:
                raise self._failed(
                    f"did not end within {self._timeout} seconds: make it faster, or increase {key(self._model, 'timeout')}"
                ) from None
            finally:
                _end(process)
        if status:
            how = f"ended with status {status}" if status > 0 else f"was ended by signal {-status}"
            raise self._failed(f"{how} ({_last_line(folder / 'stderr')}): try it in a terminal")

    def _sound(self, path: Path) -> Sound:
        if not path.is_file():
            raise self._failed("ended without an error but wrote no file {wav}: let it write a WAV file there")
        try:
            return mono(path)
        except ValueError as error:
            raise self._failed(
                f"wrote a file that cannot be read as audio ({error}): let it write a WAV file"
            ) from None

    def _failed(self, what: str) -> Failed:
        return Failed(self._message(what))

    def _message(self, what: str) -> str:
        return f"{key(self._model, 'program')}: {self._model['program'][0]} {what}."


def _end(process: subprocess.Popen[bytes]) -> None:
    """Kill the program and its children after a timeout or an interruption."""
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _last_line(stderr: Path) -> str:
    """Last line of the program's stderr, for a message."""
    with open(stderr, "rb") as handle:
        handle.seek(max(0, stderr.stat().st_size - _TAIL))
        lines = handle.read().decode("utf-8", "replace").splitlines()
    return next((one_line(line) for line in reversed(lines) if line.strip()), "without an error message")
