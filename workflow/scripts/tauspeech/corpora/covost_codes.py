"""Codes of the languages of CoVoST 2, into English and from it; separate from the corpus itself, since the plan reads them."""

from tauspeech.data.languages import primary_subtag
from tauspeech.runtime.errors import UserError

CODES = (
    *("ar", "ca", "cy", "de", "es", "et", "fa", "fr", "id", "it", "ja"),
    *("lv", "mn", "nl", "pt", "ru", "sl", "sv-SE", "ta", "tr", "zh-CN"),
)

ENGLISH = "en"
FROM_ENGLISH = ("de", "tr", "fa", "sv-SE", "mn", "zh-CN", "cy", "ca", "sl", "et", "id", "ar", "ta", "lv", "ja")


def covost_pair(spoken: str, target: str) -> tuple[str, str]:
    """Codes of both languages, of which one is English."""
    if target == ENGLISH:
        return covost_code(spoken), ENGLISH
    code = next((code for code in FROM_ENGLISH if target in (code, whisper_code(code))), None)
    if spoken != ENGLISH or code is None:
        known = ", ".join(map(whisper_code, FROM_ENGLISH))
        raise UserError(f"CoVoST 2 does not translate '{spoken}' into '{target}': from English choose one of {known}.")
    return ENGLISH, code


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
