"""A program of the user's own, called once for each sentence."""

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

_PLACES = re.compile(r"\{(text_file|wav|voice|seed|language)\}")
_TAIL = 4096  # bytes at the end of what a program complains about


def open_engine(model: dict[str, Any], language: str) -> Engine:
    program, where = model["program"], key(model, "program")
    if any("{text}" in argument for argument in program):
        raise UserError(
            f"{where} has '{{text}}', but a text is never an argument: let the program read the file {{text_file}}."
        )
    for place in ("{text_file}", "{wav}"):
        if not any(place in argument for argument in program[1:]):
            raise UserError(f"{where} lacks '{place}': add it to the arguments of the program.")
    found = shutil.which(os.path.expanduser(program[0]))  # a Path would lose the './'
    if not found:
        raise UserError(
            f"{where}: '{program[0]}' is no program that can be run: check its path, and that `chmod +x` was done."
        )
    return _Program(model, found, language)


class _Program:
    def __init__(self, model: dict[str, Any], found: str, language: str):
        self._model, self._found, self._language = model, found, language
        self._timeout = model.get("timeout", 120)
        self.speakers: list[str] = []  # any name is good: the program is given it
        self.version = f"command {Path(found).name} {sha256_file(Path(found))[:12]}"

    def say(self, text: str, speaker: str | None, seed: int) -> Sound:
        """What the program makes of it: the same again if the program keeps to its seed."""
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
                f"key 'speech.voices': command/{self._model['name']} names no voice, and its program asks for '{{voice}}': "
                f"write one, such as command/{self._model['name']}/anna."
            )
        # In one pass: a voice named '{seed}' stays what it is.
        filled = [_PLACES.sub(lambda found: values[found[1]] or "", each) for each in self._model["program"][1:]]
        return [self._found, *filled]

    def _run(self, arguments: list[str], folder: Path) -> None:
        with open(folder / "stderr", "wb") as complaints:
            try:
                # In a session of its own, so that whatever it starts can be ended with it.
                process = subprocess.Popen(
                    arguments,
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.DEVNULL,
                    stderr=complaints,
                    start_new_session=True,
                )
            except (OSError, ValueError) as error:
                what = f"cannot be started ({error}): check that it can be run in a terminal"
                raise UserError(self._told(what)) from None
            try:
                status = process.wait(self._timeout)
            except subprocess.TimeoutExpired:
                raise self._failed(
                    f"has not ended after {self._timeout} seconds: make it faster, or {key(self._model, 'timeout')} larger"
                ) from None
            finally:
                _end(process)
        if status:
            how = f"ended with status {status}" if status > 0 else f"was ended by signal {-status}"
            raise self._failed(f"{how} ({_last_line(folder / 'stderr')}): try it in a terminal")

    def _sound(self, path: Path) -> Sound:
        if not path.is_file():
            raise self._failed("ended well but wrote no file {wav}: let it write a WAV file there")
        try:
            return mono(path)
        except ValueError as error:
            raise self._failed(
                f"wrote a file that cannot be read as sound ({error}): let it write a WAV file"
            ) from None

    def _failed(self, what: str) -> Failed:
        return Failed(self._told(what))

    def _told(self, what: str) -> str:
        return f"{key(self._model, 'program')}: {self._model['program'][0]} {what}."


def _end(process: subprocess.Popen[bytes]) -> None:
    """Nothing goes on when a program took too long, or when the user has had enough."""
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _last_line(complaints: Path) -> str:
    with open(complaints, "rb") as handle:
        handle.seek(max(0, complaints.stat().st_size - _TAIL))
        lines = handle.read().decode("utf-8", "replace").splitlines()
    return next((one_line(line) for line in reversed(lines) if line.strip()), "and told no reason")
