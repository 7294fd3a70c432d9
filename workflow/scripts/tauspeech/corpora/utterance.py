"""From a clip to a row of the manifest, or to the reason why not.

Texts are kept as the corpus has them, in Unicode's composed form (NFC) and without spaces around. Common
Voice puts some sentences into quotation marks, sometimes doubled ones; they stay, as in other work on it.
"""

import unicodedata
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from tauspeech.corpora.clip import Clip
from tauspeech.data.audio import RATE, encode_audio, read, silent
from tauspeech.data.dropped import Unusable
from tauspeech.data.selection import Lengths
from tauspeech.runtime.errors import UserError
from tauspeech.runtime.files import sha256_text

Sound = Path | BinaryIO | None


def clean(text: str) -> str:
    return unicodedata.normalize("NFC", text).strip()


def _text(text: str, what: str) -> str:
    cleaned = clean(text)
    # Common Voice has sentences of two quotation marks, from which markup was removed.
    if not any(character.isalnum() for character in cleaned):
        raise Unusable(f"empty {what}")
    return cleaned


def _samples(sound: Sound, lengths: Lengths) -> np.ndarray:
    if sound is None:
        raise Unusable("missing clip")
    try:
        samples = read(sound)  # type: ignore[arg-type]  # soundfile takes an open file, too
    except UserError:
        raise Unusable("unreadable audio") from None
    if silent(samples):
        raise Unusable("silent")
    if fault := lengths.fault(len(samples) / RATE):
        raise Unusable(fault)
    return samples


def manifest_row(clip: Clip, sound: Sound, language: str, lengths: Lengths, engine: str) -> dict[str, Any]:
    """Raises ``Unusable``. The speaker is a number of our own, so that nobody is found by Common Voice's."""
    texts = {language: _text(clip.sentence, "sentence"), "en": _text(clip.translation, "translation")}
    samples = _samples(sound, lengths)
    id = f"{language}-{clip.split}-{clip.stem}"
    return (
        {"utterance": id, "split": clip.split, "word_id": ""}
        | texts
        | {"audio": {"bytes": encode_audio(samples), "path": f"{id}.flac"}, "seconds": len(samples) / RATE}
        | {"voice": sha256_text(f"{engine} {clip.client}")[:12], "engine": engine}
    )
