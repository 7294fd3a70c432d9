"""The language that a text is written in, of some languages: by its script, and else by py3langid."""

import unicodedata
from collections.abc import Collection, Sequence
from functools import lru_cache
from typing import Any

import numpy as np

from tauspeech.data.languages import primary_subtag
from tauspeech.runtime.errors import UserError
from tauspeech.scoring.tally import Tally, percentage

# Scripts of languages that are not written in Latin letters, by the names of their characters in Unicode.
SCRIPTS = {
    "zh": ("CJK",), "ja": ("CJK", "HIRAGANA", "KATAKANA"), "ko": ("HANGUL",), "ru": ("CYRILLIC",), "uk": ("CYRILLIC",),
    "bg": ("CYRILLIC",), "el": ("GREEK",), "ar": ("ARABIC",), "fa": ("ARABIC",), "hi": ("DEVANAGARI",), "ta": ("TAMIL",),
    "th": ("THAI",), "he": ("HEBREW",),
}  # fmt: skip
LATIN = ("LATIN",)
MOST_ERRORS = 2.0  # percent of the references; where identification errs more often, it says nothing about answers


class Identifier:
    """Tells apart some languages, whose codes it gives; None for a text without letters."""

    def __init__(self, languages: Collection[str]):
        self._codes = {primary_subtag(language): language for language in languages}

    def __call__(self, text: str) -> str | None:
        script = _script(text)
        if script is None:
            return None
        able = [code for code in self._codes if script in SCRIPTS.get(code, LATIN)]
        if len(able) == 1:
            return self._codes[able[0]]
        found, _ = _model(tuple(sorted(able or self._codes))).classify(text)
        return self._codes[found]


def identification_errors(references: Sequence[str], language: str, languages: Collection[str]) -> float:
    """Percent of references that are taken for another language than they are in."""
    identify = Identifier(languages)
    return 100 * sum(identify(text) != language for text in references) / len(references)


def confusion(texts: Sequence[str], language: str, languages: Collection[str]) -> Tally:
    """Percent of texts that are in another one of the languages than asked for; empty ones are not."""
    identify = Identifier(languages)
    wrong = [int(identify(text) not in (language, None)) for text in texts]
    return Tally("confusion", "", np.array([[each, 1] for each in wrong]), percentage)


def _script(text: str) -> str | None:
    """The script of most of the text; a Chinese character is about as much of it as three letters."""
    names = [unicodedata.name(letter, "").split(" ")[0] for letter in text if letter.isalpha()]
    return max(sorted(set(names)), key=lambda name: names.count(name) * (3 if name == "CJK" else 1), default=None)


@lru_cache
def _model(codes: tuple[str, ...]) -> Any:
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    model = LanguageIdentifier.from_model_file(MODEL_FILE)
    try:
        model.set_languages(list(codes))
    except ValueError:
        raise UserError(
            f"the languages {', '.join(codes)} cannot all be told apart: py3langid does not know one of them."
        ) from None
    return model
