"""What the mini voice reads: espeak-ng's phonemes, so that it can say names that it was never taught.

Coqui's tokenizer takes a character for a symbol, so each phoneme is written as one character of Unicode's
private area; which one stands in the voice's own file.
"""

import re
from dataclasses import dataclass

from tauspeech.speech.espeak_library import Spoken, transcribed

_FIRST = 0xE000
_PAUSES = {"_:", "_"}
_BOUNDARY = "_|"  # between syllables of Chinese; it lasts no time
_MARKS = re.compile(r"[',\s]|_[:|]?|\|")
_TONE = re.compile(r"(?:11|35|51|55|21|214)(?!\d)")
TONAL = {"zh"}


@dataclass(frozen=True)
class Timed:
    symbol: str
    start: int  # sample


def timed(spoken: Spoken, text: str, voice: str, language: str) -> list[Timed]:
    """The phonemes of an utterance; those of a tonal language carry their tones, which espeak-ng's events lack."""
    named = [(name, start) for name, start in spoken.phonemes if name and name != _BOUNDARY]
    if language in TONAL:
        named = _with_tones(named, transcribed(text, voice))
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
    """Phonemes as characters and back."""

    def __init__(self, names: list[str]):
        self.names = names
        self._characters = {name: chr(_FIRST + number) for number, name in enumerate(names)}

    @property
    def characters(self) -> str:
        return "".join(self._characters.values())

    def text(self, names: list[str]) -> str:
        return "".join(filter(None, (self._nearest(name) for name in names)))

    def _nearest(self, name: str) -> str:
        """A phoneme that was never taught is said without its stress or its tone."""
        bare = name.lstrip("',")
        for candidate in (name, bare, f"'{bare}", bare.rstrip("0123456789")):
            if candidate in self._characters:
                return self._characters[candidate]
        return ""
