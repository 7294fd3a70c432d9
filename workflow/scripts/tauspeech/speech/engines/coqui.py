"""Coqui TTS: the bundled mini voice, a model of the package by its name, or a model by its path."""

import contextlib
import fcntl
import io
import json
import os
import pickle
import random
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import soundfile
import torch

from tauspeech.runtime.errors import UserError
from tauspeech.speech.engine import Sound
from tauspeech.speech.mini.front_end import synthesise_with_phonemes
from tauspeech.speech.mini.symbols import Symbols

# Coqui's names of languages that are not ISO codes.
_LANGUAGES = {"zh": "zh-cn"}
_OWN_FILES = "give the checkpoint and its config.json"
_PADDING = 10_000  # zeros that Coqui appends to each sentence


def open_engine(model: dict[str, Any], language: str) -> "Coqui | Mini":
    if model.get("mini"):
        return Mini(Path(model["mini"]), language)
    return Coqui(model, language)


def _loaded(model: dict[str, Any], **paths: Any) -> Any:
    """Coqui's model. Loading prints to standard output, which is discarded."""
    import torchaudio
    from TTS.api import TTS

    torchaudio.load = _read_audio  # the original needs FFmpeg's libraries
    _open_weights_only()
    name = paths.get("model_name") or paths.get("model_path")
    try:
        with _exclusive(), contextlib.redirect_stdout(io.StringIO()):
            tts = TTS(**paths, progress_bar=False)
    except Exception as error:
        raise UserError(_load_error(model, str(name), error)) from None
    return tts.to("cuda" if torch.cuda.is_available() else "cpu")


@contextlib.contextmanager
def _exclusive() -> Iterator[None]:
    """Lock of Coqui's cache, because Coqui loads models that another job is still downloading and rewrites its cache."""
    with contextlib.ExitStack() as held:
        with contextlib.suppress(OSError):  # a read-only cache needs no lock
            _cache().mkdir(parents=True, exist_ok=True)
            guard = held.enter_context(open(_cache() / ".tauspeech.lock", "w"))
            fcntl.flock(guard, fcntl.LOCK_EX)
        yield


def _open_weights_only() -> None:
    """Make torch.load accept weights only, for all models of Coqui. NumPy's scalars, in Bark's files, are allowed."""
    os.environ.pop("TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD", None)
    os.environ["TORCH_FORCE_WEIGHTS_ONLY_LOAD"] = "1"
    number = np.float64(0).__reduce__()[0]
    torch.serialization.add_safe_globals(
        [(number, "numpy.core.multiarray.scalar"), number, np.dtype, np.dtypes.Float64DType]
    )


def _read_audio(path: Any, **_: Any) -> tuple[torch.Tensor, int]:
    samples, rate = soundfile.read(path, dtype="float32", always_2d=True)
    return torch.from_numpy(samples.T), rate


def _load_error(model: dict[str, Any], name: str, error: Exception) -> str:
    if isinstance(error, pickle.UnpicklingError):
        error = ValueError("it is not a checkpoint, or contains code besides weights")
    reason = (str(error).splitlines() or [type(error).__name__])[0][:200]
    key = f"speech.models.coqui.{model['name']}"
    if "path" in model:
        return f"{key}: Coqui cannot load {name} ({type(error).__name__}: {reason}): {_advice(reason) or _OWN_FILES}."
    if (folder := _cache() / name.replace("/", "--")).is_dir():
        again = f"if its download was interrupted, delete {folder} and run again with a connection"
        return f"{key}: Coqui cannot load {name} ({type(error).__name__}: {reason}): {_advice(reason) or again}."
    return (
        f"{key}: the model {name} is in none of {' and '.join(_caches())} and cannot be downloaded ({reason}): check its "
        f"name with `tts --list_models`, or run `tts --model_name {name} --text test --out_path test.wav` on a "
        "machine with a connection and copy that folder."
    )


def _advice(reason: str) -> str | None:
    """Advice for a missing espeak-ng program, which Coqui calls for phonemes and no Python package contains."""
    if "espeak" not in reason.lower():
        return None
    return "install the program espeak-ng (`apt-get install espeak-ng`, or `conda install -c conda-forge espeak-ng`)"


def _cache() -> Path:
    from trainer.io import get_user_data_dir

    return Path(get_user_data_dir("tts"))


def _caches() -> list[str]:
    from huggingface_hub import constants

    return [str(_cache()), constants.HF_HUB_CACHE]


def _agree_to_terms(model: dict[str, Any]) -> None:
    """Accept a model's licence if the configuration does; Coqui would ask on the terminal, which a job lacks."""
    if model.get("accept_licence"):
        os.environ["COQUI_TOS_AGREED"] = "1"
        return
    os.environ.pop("COQUI_TOS_AGREED", None)
    if "xtts" in str(model.get("model", "")):
        raise UserError(
            f"speech.models.coqui.{model['name']}: {model['model']} is under the Coqui Public Model License, which allows "
            "non-commercial use only: read https://coqui.ai/cpml and set accept_licence to true, or use another model."
        )


def _recording(model: dict[str, Any], name: str) -> str:
    path = Path(name).expanduser()
    try:
        soundfile.info(path)
    except (soundfile.LibsndfileError, OSError):
        raise UserError(
            f"speech.models.coqui.{model['name']}.reference: {path} does not exist or cannot be read as audio: give WAV files."
        ) from None
    return str(path)


def _seed(seed: int) -> None:
    """Seed all three generators: Griffin-Lim's phases, for example, are drawn with NumPy."""
    random.seed(seed)
    np.random.seed(seed % 2**32)
    torch.manual_seed(seed)


class Coqui:
    """A model of Coqui TTS."""

    def __init__(self, model: dict[str, Any], language: str):
        self._model = model
        if "path" in model:
            path, config = Path(model["path"]).expanduser(), model.get("config")
            config = Path(config).expanduser() if config else (path if path.is_dir() else path.parent) / "config.json"
            for file in (path, config):
                if not file.exists():
                    raise UserError(
                        f"speech.models.coqui.{model['name']}: {file} does not exist: give the path of the model."
                    )
            paths = {"model_path": path, "config_path": config}
            paths |= {
                f"vocoder_{key}": model[f"vocoder_{key}"]
                for key in ("path", "config_path")
                if f"vocoder_{key}" in model
            }
        else:
            _agree_to_terms(model)
            paths = {"model_name": model["model"]}
        self._tts = _loaded(model, **paths)
        self.version = f"coqui-tts {version('coqui-tts')} {model.get('model') or model['name']}"
        self._references = [_recording(model, name) for name in model.get("reference", [])]
        self.speakers = [] if self._references else self._built_in()
        self._language = self._named(language)

    def _built_in(self) -> list[str]:
        """Speakers of the model, without those that Coqui cloned and stored on this machine."""
        if not self._tts.is_multi_speaker:
            return []
        network = self._tts.synthesizer.tts_model
        names = [str(name) for name in network.speaker_manager.speaker_names] if network.speaker_manager else []
        if not names and network.config.model == "xtts":
            raise UserError(
                f"speech.models.coqui.{self._model['name']} has no built-in voices: give recordings of a speaker as 'reference'."
            )
        return names

    def _named(self, language: str) -> str | None:
        """Name of the language in the model, or None for a model of one language."""
        if not self._tts.is_multi_lingual:
            return None
        known = list(self._tts.languages or [])
        name = (self._model.get("languages") or {}).get(language) or _LANGUAGES.get(language, language)
        for candidate in (name, language):
            if candidate in known:
                return candidate
        raise UserError(
            f"speech.models.coqui.{self._model['name']} does not support {language}, only {', '.join(known)}: use another voice."
        )

    def synthesise(self, text: str, speaker: str | None, seed: int) -> Sound:
        if speaker and not self.speakers:
            raise UserError(
                f"key 'speech.voices': coqui/{self._model['name']} has one voice: leave out the speaker '{speaker}'."
            )
        _seed(seed)
        arguments: dict[str, Any] = {"text": text, "language": self._language}
        if self._references:
            arguments["speaker_wav"] = self._references
        elif self.speakers:
            arguments["speaker"] = speaker
        with contextlib.redirect_stdout(io.StringIO()):
            samples = self._tts.tts(**arguments, **self._model.get("options", {}))
        samples = np.asarray(samples, np.float32)
        return Sound(samples[:-_PADDING], int(self._tts.synthesizer.output_sample_rate))


class Mini:
    """The mini voice: the bundled one, or one trained by the workflow."""

    def __init__(self, folder: Path, language: str):
        described = json.loads((folder / "voice.json").read_text(encoding="utf-8"))
        self._symbols = Symbols(described["symbols"])
        self._voices = {
            name: each["voice"] for name, each in described["speakers"].items() if each["language"] == language
        }
        if not self._voices:
            known = sorted({each["language"] for each in described["speakers"].values()})
            raise UserError(
                f"the voice coqui/mini does not support {language}, only {' and '.join(known)}: use another voice."
            )
        self._language = language
        self.speakers = sorted(self._voices)
        self.version = f"coqui-tts {version('coqui-tts')} mini"
        model = {"name": "mini", "path": str(folder)}
        self._tts = _loaded(model, model_path=folder / "model.pth", config_path=folder / "config.json")

    def synthesise(self, text: str, speaker: str | None, seed: int) -> Sound:
        assert speaker
        _seed(seed)
        _, phonemes = synthesise_with_phonemes(text, self._voices[speaker], self._language)
        symbols = self._symbols.text([each.symbol for each in phonemes])
        with contextlib.redirect_stdout(io.StringIO()):
            samples = self._tts.tts(symbols, speaker=speaker, split_sentences=False)
        return Sound(np.asarray(samples, np.float32)[:-_PADDING], int(self._tts.synthesizer.output_sample_rate))
