"""Recordings of a domain: a row of the manifest for each recording of each sentence."""

import io
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from tauspeech.corpora.parquet_audio import AHEAD, encoded_audio
from tauspeech.corpora.speakers import UNKNOWN
from tauspeech.corpora.utterance import AudioSource, usable_samples
from tauspeech.data.audio import RATE, encode_audio
from tauspeech.data.domains.corpora import domains_of_corpus, kind_of
from tauspeech.data.domains.listing import DomainRecording, SpokenSentence
from tauspeech.data.dropped_utterances import Drop, Unusable, counts
from tauspeech.data.selection import Lengths, in_seeded_order
from tauspeech.data.takes import take_id
from tauspeech.runtime.errors import UserError
from tauspeech.runtime.files import sha256_text
from tauspeech.runtime.job import Job
from tauspeech.runtime.pace import Pace

_Numbered = tuple[int, str, DomainRecording]  # a sentence's number and text with one of its recordings


def rows(job: Job, dropped: list[Drop]) -> Iterator[dict[str, Any]]:
    """Yield rows; recordings that cannot be used are appended to ``dropped``."""
    settings, source = job.settings, job.settings["source"]
    domain = domains_of_corpus(source)[source["domain"]]
    dropped += domain.drops
    for split, sentences in domain.chosen(settings["counts"], job.seed, source["domain"]).items():
        usable = 0
        for row in _rows_of(split, sentences, job, dropped):
            usable += 1
            yield row
        if not usable and any(sentence.recordings for sentence in sentences):
            reasons = ", ".join(f"{count} {reason}" for reason, count in counts(dropped, split).most_common())
            raise UserError(
                f"{source[kind_of(source)]} leaves no {split} recording of {source['domain']} (dropped: {reasons}): check its "
                "audio files."
            )


def _rows_of(split: str, sentences: list[SpokenSentence], job: Job, dropped: list[Drop]) -> Iterator[dict[str, Any]]:
    settings, source, (language,) = job.settings, job.settings["source"], job.settings["languages"]
    lengths, pace, takes = Lengths(longest=settings["longest"]), Pace("recordings"), [0] * len(sentences)
    numbered = list(_numbered(sentences, source, job.seed))
    for start in range(0, len(numbered), AHEAD):
        portion = numbered[start : start + AHEAD]
        audio = _audio(recording for _, _, recording in portion)
        for number, text, recording in portion:
            if settings["takes"] and takes[number] >= settings["takes"]:
                continue
            pace.add()
            name = Path(recording.name).name
            try:
                samples = usable_samples(audio[recording], lengths)
            except Unusable as reason:
                dropped.append(Drop(split, name, str(reason)))
                continue
            takes[number] += 1
            id = take_id(f"{source['domain']}-{split}-{number:05d}", takes[number])
            about = {"utterance": id, "split": split, "word_id": "", language: text}
            yield about | _sound(samples, name) | _speaker(recording, kind_of(source))


def _numbered(sentences: list[SpokenSentence], source: dict[str, Any], seed: int) -> Iterator[_Numbered]:
    """Recordings by sentence: those of a table in its order, those of others, whose microphones take turns, at random."""
    for number, (text, recordings) in enumerate(sentences):
        ordered: Iterable[DomainRecording] = recordings
        if kind_of(source) != "table":
            ordered = in_seeded_order(recordings, lambda each: each.name, seed, source["domain"])
        yield from ((number, text, recording) for recording in ordered)


def _audio(recordings: Iterable[DomainRecording]) -> dict[DomainRecording, AudioSource]:
    """Paths of audio, or audio out of Parquet files; None where it is missing."""
    listed = list(recordings)
    encoded = encoded_audio((each.file, each.row) for each in listed if each.row is not None)
    found: dict[DomainRecording, AudioSource] = {}
    for each in listed:
        if each.row is None:
            found[each] = each.file if each.file.is_file() else None
        else:
            data = encoded[each.file, each.row]
            found[each] = None if data is None else io.BytesIO(data)
    return found


def _sound(samples: np.ndarray, name: str) -> dict[str, Any]:
    return {"audio": {"bytes": encode_audio(samples), "path": name}, "seconds": len(samples) / RATE}


def _speaker(recording: DomainRecording, kind: str) -> dict[str, str]:
    """The speaker's name, hashed."""
    voice = sha256_text(f"{kind} {recording.speaker}")[:12] if recording.speaker else UNKNOWN
    return {"voice": voice, "engine": "recording"}
