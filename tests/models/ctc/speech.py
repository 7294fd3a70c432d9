"""Rows of a set of speech in tones."""

from tauspeech.data.audio import encode_audio
from tests.models.ctc.checkpoints import RATE, WORDS, utterance


def rows_of(words=WORDS):
    """Each word as an utterance to train on and one to validate with."""
    return [
        {
            "utterance": f"{split}-{word}",
            "split": split,
            "audio": {"bytes": encode_audio(utterance(word))},
            "seconds": len(utterance(word)) / RATE,
            "en": word,
        }
        for split in ("train", "validation")
        for word in words
    ]
