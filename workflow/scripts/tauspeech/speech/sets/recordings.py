"""Set of the user's own recordings: a table of audio files with their transcripts."""

from collections.abc import Iterator
from math import ceil
from pathlib import Path
from typing import Any

import numpy as np

from tauspeech.data.audio import RATE, encode_audio, read, silent
from tauspeech.data.dropped_utterances import Drop
from tauspeech.data.tables import SPLITS
from tauspeech.runtime.errors import UserError
from tauspeech.runtime.job import Job
from tauspeech.speech.recording_tables import audio_of, carrier_split, read_recordings
from tauspeech.speech.sets import Check

LONGEST = 30  # seconds of Whisper's input window; longer audio would be truncated silently


def rows(job: Job, drops: list[Drop], check: Check | None) -> Iterator[dict[str, Any]]:
    settings = job.settings
    table, word, carriers = settings["recordings"]["path"], settings["word_id"], settings["carriers"]
    found = set()
    longest, only = settings.get("longest", LONGEST), settings.get("only")
    for row in recorded(table, job.id, word, settings["languages"], carriers, longest, only=only):
        found.add(row["split"])
        yield row
    # Sets of a word are used for training; other sets may be for testing only.
    for split in ("carrier",) if carriers else SPLITS if word else ("test",):
        if split not in found:
            raise UserError(f"{table} has no row of the split {split}: add recordings of this split.")


def recorded(
    table: str,
    set_id: str,
    word_id: str,
    languages: list[str],
    carriers: bool,
    longest: float = LONGEST,
    *,
    only: str | None = None,
) -> Iterator[dict[str, Any]]:
    """Rows of the manifest; file names are relative to the table. A recording of more than ``longest`` seconds is an error.

    ``carriers``: yield the rows of the split "carrier", or of "test" if there are none. ``only``: those of one split.
    """
    path = Path(table)
    rows = read_recordings(path, languages, only)
    as_carriers = carrier_split(rows)
    for number, (where, row) in enumerate(rows):
        if carriers == (row["split"] == as_carriers) or (not carriers and row["split"] == "test"):
            split = "carrier" if carriers else row["split"]
            samples = _samples(audio_of(path, where, row), where, longest)
            yield _row(samples, row, f"{set_id}-{split}-{number:05d}", split, word_id, languages)


def _row(
    samples: np.ndarray, row: dict[str, str], id: str, split: str, word_id: str, languages: list[str]
) -> dict[str, Any]:
    texts = {language: row[language].strip() for language in languages}
    sound = {"audio": {"bytes": encode_audio(samples), "path": row["file"]}, "seconds": len(samples) / RATE}
    return (
        {"utterance": id, "split": split, "word_id": word_id}
        | texts
        | sound
        | {"voice": "recording", "engine": "recording"}
    )


def _samples(audio: Path, where: str, longest: float) -> np.ndarray:
    try:
        samples = read(audio)
    except UserError as error:
        raise UserError(f"{where}: {error}") from None
    if silent(samples):
        raise UserError(f"{where}: {audio} is silent: remove the row or record it again.")
    if len(samples) / RATE > longest:
        limit = f"Whisper's input window is {LONGEST} s" if longest == LONGEST else f"base_window takes {longest:g} s"
        shown = ceil(100 * len(samples) / RATE) / 100  # not 7 where that is the limit
        raise UserError(f"{where}: {audio} lasts {shown:g} s, but {limit}: cut it into shorter files.")
    return samples
