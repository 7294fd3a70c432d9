"""Voices of Kokoro-82M: the first letter of a voice's name is its language, the second one its sex, as in zf_xiaobei."""

from collections.abc import Iterable

from tauspeech.data.languages import primary_subtag

LETTERS = {"en": "ab", "es": "e", "fr": "f", "hi": "h", "it": "i", "ja": "j", "pt": "p", "zh": "z"}


def letters_of(language: str) -> str:
    """First letters of the voices of a language; empty if Kokoro does not support it."""
    subtag = primary_subtag(language)
    return LETTERS.get("zh" if subtag == "cmn" else subtag, "")


def voices_of_language(names: Iterable[str], language: str) -> list[str]:
    return sorted(name for name in names if name[:1] in letters_of(language))


def supported() -> str:
    """Languages for messages."""
    *first, last = sorted(LETTERS)
    return ", ".join(first) + f" and {last}"
