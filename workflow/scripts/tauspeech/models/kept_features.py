"""Features that are computed once for each utterance: in memory, and from some size on in a file."""

import math
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO, Any, NamedTuple

import numpy as np

from tauspeech.data.manifest import AudioKey, audio_key
from tauspeech.models.family import SpeechModel
from tauspeech.models.tasks import SpeechTask

IN_MEMORY = 2 * 2**30


class Place(NamedTuple):
    """Position of an array in the file."""

    start: int
    shape: tuple[int, ...]
    dtype: np.dtype[Any]


class KeptFeatures:
    """Features by utterance and audio, of models with the same ``features_id``; those beyond ``most_bytes`` lie in a file in ``folder``.

    The file has no name, so it is gone when the process ends, in whatever way.
    """

    def __init__(self, folder: Path, most_bytes: int = IN_MEMORY):
        self._folder, self._room = folder, most_bytes
        self._found: dict[AudioKey, np.ndarray | Place] = {}
        self._file: IO[bytes] | None = None

    def __contains__(self, row: dict[str, Any]) -> bool:
        return audio_key(row) in self._found

    def get(self, model: SpeechModel, row: dict[str, Any], task: SpeechTask) -> np.ndarray:
        id = audio_key(row)
        if id not in self._found:
            features = model.features_of(row, task)
            self._room -= features.nbytes
            self._found[id] = features if self._room >= 0 else self._written(features)
            return features
        found = self._found[id]
        return self._read(found) if isinstance(found, Place) else found

    def _written(self, features: np.ndarray) -> Place:
        if self._file is None:
            self._folder.mkdir(parents=True, exist_ok=True)
            self._file = TemporaryFile(dir=self._folder)  # noqa: SIM115 (open as long as this object)
        start = self._file.seek(0, 2)
        self._file.write(np.ascontiguousarray(features).data)
        return Place(start, features.shape, features.dtype)

    def _read(self, place: Place) -> np.ndarray:
        assert self._file
        self._file.seek(place.start)
        size = math.prod(place.shape) * place.dtype.itemsize
        return np.frombuffer(self._file.read(size), place.dtype).reshape(place.shape)
