"""The converters of faster-whisper (CTranslate2) and whisper.cpp (ggml), run as separate programs."""

import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from tauspeech.models.ctranslate2_package import INSTALL, installed, require_ctranslate2
from tauspeech.runtime.errors import UserError

GGML_SCRIPT = Path("models", "convert-h5-to-ggml.py")

Convert = Callable[[Path, Path], None]  # from a model folder to an empty folder


def ctranslate2(quantization: str) -> Convert:
    """Converter to CTranslate2's format, for faster-whisper."""
    program = _ctranslate2_program()

    def convert(folder: Path, out: Path) -> None:
        # --force, since the empty folder exists. faster-whisper reads the number of mels from the copied files.
        options = ["--model", str(folder), "--output_dir", str(out), "--force", "--quantization", quantization]
        _run(
            [*program, *options, "--copy_files", "tokenizer.json", "preprocessor_config.json"],
            "ctranslate2's converter",
        )

    return convert


def _ctranslate2_program() -> list[str]:
    if not installed():
        program = shutil.which("ct2-transformers-converter")
        if not program:
            raise UserError(f"faster-whisper's converter is not installed: run `{INSTALL}`.")
        return [program]
    require_ctranslate2()
    return [sys.executable, "-c", "from ctranslate2.converters.transformers import main; main()"]


def ggml(checkout: Path | None) -> Convert:
    """Converter to ggml's format, by the script in a checkout of whisper.cpp."""
    clone = "`git clone --depth 1 https://github.com/ggml-org/whisper.cpp`"
    if checkout is None:
        raise UserError(
            f"whisper.cpp's converter is part of its sources: run {clone}, then add `--whisper-cpp whisper.cpp`."
        )
    script = checkout / GGML_SCRIPT
    if not script.is_file():
        raise UserError(f"{script} is missing: give --whisper-cpp a folder made with {clone}.")

    def convert(folder: Path, out: Path) -> None:
        # The folder serves as the checkout of openai/whisper, too, that the script requires.
        _run([sys.executable, str(script), str(folder), str(folder), str(out)], "whisper.cpp's converter")
        if not any(out.glob("*.bin")):
            raise UserError(f"{script} wrote no model file: update whisper.cpp.")

    return convert


def _run(command: list[str], name: str) -> None:
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, errors="replace")
    if done.returncode:
        lines = [line.strip() for text in (done.stdout, done.stderr) for line in text.splitlines() if line.strip()]
        last = lines[-1] if lines else f"exit status {done.returncode}"
        raise UserError(f"{name} failed and nothing was written ({last}): check the model, and update the converter.")
