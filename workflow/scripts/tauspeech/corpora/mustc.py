"""MuST-C: segments of English talks with translations, as its authors publish it.

The folder has `en-<language>/data/<split>/` with `wav/`, the audio of whole talks, and `txt/`: `<split>.yaml`, a segment a line with
its talk, offset and duration, and a text of each language with as many lines. The layout is that which fairseq's
prep_mustc_data.py and lhotse's must_c.py read.
"""

import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import soundfile
import yaml

from tauspeech.corpora.utterance import clean
from tauspeech.data.audio import RATE, encode_audio, resample, silent
from tauspeech.data.dropped_utterances import Drop, Unusable, counts
from tauspeech.data.selection import Lengths, in_seeded_order, within
from tauspeech.runtime.errors import UserError
from tauspeech.runtime.files import sha256_text
from tauspeech.runtime.job import Job
from tauspeech.runtime.pace import Pace

SPOKEN = "en"
FOLDERS = {"test": "tst-COMMON", "validation": "dev", "train": "train"}
ENGINE = "mustc"


class TalkSegment(NamedTuple):
    """A part of a talk with its texts; ``number`` counts a talk's segments by their offsets."""

    wav: str
    number: int
    offset: float
    duration: float
    speaker: str
    texts: tuple[str, str]

    @property
    def name(self) -> str:
        return f"{Path(self.wav).stem}_{self.number}"


def rows(job: Job, dropped: list[Drop]) -> Iterator[dict[str, Any]]:
    """Yield rows up to the hours of each split; segments that cannot be used are appended to ``dropped``."""
    settings = job.settings
    _, language = settings["languages"]
    lengths = Lengths(longest=settings["longest"])
    for split, folder in FOLDERS.items():
        place = Path(settings["source"]["mustc"]).expanduser() / f"{SPOKEN}-{language}" / "data" / folder
        usable = 0
        for row in within(_usable(place, split, language, lengths, job.seed, dropped), _hours(settings, split)):
            usable += 1
            yield row
        if not usable:
            reasons = ", ".join(f"{count} {reason}" for reason, count in counts(dropped, split).most_common())
            raise UserError(f"{place} leaves no {split} speech (dropped: {reasons or 'none'}): check its audio files.")


def _hours(settings: dict[str, Any], split: str) -> float:
    hours = settings["hours"][split]
    return math.inf if hours is None else float(hours)


def _usable(
    place: Path, split: str, language: str, lengths: Lengths, seed: int, dropped: list[Drop]
) -> Iterator[dict[str, Any]]:
    pace = Pace(f"segments of {split}")
    for segment in in_seeded_order(segments(place, language), lambda each: each.name, seed, language):
        pace.add()
        try:
            yield _row(place, split, language, segment, lengths)
        except Unusable as reason:
            dropped.append(Drop(split, segment.name, str(reason)))


def segments(place: Path, language: str) -> list[TalkSegment]:
    """All segments of a split."""
    name = place.name
    described = _described(place / "txt" / f"{name}.yaml")
    texts = [_lines(place / "txt" / f"{name}.{code}") for code in (SPOKEN, language)]
    for code, lines in zip((SPOKEN, language), texts, strict=True):
        if len(lines) != len(described):
            raise UserError(
                f"{place / 'txt' / name}.{code} has {len(lines)} lines, and {name}.yaml {len(described)} segments: unpack the corpus again."
            )
    by_talk: dict[str, list[tuple[float, int]]] = {}
    for line, about in enumerate(described):
        by_talk.setdefault(about["wav"], []).append((float(about["offset"]), line))
    found = []
    for wav, parts in by_talk.items():
        for number, (offset, line) in enumerate(sorted(parts)):
            about = described[line]
            both = (texts[0][line], texts[1][line])
            found.append(TalkSegment(wav, number, offset, float(about["duration"]), str(about["speaker_id"]), both))
    return found


def _described(path: Path) -> list[dict[str, Any]]:
    try:
        content = yaml.load(path.read_text(encoding="utf-8"), getattr(yaml, "CSafeLoader", yaml.SafeLoader))
        for about in content:
            float(about["offset"]), float(about["duration"]), about["wav"], about["speaker_id"]
    except FileNotFoundError:
        raise UserError(f"{path} does not exist: give the folder of MuST-C that has en-<language>/data/.") from None
    except (yaml.YAMLError, UnicodeDecodeError, KeyError, TypeError, ValueError) as error:
        reason = " ".join(str(error).split())[:120]
        raise UserError(f"{path} is no list of segments of MuST-C ({reason}): unpack the corpus again.") from None
    return list(content)


def _lines(path: Path) -> list[str]:
    if not path.is_file():
        raise UserError(f"{path} does not exist: give the folder of MuST-C that has en-<language>/data/.")
    # Not splitlines: texts of talks have other line separators of Unicode inside.
    return path.read_text(encoding="utf-8").removesuffix("\n").split("\n")


def _row(place: Path, split: str, language: str, segment: TalkSegment, lengths: Lengths) -> dict[str, Any]:
    texts = {code: clean(text) for code, text in zip((SPOKEN, language), segment.texts, strict=True)}
    for code, text in texts.items():
        if not any(character.isalnum() for character in text):
            raise Unusable(f"empty {code} text")
    if fault := lengths.fault(segment.duration):
        raise Unusable(fault)
    samples = _samples(place / "wav" / Path(segment.wav).name, segment)
    id = f"{language}-{split}-{segment.name}"
    return (
        {"utterance": id, "split": split, "word_id": ""}
        | texts
        | {"audio": {"bytes": encode_audio(samples), "path": f"{id}.flac"}, "seconds": len(samples) / RATE}
        | {"voice": sha256_text(f"{ENGINE} {segment.speaker}")[:12], "engine": ENGINE}
    )


def _samples(path: Path, segment: TalkSegment) -> np.ndarray:
    """The segment's part of a talk, which is not read as a whole."""
    if not path.is_file():
        raise Unusable("missing talk")
    try:
        with soundfile.SoundFile(path) as file:
            file.seek(round(segment.offset * file.samplerate))
            samples = file.read(round(segment.duration * file.samplerate), dtype="float32", always_2d=True).mean(1)
            rate = file.samplerate
    except (soundfile.LibsndfileError, ValueError):
        raise Unusable("unreadable audio") from None
    if len(samples) < 0.9 * segment.duration * rate:
        raise Unusable("behind the end of the talk")
    samples = resample(samples, rate)
    if silent(samples):
        raise Unusable("silent")
    return samples
