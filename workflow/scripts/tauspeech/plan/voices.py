"""Voices of a language, by their names in the configuration, and the models behind them.

A voice is ``engine/model`` or ``engine/model/speaker``; without a speaker, one of the model's is drawn for each
utterance. Voices of espeak-ng have no model: ``espeak/cmn+f2``, or ``cmn+f2`` for short.
"""

from typing import Any

from tauspeech.plan.runtime_settings import result_settings
from tauspeech.plan.sources import files_of
from tauspeech.plan.voice_checks import (
    require_espeak_voice,
    require_kokoro_voice,
    require_mini_speaker,
    require_model,
    require_speaker,
)
from tauspeech.runtime.errors import UserError, nearest
from tauspeech.runtime.files import sha256_file
from tauspeech.runtime.paths import VOICES

ENGINES = ("espeak", "kokoro", "coqui", "vits", "speecht5", "bark", "cosyvoice", "http", "command")
ENVIRONMENTS = {engine: engine for engine in ("kokoro", "coqui", "cosyvoice")}  # the others need the main one only
MINI = "coqui/mini"
_PATHS = (
    "path",
    "config",
    "vocoder_path",
    "vocoder_config_path",
    "reference",
    "checkout",
    "model",
    "vocoder",
    "speakers",
    "program",
)


def voices_of(speech: dict[str, Any], language: str) -> list[str]:
    """Voices of a language in full: engine, model and, where one is named, speaker."""
    if not (voices := speech["voices"].get(language)):
        raise UserError(
            f"key 'speech.voices.{language}' is missing: name at least one voice for this language, or put recordings "
            f"into {speech['recordings']}/."
        )
    return [_in_full(voice, speech, language) for voice in voices]


def _in_full(voice: str, speech: dict[str, Any], language: str) -> str:
    """A voice with its engine, after checks."""
    key = f"speech.voices.{language}"
    engine, _, rest = voice.partition("/")
    if not rest or engine == "espeak":
        require_espeak_voice(rest or engine, key)
        return f"espeak/ng/{rest or engine}"
    if engine not in ENGINES:
        raise UserError(f"key '{key}': '{voice}' does not name an engine: give one of {', '.join(ENGINES)}.")
    if engine == "kokoro":
        require_kokoro_voice(voice, language, key)
    described = speech["models"].get(engine, {}).get(rest.partition("/")[0])
    if described:
        require_speaker(voice, described, key)
    elif f"{voice}/".startswith(f"{MINI}/"):
        require_mini_speaker(voice, language, "trained" in _mini(speech), key)
    return voice


def only_espeak(voices: list[str]) -> bool:
    return all(voice.startswith("espeak/") for voice in voices)


def short(voice: str) -> str:
    """The name that espeak-ng itself uses."""
    return voice.removeprefix("espeak/ng/")


def models_of(speech: dict[str, Any], voices: list[str]) -> list[dict[str, Any]]:
    """Settings of the models behind some voices, without runtime settings."""
    names = dict.fromkeys(tuple(voice.split("/")[:2]) for voice in voices)
    return [_model(speech, engine, name) for engine, name in names]


def _model(speech: dict[str, Any], engine: str, name: str) -> dict[str, Any]:
    known = {"engine": engine, "name": name}
    if engine == "espeak":
        return known | {"rate": speech["rate"], "pitch": speech["pitch"]}
    described = speech["models"].get(engine, {}).get(name)
    if described is None and f"{engine}/{name}" == MINI:
        return known | _mini(speech)
    if described is None:
        near = nearest(name, speech["models"].get(engine, {}))
        raise UserError(
            f"key 'speech.voices': the voice {engine}/{name} names a model that is not described: "
            + (f"did you mean {engine}/{near}? If not, add " if near else "add ")
            + f"speech.models.{engine}.{name} (config/README.md says what belongs there)."
        )
    require_model(engine, name, described)
    paths = {key: described[key] for key in _PATHS if isinstance(described.get(key), str | list)}
    if engine == "kokoro":  # whose files are in subfolders
        paths |= {"file": f"{described['model']}/{described['file']}", "voices": f"{described['model']}/voices"}
    paths |= {f"prompts.{speaker}": prompt["audio"] for speaker, prompt in described.get("prompts", {}).items()}
    files = {key: files_of(path) for key, path in paths.items()}
    return known | result_settings(described) | {"files": {key: found for key, found in files.items() if found}}


def _mini(speech: dict[str, Any]) -> dict[str, Any]:
    receipt = VOICES / "mini" / "receipt.json"
    if speech["retrain_voice"] or not receipt.is_file():
        return {"trained": True}
    return {"receipt": sha256_file(receipt)}


def engine_environment(model: dict[str, Any]) -> str:
    return ENVIRONMENTS.get(model["engine"], "main")
