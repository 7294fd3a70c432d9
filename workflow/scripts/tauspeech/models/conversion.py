"""Decoding by CTranslate2 with converted models, by the module ``converted`` of a model's family."""

from pathlib import Path
from types import ModuleType
from typing import Any

from tauspeech.models.companions import companion
from tauspeech.models.ctranslate2_package import require_ctranslate2


def convert(folder: Path, out: Path) -> None:
    """Write the model of a folder in CTranslate2's format, in float32."""
    _module(folder).convert(folder, out)


def use_converted(model: Any, folder: Path, converted: Path, threads: int) -> None:
    """Decode with ``converted`` in place of the network of an open model, which is that of ``folder``."""
    _module(folder).use_converted(model, converted, threads)


def _module(folder: Path) -> ModuleType:
    module = companion(folder, "converted", "decoded by CTranslate2")
    require_ctranslate2()
    return module
