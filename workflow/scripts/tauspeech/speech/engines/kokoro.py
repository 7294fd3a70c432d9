"""Kokoro-82M with ONNX Runtime: eight languages, about fifty voices, on the CPU, in its own environment (envs/engine-kokoro.txt).

This module runs there, so it imports no package that only the main environment has.
"""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from tauspeech.data.dropped_utterances import Unusable
from tauspeech.data.json_files import read_json
from tauspeech.data.randomness import derive_rng
from tauspeech.remote.hub import is_hub_id
from tauspeech.runtime.errors import UserError, one_line
from tauspeech.speech.engine import Engine, Sound
from tauspeech.speech.engine_tools import key
from tauspeech.speech.kokoro_phonemes import phonemiser
from tauspeech.speech.kokoro_voices import letters_of, supported, voices_of_language

RATE = 24_000
LONGEST = 510  # phonemes of a sentence; a voice has a style for each number of them
STYLE = 256
IDEOGRAPHS = "\u2e80"  # the first one; those that a phonemiser leaves have no sound
VOCABULARIES = ("tokenizer.json", "config.json")  # where the symbols are: in ONNX repositories, and in the original
PUBLISHED = "onnx-community/Kokoro-82M-v1.0-ONNX"


def open_engine(model: dict[str, Any], language: str) -> Engine:
    if not letters_of(language):
        raise UserError(f"{key(model)}: Kokoro has no voices of {language}, only of {supported()}: use another engine.")
    folder = _folder(model)
    voices = voices_of_language((path.stem for path in (folder / "voices").glob("*.bin")), language)
    if not voices:
        raise UserError(
            f"{key(model, 'model')}: {folder / 'voices'} has no voice of {language} (a file such as "
            f"{letters_of(language)[0]}f_NAME.bin): copy the folder voices of {PUBLISHED}."
        )
    return _Kokoro(model, _session(model, folder), _vocabulary(model, folder), folder / "voices", voices)


def _folder(model: dict[str, Any]) -> Path:
    """Folder of the model; its file and its voices are downloaded if the name is a hub id."""
    name = model["model"]
    path = Path(name).expanduser()
    if path.is_dir():
        return path
    if not is_hub_id(name):
        raise UserError(
            f"{key(model, 'model')}: {name} is neither a folder nor a model of the hub (OWNER/NAME): check the name."
        )
    from huggingface_hub import snapshot_download

    repository, _, revision = name.partition("@")
    patterns = [model["file"], "voices/*.bin", *VOCABULARIES]
    try:
        return Path(snapshot_download(repository, revision=revision or None, allow_patterns=patterns))
    except Exception as error:
        included = " ".join(f"'{pattern}'" for pattern in patterns)
        raise UserError(
            f"{key(model, 'model')}: {repository} is not in the cache and cannot be downloaded ({one_line(str(error))}): check "
            f"the name, or run `hf download {repository} --include {included}` on a machine with a connection and copy the cache."
        ) from None


def _runtime() -> Any:
    import onnxruntime

    return onnxruntime


def _session(model: dict[str, Any], folder: Path) -> Any:
    path = folder / model["file"]
    if not path.is_file() or ".." in Path(model["file"]).parts:
        found = sorted(str(each.relative_to(folder)) for each in folder.rglob("*.onnx"))
        raise UserError(
            f"{key(model, 'file')}: {folder} has no file {model['file']}: give one of its ONNX files"
            + (f", such as {found[0]}." if found else f", or another model such as {PUBLISHED}.")
        )
    options = _runtime().SessionOptions()
    options.intra_op_num_threads = int(os.environ.get("OMP_NUM_THREADS", "1"))
    options.log_severity_level = 3  # errors
    try:
        return _runtime().InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    except Exception as error:  # its errors have no common class
        raise UserError(
            f"{key(model, 'file')}: {path} cannot be loaded ({one_line(str(error), 200)}): download it again."
        ) from None


def _vocabulary(model: dict[str, Any], folder: Path) -> dict[str, int]:
    """Numbers of the phonemes' symbols."""
    for name in VOCABULARIES:
        content = read_json(folder / name) if (folder / name).is_file() else {}
        for found in (content, content.get("model", {})):
            if isinstance(found, dict) and isinstance(found.get("vocab"), dict):
                return found["vocab"]
    raise UserError(
        f"{key(model, 'model')}: neither {' nor '.join(VOCABULARIES)} in {folder} has the symbols ('vocab'): copy "
        f"tokenizer.json of {PUBLISHED}."
    )


class _Kokoro:
    def __init__(
        self, model: dict[str, Any], session: Any, vocabulary: dict[str, int], folder: Path, voices: list[str]
    ):
        self._model, self._session, self._vocabulary, self._folder = model, session, vocabulary, folder
        inputs = [each.name for each in session.get_inputs()]
        self._tokens_name = "input_ids" if "input_ids" in inputs else "tokens"  # "tokens" in older conversions
        self._phonemisers: dict[str, Callable[[str], str]] = {}
        self._styles: dict[str, np.ndarray] = {}
        self.speakers = voices
        self.version = f"kokoro onnxruntime {_runtime().__version__} {model['model']} {model['file']}"

    def synthesise(self, text: str, speaker: str | None, seed: int) -> Sound:
        """Audio of a text; the seed draws the speed, and the model itself draws nothing."""
        assert speaker
        phonemes = self._phonemes(speaker[0], text)
        tokens = [self._vocabulary[symbol] for symbol in phonemes if symbol in self._vocabulary]
        if not any(symbol.isalpha() and symbol in self._vocabulary for symbol in phonemes):
            raise Unusable("no letter that the voice can read")
        if any(symbol.isalpha() and symbol >= IDEOGRAPHS and symbol not in self._vocabulary for symbol in phonemes):
            raise Unusable("a character that the voice cannot read")
        if len(tokens) > LONGEST:
            raise Unusable("too long a text for the voice")
        speed = derive_rng(seed, "kokoro").uniform(*self._model["speed"])
        inputs = {
            self._tokens_name: np.array([[0, *tokens, 0]], np.int64),
            "style": self._style(speaker)[len(tokens) - 1],
            "speed": np.array([speed], np.float32),
        }
        samples = np.asarray(self._session.run(None, inputs)[0], np.float32)
        return Sound(samples.reshape(-1), RATE)

    def _phonemes(self, letter: str, text: str) -> str:
        if letter not in self._phonemisers:
            self._phonemisers[letter] = phonemiser(letter, key(self._model))
        return self._phonemisers[letter](text)

    def _style(self, speaker: str) -> np.ndarray:
        """The voice's styles, one for each number of phonemes."""
        if speaker not in self._styles:
            path = self._folder / f"{speaker}.bin"
            numbers = np.fromfile(path, "<f4")
            if numbers.size != LONGEST * STYLE or not np.isfinite(numbers).all():
                raise UserError(
                    f"{key(self._model, 'model')}: {path} is not a voice, which has {LONGEST} x {STYLE} numbers in float32: "
                    f"copy {path.name} of {PUBLISHED} again."
                )
            self._styles[speaker] = numbers.reshape(LONGEST, 1, STYLE)
        return self._styles[speaker]
