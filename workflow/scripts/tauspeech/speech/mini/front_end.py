"""Front end of the mini voice: phonemes of a sentence by espeak-ng."""

from tauspeech.speech.espeak_library import EspeakOutput, espeak_synthesise
from tauspeech.speech.mini.symbols import Timed, timed

RATE, PITCH = 240, 50  # words per minute and pitch, the same in training and synthesis


def synthesise_with_phonemes(text: str, voice: str, language: str) -> tuple[EspeakOutput, list[Timed]]:
    """espeak-ng's audio of a text, and its phonemes with their starts."""
    output = espeak_synthesise(text, voice, RATE, PITCH)
    return output, timed(output, text, voice, language)
