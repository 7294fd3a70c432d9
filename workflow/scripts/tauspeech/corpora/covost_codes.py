"""Codes of the languages that CoVoST 2 translates into English; separate from the corpus itself, since the plan reads them."""

from tauspeech.data.languages import primary_subtag
from tauspeech.runtime.errors import UserError

CODES = (
    *("ar", "ca", "cy", "de", "es", "et", "fa", "fr", "id", "it", "ja"),
    *("lv", "mn", "nl", "pt", "ru", "sl", "sv-SE", "ta", "tr", "zh-CN"),
)


def whisper_code(code: str) -> str:
    """``sv`` for ``sv-SE``."""
    return primary_subtag(code)


def covost_code(language: str) -> str:
    """``sv-SE`` for ``sv`` and for itself."""
    for code in CODES:
        if language in (code, whisper_code(code)):
            return code
    known = ", ".join(map(whisper_code, CODES))
    raise UserError(f"CoVoST 2 does not translate '{language}' into English: choose one of {known}.")
