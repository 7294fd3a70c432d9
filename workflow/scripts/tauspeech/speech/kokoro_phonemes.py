"""Phonemes of a text as Kokoro-82M was trained on them: of misaki for Mandarin and Japanese, else of espeak-ng.

This module runs in the environment of the engine kokoro. It calls the library espeak-ng itself: the package phonemizer,
with which misaki does, is under GPL-3 and needs 20 more packages.
"""

import ctypes
import logging
import re
import sys
from collections.abc import Callable
from functools import partial

from tauspeech.runtime.errors import UserError, one_line
from tauspeech.speech.espeak_library import initialise

# espeak-ng's voice by the first letter of Kokoro's. All its Portuguese voices are Brazilian.
ESPEAK = {"a": "en-us", "b": "en", "e": "es", "f": "fr", "h": "hi", "i": "it", "p": "pt-br"}
_UTF8, _IPA, _WITH_TIE = 1, 0x02, 0x80  # bits of espeak_TextToPhonemes; the tie is in those from 8 on
_TIE = "^"
_MARKS = re.compile(r"""(\s*[;:,.!?¡¿—…"«»“”(){}\[\]]+\s*)""")  # espeak-ng leaves them out
_SWITCH = re.compile(r"\([a-z^-]+\)")  # where espeak-ng reads a foreign word by the rules of its language
_LATIN = re.compile(r"([A-Za-z\u00c0-\u024f](?:[A-Za-z\u00c0-\u024f' -]*[A-Za-z\u00c0-\u024f])?)")
_QUOTES = str.maketrans("«»[]{}", "“”()()")

# Pairs of letters that are one phoneme, as Kokoro writes them.
_PAIRS = {
    "aɪ": "I", "aʊ": "W", "eɪ": "A", "oʊ": "O", "əʊ": "Q", "ɔɪ": "Y",
    "dz": "ʣ", "dʒ": "ʤ", "ts": "ʦ", "tʃ": "ʧ", "əl": "ᵊl",
}  # fmt: skip
# English symbols of espeak-ng that Kokoro writes in another way, in the order of replacement.
_ENGLISH = (
    ("ɚɹ", "əɹ"), ("ɚ", "əɹ"), ("r", "ɹ"), ("ɐ", "ə"), ("x", "k"), ("ç", "k"), ("ʲ", ""), ("\N{COMBINING TILDE}", ""),
)  # fmt: skip
_AMERICAN = (("ɜːɹ", "ɜɹ"), ("ɜː", "ɜɹ"), ("ɪə", "iə"), ("ː", ""), ("ɾ", "T"), ("ʔ", "t"))
_BRITISH = (("eə", "ɛː"), ("iə", "ɪə"), ("ʔ", "t"))
_SYLLABIC = re.compile("(.)\N{COMBINING VERTICAL LINE BELOW}")


def phonemiser(letter: str, where: str) -> Callable[[str], str]:
    """Phonemes of texts for voices whose names start with this letter; ``where`` is the key of the model, for messages."""
    if letter in ESPEAK:
        return partial(espeak_phonemes, letter=letter)
    return _mandarin(where) if letter == "z" else _japanese(where)


def _mandarin(where: str) -> Callable[[str], str]:
    try:
        import jieba
        from misaki.zh import ZHG2P
    except ImportError as error:
        raise UserError(_lacking(where, "zh", "misaki[zh]", error)) from None
    jieba.setLogLevel(logging.WARNING)
    convert = ZHG2P()

    def phonemes(text: str) -> str:
        """Latin letters are read as English: misaki leaves them as they are, and some of them are symbols of phonemes."""
        pieces = _LATIN.split(text)
        pieces[::2] = [str(convert(piece)[0]) if piece.strip() else piece for piece in pieces[::2]]
        pieces[1::2] = [f" {espeak_phonemes(piece, 'a')} " for piece in pieces[1::2]]
        return re.sub(r"\s+(?=[\s;:,.!?…”)])", "", "".join(pieces)).strip()

    return phonemes


def _japanese(where: str) -> Callable[[str], str]:
    try:
        from misaki.ja import JAG2P

        convert = JAG2P()
    except (ImportError, RuntimeError) as error:  # RuntimeError: without its dictionary
        raise UserError(_lacking(where, "ja", "misaki[ja]", error)) from None
    return lambda text: str(convert(text)[0])


def _lacking(where: str, language: str, package: str, error: Exception) -> str:
    dictionary = f" and `{sys.executable} -m unidic download`" if language == "ja" else ""
    return (
        f"{where}: phonemes of {language} need packages that this environment lacks ({one_line(str(error), 120)}): run "
        f"`{sys.executable} -m pip install '{package}'`{dictionary}, or use a voice of another engine."
    )


def espeak_phonemes(text: str, letter: str) -> str:
    """Phonemes with the text's punctuation, from espeak-ng."""
    pieces = _MARKS.split(text)
    for number in range(0, len(pieces), 2):
        pieces[number] = _symbols(_notation(pieces[number], ESPEAK[letter]), letter)
    for number in range(1, len(pieces), 2):
        pieces[number] = pieces[number].translate(_QUOTES)
    return re.sub(r"\s+", " ", "".join(pieces)).strip()


def _notation(text: str, voice: str) -> str:
    """IPA of a text without punctuation, with a tie in each phoneme of two letters."""
    library = initialise()
    if library.espeak_SetVoiceByName(voice.encode()) != 0:
        raise UserError(f"the library espeak-ng has no voice '{voice}': install the package espeakng-loader again.")
    buffer = ctypes.create_string_buffer(text.encode())
    place = ctypes.c_void_p(ctypes.addressof(buffer))
    mode = _IPA | _WITH_TIE | ord(_TIE) << 8
    clauses = []
    while place.value:
        clauses.append(library.espeak_TextToPhonemes(ctypes.byref(place), _UTF8, mode).decode(errors="replace"))
    return _SWITCH.sub("", " ".join(clauses)).strip()


def _symbols(notation: str, letter: str) -> str:
    for pair, symbol in _PAIRS.items():
        notation = notation.replace(_TIE.join(pair), symbol)
    notation = notation.replace(_TIE, "").replace("-", "").replace("_", "")
    if letter in "ab":
        for old, new in (*_ENGLISH, *(_AMERICAN if letter == "a" else _BRITISH)):
            notation = notation.replace(old, new)
        notation = _SYLLABIC.sub(r"ᵊ\1", notation)
    return notation
