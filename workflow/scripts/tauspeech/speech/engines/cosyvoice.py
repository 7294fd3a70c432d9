"""CosyVoice 2 from a checkout of its repository, in its own environment (envs/engine-cosyvoice.txt).

This module runs there, so it imports no package that only the main environment has.
"""

import importlib
import random
import sys
from inspect import signature
from pathlib import Path
from typing import Any

import numpy as np
import soundfile

from tauspeech.data.audio import read
from tauspeech.runtime.errors import UserError, one_line
from tauspeech.speech.engine import Engine, Sound
from tauspeech.speech.engine_tools import key, short_seed

_CLONE = "git clone --recursive https://github.com/FunAudioLLM/CosyVoice.git"
_LEAST_RATE, _LONGEST = 16_000, 30  # limits of a prompt in Hz and seconds, as CosyVoice asserts


def open_engine(model: dict[str, Any], language: str) -> Engine:
    checkout, folder = _folder(model, "checkout"), _folder(model, "model")
    prompts = {name: _prompt(model, name) for name in model["prompts"]}
    if not prompts:
        raise UserError(f"{key(model, 'prompts')} is empty: add at least one speaker with 'audio' and 'text'.")
    module = _module(model, checkout)
    opener = getattr(module, "AutoModel", None) or module.CosyVoice2
    try:
        network = opener(model_dir=str(folder))
    except Exception as error:  # its components raise many types
        reason = one_line(f"{type(error).__name__}: {error}")
        raise UserError(
            f"{key(model, 'model')}: CosyVoice cannot load {folder} ({reason}): check that checkout and model have "
            "the same version and that the download is complete."
        ) from None
    return _CosyVoice(model, network, prompts, f"cosyvoice {_commit(checkout)} {folder.name}")


def _folder(model: dict[str, Any], setting: str) -> Path:
    path, where = Path(model[setting]).expanduser().resolve(), key(model, setting)
    if setting == "checkout":
        if not (path / "cosyvoice" / "cli" / "cosyvoice.py").is_file():
            raise UserError(f"{where}: {path} is not a checkout of CosyVoice: run `{_CLONE} {path}`.")
        if not (path / "third_party" / "Matcha-TTS" / "matcha").is_dir():
            raise UserError(
                f"{where}: {path} lacks third_party/Matcha-TTS: run `git -C {path} submodule update --init --recursive`."
            )
        return path
    if not any(path.glob("cosyvoice*.yaml")) or not (path / "llm.pt").is_file():
        raise UserError(
            f"{where}: {path} does not contain CosyVoice's weights: "
            f"run `hf download FunAudioLLM/CosyVoice2-0.5B --local-dir {path}`."
        )
    return path


def _prompt(model: dict[str, Any], name: str) -> tuple[Path, str]:
    """Recording of a speaker and its transcript."""
    prompt, where = model["prompts"][name], key(model, "prompts", name)
    path = Path(prompt["audio"]).expanduser().resolve()
    if not path.is_file():
        raise UserError(f"{where}.audio: {path} does not exist: record some seconds of the speaker there.")
    try:
        found = soundfile.info(path)
    except (soundfile.LibsndfileError, OSError):
        raise UserError(f"{where}.audio: {path} cannot be read as audio: give a WAV file.") from None
    if found.samplerate < _LEAST_RATE or not 0 < found.duration <= _LONGEST:
        raise UserError(
            f"{where}.audio: {path} has {found.duration:.1f} seconds at {found.samplerate} Hz: give at most {_LONGEST} "
            f"seconds at {_LEAST_RATE} Hz or more."
        )
    if not prompt["text"].strip():
        raise UserError(f"{where}.text is empty: write the transcript of {path}.")
    return path, prompt["text"]


def _module(model: dict[str, Any], checkout: Path) -> Any:
    for folder in (checkout / "third_party" / "Matcha-TTS", checkout):
        if str(folder) not in sys.path:
            sys.path.insert(0, str(folder))
    try:
        return importlib.import_module("cosyvoice.cli.cosyvoice")
    except ImportError as error:
        raise UserError(
            f"{key(model, 'checkout')}: the CosyVoice in {checkout} cannot be imported ({one_line(str(error))}): "
            "compare its requirements.txt with the lock envs/engine-cosyvoice.txt."
        ) from None


def _commit(checkout: Path) -> str:
    """Commit of the checkout, for the manifest."""
    try:
        head = (checkout / ".git" / "HEAD").read_text(encoding="utf-8").strip()
        if head.startswith("ref: "):
            head = (checkout / ".git" / head.removeprefix("ref: ")).read_text(encoding="utf-8").strip()
    except OSError:
        return "of unknown commit"
    return head[:12]


class _CosyVoice:
    def __init__(self, model: dict[str, Any], network: Any, prompts: dict[str, tuple[Path, str]], version: str):
        self._model, self._network, self._prompts = model, network, prompts
        # This parameter takes samples in checkouts before 2025-12; later ones take a path under another name.
        self._takes_samples = "prompt_speech_16k" in signature(network.inference_zero_shot).parameters
        self.speakers, self.version = list(prompts), version

    def synthesise(self, text: str, speaker: str | None, seed: int) -> Sound:
        path, transcript = self._prompts[speaker or self.speakers[0]]
        _seed_all(short_seed(seed))
        parts = self._network.inference_zero_shot(
            text,
            transcript,
            self._samples(path) if self._takes_samples else str(path),
            stream=False,
            text_frontend=self._model.get("text_frontend", False),
        )
        pieces = [np.asarray(part["tts_speech"].cpu(), np.float32).reshape(-1) for part in parts]
        samples = np.concatenate(pieces) if pieces else np.zeros(0, np.float32)
        return Sound(samples, self._network.sample_rate)

    def _samples(self, path: Path) -> Any:
        import torch

        return torch.from_numpy(np.ascontiguousarray(read(path), np.float32))[None]


def _seed_all(seed: int) -> None:
    import torch

    random.seed(seed)
    np.random.seed(seed)
    torch.manual_seed(seed)
