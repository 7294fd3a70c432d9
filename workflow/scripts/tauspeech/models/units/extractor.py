"""From speech to units: which encoder, layer and centres, as two files of a folder that describe it."""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load_file

from tauspeech.data.json_files import read_json
from tauspeech.models.units.frames import FrameEncoder, open_frames
from tauspeech.models.units.kmeans import nearest, without_runs
from tauspeech.remote.hub import model_folder
from tauspeech.runtime.errors import UserError
from tauspeech.runtime.files import canonical_json, sha256_text, write_atomic, write_text
from tauspeech.runtime.paths import FOUNDATIONS

DESCRIPTION, CENTRES = "speech_units.json", "unit_centres.npy"
BUNDLED = "foundation/"


@dataclass(frozen=True)
class UnitExtractor:
    """The encoder is opened when speech is first encoded: a model that is given units needs none."""

    encoder: str  # foundation/<name>, a hub id or a folder
    layer: int
    centres: np.ndarray
    window: float | None = None  # seconds; that of a Whisper's input where it is not the published one

    @property
    def count(self) -> int:
        return len(self.centres)

    @cached_property
    def id(self) -> str:
        """The same for extractors that give the same units."""
        shorter = "" if self.window is None else f" {self.window:g}"
        return sha256_text(f"{self.encoder} {self.layer}{shorter} {self.centres.astype('<f8').tobytes().hex()}")

    @cached_property
    def _frames(self) -> FrameEncoder:
        found = open_frames(encoder_folder(self.encoder), self.layer, self.window)
        if found.width != self.centres.shape[1]:
            raise UserError(
                f"the centres of the units are {self.centres.shape[1]} wide, and the layer {self.layer} of {self.encoder} is "
                f"{found.width} wide: give the encoder and the layer that the centres were made with."
            )
        return found

    def open(self) -> None:
        """Open the encoder now, so that a layer, window or width that does not fit is refused."""
        assert self._frames

    def units(self, samples: np.ndarray) -> np.ndarray:
        """Units of speech at 16 kHz, without runs of equal ones."""
        return without_runs(nearest(self._frames.frames(samples), self.centres)).astype(np.int32)

    def save(self, folder: Path) -> None:
        about: dict[str, Any] = {"encoder": self.encoder, "layer": self.layer, "units": self.count}
        about |= {} if self.window is None else {"window": self.window}
        write_text(folder / DESCRIPTION, canonical_json(about))
        write_atomic(folder / CENTRES, lambda part: _write_array(part, self.centres))


def open_extractor(folder: Path) -> UnitExtractor:
    """The extractor whose files lie in a folder."""
    for name in (DESCRIPTION, CENTRES):
        if not (folder / name).is_file():
            raise UserError(
                f"{folder} has no {name}: give a folder with units, or a speech LLM that was made for units."
            )
    about = read_json(folder / DESCRIPTION)
    return UnitExtractor(about["encoder"], about["layer"], read_centres(folder / CENTRES), about.get("window"))


def read_centres(path: Path) -> np.ndarray:
    """An array of centres by width, from an .npy file or the only tensor of a safetensors file."""
    try:
        if path.suffix == ".safetensors":
            (found,) = load_file(path).values()
        else:
            found = np.load(path, allow_pickle=False)
    except (OSError, ValueError, SafetensorError) as error:
        raise UserError(
            f"{path} is no array of numbers ({error}): give an .npy file, or a safetensors file with one tensor; a pickled "
            "k-means becomes one with `tauspeech convert`."
        ) from None
    if found.ndim != 2 or not np.issubdtype(found.dtype, np.floating) or not np.isfinite(found).all():
        raise UserError(
            f"{path} has the shape {found.shape} and the type {found.dtype}: give one row of finite numbers for each unit."
        )
    centres: np.ndarray = found.astype(np.float64)
    return centres


def encoder_folder(name: str) -> Path:
    if name.startswith(BUNDLED):
        return FOUNDATIONS / name.removeprefix(BUNDLED)
    return model_folder(name, Path())


def _write_array(path: Path, centres: np.ndarray) -> None:
    with path.open("wb") as file:
        np.save(file, centres)
