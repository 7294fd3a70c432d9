"""Voices of a language, as the configuration names them."""

from typing import Any

from tauspeech.errors import UserError


def voices_of(speech: dict[str, Any], language: str) -> list[str]:
    if not (voices := speech["voices"].get(language)):
        raise UserError(f"key 'speech.voices.{language}' is missing: name at least one voice for this language.")
    return voices
