"""From a sentence to what the mini voice reads, by espeak-ng."""

from tauspeech.speech.espeak_library import Spoken, speak
from tauspeech.speech.mini.symbols import Timed, timed

RATE, PITCH = 240, 50  # words a minute and pitch, of training and of reading alike


def read_aloud(text: str, voice: str, language: str) -> tuple[Spoken, list[Timed]]:
    spoken = speak(text, voice, RATE, PITCH)
    return spoken, timed(spoken, text, voice, language)
