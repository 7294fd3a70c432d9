"""Recordings with lists of words, as a set to test on: a row of the manifest for each utterance that can be used."""

import io
from collections.abc import Iterator
from typing import Any

from tauspeech.corpora.parquet_audio import AHEAD, encoded_audio
from tauspeech.corpora.speakers import UNKNOWN
from tauspeech.corpora.utterance import AudioSource, clean, usable_samples
from tauspeech.data.audio import RATE, encode_audio
from tauspeech.data.dropped_utterances import Drop, Unusable, counts
from tauspeech.data.selection import Lengths
from tauspeech.data.word_lists.listing import ListedUtterance, hash_of_texts
from tauspeech.data.word_lists.sources import kind_of, listed_utterances
from tauspeech.runtime.errors import UserError
from tauspeech.runtime.files import sha256_text
from tauspeech.runtime.job import Job
from tauspeech.runtime.pace import Pace

SPLIT = "test"
REPEATED = "listed before"


def rows(job: Job, dropped: list[Drop]) -> Iterator[dict[str, Any]]:
    """Yield rows; utterances that cannot be used are appended to ``dropped``."""
    source, (language,) = job.settings["source"], job.settings["languages"]
    lengths, pace, seen = Lengths(longest=job.settings["longest"]), Pace("recordings"), set[str]()
    utterances = listed_utterances(source)
    if hash_of_texts(utterances) != source["texts"]:
        raise UserError(f"{source[kind_of(source)]} changed since this run was planned: run snakemake again.")
    for start in range(0, len(utterances), AHEAD):
        portion = utterances[start : start + AHEAD]
        encoded = encoded_audio((each.file, each.row) for each in portion if each.row is not None)
        for each in portion:
            pace.add()
            try:
                if each.name in seen:
                    raise Unusable(REPEATED)
                row = _row(each, _audio(each, encoded), lengths, language)
            except Unusable as reason:
                dropped.append(Drop(SPLIT, each.name, str(reason)))
                continue
            seen.add(each.name)
            yield row | _voice(each, kind_of(source))
    if not seen:
        reasons = ", ".join(f"{count} {reason}" for reason, count in counts(dropped, SPLIT).most_common())
        raise UserError(
            f"{source[kind_of(source)]} leaves no recording (dropped: {reasons or 'none'}): check its audio files."
        )


def _audio(each: ListedUtterance, encoded: dict[Any, bytes | None]) -> AudioSource:
    if each.row is None:
        return each.file if each.file.is_file() else None
    data = encoded[each.file, each.row]
    return None if data is None else io.BytesIO(data)


def _row(each: ListedUtterance, audio: AudioSource, lengths: Lengths, language: str) -> dict[str, Any]:
    text = clean(each.text)
    if not any(character.isalnum() for character in text):
        raise Unusable("empty sentence")
    samples = usable_samples(audio, lengths)
    sound = {"audio": {"bytes": encode_audio(samples), "path": f"{each.name}.flac"}, "seconds": len(samples) / RATE}
    return {"utterance": each.name, "split": SPLIT, "word_id": "", language: text} | sound


def _voice(each: ListedUtterance, kind: str) -> dict[str, str]:
    """The speaker's name, hashed."""
    voice = sha256_text(f"{kind} {each.speaker}")[:12] if each.speaker else UNKNOWN
    return {"voice": voice, "engine": "recording"}
