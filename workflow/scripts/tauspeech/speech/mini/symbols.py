"""Input symbols of the mini voice: espeak-ng's phonemes, so that it can pronounce names that are not in its training set.

Coqui's tokenizer has one symbol per character, so each phoneme is written as one character of Unicode's private use
area; the voice's voice.json lists them.
"""

import re
from dataclasses import dataclass

from tauspeech.speech.espeak_library import EspeakOutput, phoneme_notation

_FIRST = 0xE000
_PAUSES = {"_:", "_"}
_BOUNDARY = "_|"  # between syllables of Chinese, without duration
_MARKS = re.compile(r"[',\s]|_[:|]?|\|")
_TONE = re.compile(r"(?:11|35|51|55|21|214)(?!\d)")
TONAL = {"zh"}


@dataclass(frozen=True)
class Timed:
    """A phoneme and its start."""

    symbol: str
    start: int  # sample


def timed(output: EspeakOutput, text: str, voice: str, language: str) -> list[Timed]:
    """Phonemes of an utterance; in tonal languages with their tones, which espeak-ng's events lack."""
    named = [(name, start) for name, start in output.phonemes if name and name != _BOUNDARY]
    if language in TONAL:
        named = _with_tones(named, phoneme_notation(text, voice))
    return [Timed("_" if name in _PAUSES else name, start) for name, start in named]


def _with_tones(named: list[tuple[str, int]], notation: str) -> list[tuple[str, int]]:
    rest = _MARKS.sub("", notation)
    found = []
    for name, start in named:
        bare = name.lstrip("',")
        if name in _PAUSES or not (place := rest.find(bare) + 1):
            found.append((name, start))
            continue
        rest = rest[place - 1 + len(bare) :]
        tone = _TONE.match(rest)
        found.append((bare + tone.group() if tone else name, start))
    return found


class Symbols:
    """Mapping of phonemes to characters."""

    def __init__(self, names: list[str]):
        self.names = names
        self._characters = {name: chr(_FIRST + number) for number, name in enumerate(names)}

    @property
    def characters(self) -> str:
        """All characters, for the configuration of the tokenizer."""
        return "".join(self._characters.values())

    def text(self, names: list[str]) -> str:
        """Phonemes as a string of characters."""
        return "".join(filter(None, (self._nearest(name) for name in names)))

    def _nearest(self, name: str) -> str:
        """Character of a phoneme; of an unknown phoneme without stress or tone, or an empty string."""
        bare = name.lstrip("',")
        for candidate in (name, bare, f"'{bare}", bare.rstrip("0123456789")):
            if candidate in self._characters:
                return self._characters[candidate]
        return ""
