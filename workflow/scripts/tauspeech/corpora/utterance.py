"""Conversion of a clip to a row of the manifest.

Texts stay as in the corpus, except that they are in Unicode's composed form (NFC) and without surrounding spaces. Common
Voice puts some sentences into quotation marks, sometimes doubled; they stay, as in other work with this corpus.
"""

import unicodedata
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from tauspeech.corpora.clip import Clip
from tauspeech.data.audio import RATE, encode_audio, read, silent
from tauspeech.data.dropped_utterances import Unusable
from tauspeech.data.selection import Lengths
from tauspeech.runtime.errors import UserError
from tauspeech.runtime.files import sha256_text

AudioSource = Path | BinaryIO | None  # None if the corpus lacks the clip


def clean(text: str) -> str:
    """Text in NFC without surrounding spaces."""
    return unicodedata.normalize("NFC", text).strip()


def _text(text: str, what: str) -> str:
    cleaned = clean(text)
    # Common Voice has sentences of two quotation marks only, from which markup was removed.
    if not any(character.isalnum() for character in cleaned):
        raise Unusable(f"empty {what}")
    return cleaned


def usable_samples(source: AudioSource, lengths: Lengths) -> np.ndarray:
    """Samples of a clip; raises Unusable if it must be dropped."""
    if source is None:
        raise Unusable("missing clip")
    try:
        samples = read(source)  # type: ignore[arg-type]  # soundfile also reads an open file
    except UserError:
        raise Unusable("unreadable audio") from None
    if silent(samples):
        raise Unusable("silent")
    if fault := lengths.fault(len(samples) / RATE):
        raise Unusable(fault)
    return samples


def manifest_row(
    clip: Clip, source: AudioSource, languages: tuple[str, str], lengths: Lengths, engine: str
) -> dict[str, Any]:
    """Row of the manifest with the spoken language and that of the translation; raises Unusable if the clip must be dropped.

    The speaker's id is hashed, so that a speaker cannot be looked up in Common Voice.
    """
    language, target = languages
    texts = {language: _text(clip.sentence, "sentence"), target: _text(clip.translation, "translation")}
    samples = usable_samples(source, lengths)
    id = f"{language}-{clip.split}-{clip.stem}"
    return (
        {"utterance": id, "split": clip.split, "word_id": ""}
        | texts
        | {"audio": {"bytes": encode_audio(samples), "path": f"{id}.flac"}, "seconds": len(samples) / RATE}
        | {"voice": sha256_text(f"{engine} {clip.client}")[:12], "engine": engine}
    )
