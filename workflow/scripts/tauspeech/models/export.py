"""Export of models to other programs, by the module ``export`` of the model's family."""

from pathlib import Path
from types import ModuleType
from typing import cast

from tauspeech.models.companions import companion
from tauspeech.vectors.files.checkpoint import Checkpoint


def export_model(folder: Path, target: str, out: Path, quantization: str | None, whisper_cpp: Path | None) -> None:
    """Write the model of a folder to ``out`` in the format of ``target``, faster-whisper or whisper.cpp.

    ``out`` must not exist or be an empty folder; after an error nothing is written. ``whisper_cpp`` is a checkout of
    whisper.cpp, which only that target needs.
    """
    module = _module(folder)
    Checkpoint(folder)  # refuses pickle files and truncated files
    module.export_model(folder, target, out, quantization, whisper_cpp)


def incompatibility(folder: Path) -> str | None:
    """Reason why the programs will not run the model although it can be converted, or None."""
    return cast(str | None, _module(folder).incompatibility(folder))


def _module(folder: Path) -> ModuleType:
    return companion(folder, "export", "exported")
