"""Coqui TTS: the mini voice of our own, any model of the package by its name, or one by its path."""

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
from tauspeech.speech.mini.front_end import read_aloud
from tauspeech.speech.mini.symbols import Symbols

# Coqui's names of languages, where they are not ISO codes.
_LANGUAGES = {"zh": "zh-cn"}
_OWN_FILES = "give the checkpoint and its config.json"
_PADDING = 10_000  # zeros that Coqui puts behind each sentence


def open_engine(model: dict[str, Any], language: str) -> "Coqui | Mini":
    if model.get("mini"):
        return Mini(Path(model["mini"]), language)
    return Coqui(model, language)


def _loaded(model: dict[str, Any], **paths: Any) -> Any:
    """Coqui's model. What it prints goes to standard output, and belongs into nobody's log."""
    import torchaudio
    from TTS.api import TTS

    torchaudio.load = _read_audio  # its own way needs FFmpeg's libraries, which few machines have
    _open_weights_only()
    name = paths.get("model_name") or paths.get("model_path")
    try:
        with _alone(), contextlib.redirect_stdout(io.StringIO()):
            tts = TTS(**paths, progress_bar=False)
    except Exception as error:
        raise UserError(_trouble(model, str(name), error)) from None
    return tts.to("cuda" if torch.cuda.is_available() else "cpu")


@contextlib.contextmanager
def _alone() -> Iterator[None]:
    """Coqui takes a folder that another job is just filling for a model, and rewrites what lies in its cache."""
    with contextlib.ExitStack() as held:
        with contextlib.suppress(OSError):  # a cache that cannot be written is not changed by anybody
            _cache().mkdir(parents=True, exist_ok=True)
            guard = held.enter_context(open(_cache() / ".tauspeech.lock", "w"))
            fcntl.flock(guard, fcntl.LOCK_EX)
        yield


def _open_weights_only() -> None:
    """Not all of Coqui's models ask for it. What NumPy's numbers are made of holds no code, and lies in Bark's files."""
    os.environ.pop("TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD", None)
    os.environ["TORCH_FORCE_WEIGHTS_ONLY_LOAD"] = "1"
    number = np.float64(0).__reduce__()[0]
    torch.serialization.add_safe_globals(
        [(number, "numpy.core.multiarray.scalar"), number, np.dtype, np.dtypes.Float64DType]
    )


def _read_audio(path: Any, **_: Any) -> tuple[torch.Tensor, int]:
    samples, rate = soundfile.read(path, dtype="float32", always_2d=True)
    return torch.from_numpy(samples.T), rate


def _trouble(model: dict[str, Any], name: str, error: Exception) -> str:
    if isinstance(error, pickle.UnpicklingError):
        error = ValueError("it is no checkpoint, or holds code beside its weights")
    reason = (str(error).splitlines() or [type(error).__name__])[0][:200]
    key = f"speech.models.coqui.{model['name']}"
    if "path" in model:
        return f"{key}: Coqui cannot load {name} ({type(error).__name__}: {reason}): {_way_out(reason) or _OWN_FILES}."
    if (folder := _cache() / name.replace("/", "--")).is_dir():
        again = f"if its download broke off, delete {folder} and run again where there is a connection"
        return f"{key}: Coqui cannot load {name} ({type(error).__name__}: {reason}): {_way_out(reason) or again}."
    return (
        f"{key}: the model {name} is in none of {' and '.join(_caches())} and cannot be downloaded ({reason}): check its "
        f"name with `tts --list_models`, or run `tts --model_name {name} --text test --out_path test.wav` where there "
        "is a connection and copy that folder."
    )


def _way_out(reason: str) -> str | None:
    """Coqui reads phonemes from the program, which no package of Python brings along."""
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
    """Only a user may accept a model's terms; Coqui would ask on a terminal, and a job has none."""
    if model.get("accept_licence"):
        os.environ["COQUI_TOS_AGREED"] = "1"
        return
    os.environ.pop("COQUI_TOS_AGREED", None)
    if "xtts" in str(model.get("model", "")):
        raise UserError(
            f"speech.models.coqui.{model['name']}: {model['model']} is under the Coqui Public Model License, which allows "
            "non-commercial use only: read https://coqui.ai/cpml and set accept_licence to true, or take another model."
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
    """Models draw from all three: Griffin-Lim's phases, for one, are NumPy's."""
    random.seed(seed)
    np.random.seed(seed % 2**32)
    torch.manual_seed(seed)


class Coqui:
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
        """Without those that Coqui cloned on this machine some time, which another machine has not."""
        if not self._tts.is_multi_speaker:
            return []
        network = self._tts.synthesizer.tts_model
        names = [str(name) for name in network.speaker_manager.speaker_names] if network.speaker_manager else []
        if not names and network.config.model == "xtts":
            raise UserError(
                f"speech.models.coqui.{self._model['name']} has no voices of its own: give recordings of one as 'reference'."
            )
        return names

    def _named(self, language: str) -> str | None:
        """The language as the model calls it, or nothing where it has but one."""
        if not self._tts.is_multi_lingual:
            return None
        known = list(self._tts.languages or [])
        name = (self._model.get("languages") or {}).get(language) or _LANGUAGES.get(language, language)
        for candidate in (name, language):
            if candidate in known:
                return candidate
        raise UserError(
            f"speech.models.coqui.{self._model['name']} does not speak {language}: it has {', '.join(known)}."
        )

    def say(self, text: str, speaker: str | None, seed: int) -> Sound:
        if speaker and not self.speakers:
            raise UserError(
                f"key 'speech.voices': coqui/{self._model['name']} has one voice: leave out the speaker '{speaker}'."
            )
        _seed(seed)
        asked: dict[str, Any] = {"text": text, "language": self._language}
        if self._references:
            asked["speaker_wav"] = self._references
        elif self.speakers:
            asked["speaker"] = speaker
        with contextlib.redirect_stdout(io.StringIO()):
            samples = self._tts.tts(**asked, **self._model.get("options", {}))
        samples = np.asarray(samples, np.float32)
        return Sound(samples[:-_PADDING], int(self._tts.synthesizer.output_sample_rate))


class Mini:
    """The voice that is shipped, or one that was trained here."""

    def __init__(self, folder: Path, language: str):
        described = json.loads((folder / "voice.json").read_text(encoding="utf-8"))
        self._symbols = Symbols(described["symbols"])
        self._voices = {
            name: each["voice"] for name, each in described["speakers"].items() if each["language"] == language
        }
        if not self._voices:
            known = sorted({each["language"] for each in described["speakers"].values()})
            raise UserError(f"the voice coqui/mini does not speak {language}: it has {' and '.join(known)}.")
        self._language = language
        self.speakers = sorted(self._voices)
        self.version = f"coqui-tts {version('coqui-tts')} mini"
        model = {"name": "mini", "path": str(folder)}
        self._tts = _loaded(model, model_path=folder / "model.pth", config_path=folder / "config.json")

    def say(self, text: str, speaker: str | None, seed: int) -> Sound:
        assert speaker
        _seed(seed)
        _, phonemes = read_aloud(text, self._voices[speaker], self._language)
        written = self._symbols.text([each.symbol for each in phonemes])
        with contextlib.redirect_stdout(io.StringIO()):
            samples = self._tts.tts(written, speaker=speaker, split_sentences=False)
        return Sound(np.asarray(samples, np.float32)[:-_PADDING], int(self._tts.synthesizer.output_sample_rate))
