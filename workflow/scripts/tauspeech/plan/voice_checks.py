"""Checks of voices and of the models behind them, as far as the configuration and the names of files tell."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tauspeech.plan.mini_voice import SPEAKERS
from tauspeech.plan.sources import model_type, require_folder_or_hub_id
from tauspeech.runtime.errors import UserError
from tauspeech.runtime.paths import VOICES
from tauspeech.speech.espeak_voices import refusal
from tauspeech.speech.kokoro_voices import letters_of, supported
from tauspeech.speech.program_arguments import require_places

# Settings of an engine that are files or folders, and those that are such or a model of the hub.
_FILES = {
    "coqui": ("path", "config", "vocoder_path", "vocoder_config_path", "reference"),
    "speecht5": ("speakers",),
    "cosyvoice": ("checkout", "model"),
}
_MODELS: dict[str, dict[str, tuple[str, ...]]] = {  # with the model types that their folder may have
    "kokoro": {"model": ("style_text_to_speech_2",)},
    "vits": {"model": ("vits",)},
    "speecht5": {"model": ("speecht5",), "vocoder": ("hifigan", "speecht5_hifigan")},
    "bark": {"model": ("bark",)},
}
_NEED_A_SPEAKER = {"http": "names no voice of its server", "command": "names no voice, but its program needs '{voice}'"}


def require_espeak_voice(voice: str, key: str) -> None:
    if reason := refusal(voice):
        raise UserError(f"key '{key}': {reason}")


def require_speaker(voice: str, model: dict[str, Any], key: str) -> None:
    """Refuse a voice whose model has other speakers, or lacks the one that it needs."""
    engine, _, speaker = [*voice.split("/", 2), ""][:3]
    needed = engine == "http" or any("{voice}" in argument for argument in model.get("program", ()))
    if needed and not speaker:
        raise UserError(f"key '{key}': {voice} {_NEED_A_SPEAKER[engine]}: add one, such as {voice}/alloy.")
    if speaker and engine == "cosyvoice":
        _require_one_of(voice, speaker, list(model["prompts"]), key)


def require_kokoro_voice(voice: str, language: str, key: str) -> None:
    """Refuse a language that Kokoro does not support, and a speaker of another one: its first letter is its language."""
    letters = letters_of(language)
    if not letters:
        raise UserError(
            f"key '{key}': the voice {voice} does not support {language}, only {supported()}: use another voice."
        )
    speaker = [*voice.split("/", 2), ""][2]
    if speaker and speaker[0] not in letters:
        raise UserError(
            f"key '{key}': {voice} is a voice of another language: give one of {language}, whose names start with "
            f"{' or '.join(letters)}, or only {voice.rpartition('/')[0]} for any of them."
        )


def require_mini_speaker(voice: str, language: str, trained: bool, key: str) -> None:
    """Refuse a speaker or a language that the mini voice lacks: the shipped one, or the one that is trained in this run."""
    speakers = _speakers_to_train() if trained else _shipped_speakers()
    own = [name for name, of in speakers.items() if of == language]
    if not own:
        known = " and ".join(sorted(set(speakers.values())))
        raise UserError(
            f"key '{key}': the voice coqui/mini does not support {language}, only {known}: use another voice."
        )
    if speaker := [*voice.split("/", 2), ""][2]:
        _require_one_of(voice, speaker, own, key)


def _require_one_of(voice: str, speaker: str, known: list[str], key: str) -> None:
    if speaker not in known:
        raise UserError(
            f"key '{key}': the voice {voice} does not exist: {voice.rpartition('/')[0]} has {', '.join(sorted(known))}."
        )


def _shipped_speakers() -> dict[str, str]:
    described = json.loads((VOICES / "mini" / "voice.json").read_text(encoding="utf-8"))["speakers"]
    return {name: speaker["language"] for name, speaker in described.items()}


def _speakers_to_train() -> dict[str, str]:
    return {
        f"{language}-{number}": language
        for language, voices in SPEAKERS.items()
        for number in range(1, len(voices) + 1)
    }


def require_model(engine: str, name: str, model: dict[str, Any]) -> None:
    """Refuse a model whose files do not exist, whose licence is not accepted, or whose program cannot get its arguments."""
    where = f"speech.models.{engine}.{name}"
    for setting, path in _files_of(engine, model):
        if not Path(path).expanduser().exists():
            raise UserError(
                f"key '{where}.{setting}': {path} does not exist: check the path, which is relative to the project's folder."
            )
    for setting, types in _MODELS.get(engine, {}).items():
        require_folder_or_hub_id(model[setting], f"{where}.{setting}")
        found = model_type(Path(model[setting]).expanduser())
        if found and found not in types:
            raise UserError(
                f"key '{where}.{setting}': {model[setting]} is a model of the type '{found}', not '{types[0]}': give another one."
            )
    if engine == "coqui" and "xtts" in model.get("model", "") and not model.get("accept_licence"):
        raise UserError(
            f"key '{where}': {model['model']} is under the Coqui Public Model License, which allows non-commercial use only: "
            "read https://coqui.ai/cpml and set accept_licence to true, or use another model."
        )
    if engine == "command":
        require_places(model["program"], f"{where}.program")


def _files_of(engine: str, model: dict[str, Any]) -> Iterator[tuple[str, str]]:
    for setting in _FILES.get(engine, ()):
        named = model.get(setting, [])
        yield from ((setting, path) for path in (named if isinstance(named, list) else [named]))
    if engine == "kokoro" and Path(model["model"]).expanduser().is_dir():
        yield "file", f"{model['model']}/{model['file']}"
    for speaker, prompt in model.get("prompts", {}).items():
        yield f"prompts.{speaker}.audio", prompt["audio"]
