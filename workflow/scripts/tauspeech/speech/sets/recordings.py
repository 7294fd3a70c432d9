"""A user's own recordings: a table of audio files and what is said in them."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from tauspeech.data.audio import RATE, encode_audio, read, silent
from tauspeech.data.dropped import Drop
from tauspeech.data.tables import SPLITS, tab_reader
from tauspeech.runtime.errors import UserError
from tauspeech.runtime.job import Job
from tauspeech.speech.sets import Check

REQUIRED = ("file", "split")
LONGEST = 30  # seconds that a Whisper hears at once; the rest would be cut off without a word


def rows(job: Job, drops: list[Drop], check: Check | None) -> Iterator[dict[str, Any]]:
    settings = job.settings
    table, word, carriers = settings["recordings"]["path"], settings["word"], settings["carriers"]
    found = set()
    for row in recorded(table, job.id, word, settings["languages"], carriers):
        found.add(row["split"])
        yield row
    # A word is trained on; other sets may be there to be tested alone.
    for split in ("carrier",) if carriers else SPLITS if word else ("test",):
        if split not in found:
            raise UserError(f"{table} has no row of the split {split}: add recordings to it.")


def recorded(table: str, set_id: str, word_id: str, languages: list[str], carriers: bool) -> Iterator[dict[str, Any]]:
    """Rows of the manifest; file names are relative to the table.

    Carriers are the rows of that split; a table without them has its test rows tried instead.
    """
    path = Path(table)
    reader = tab_reader(path)
    for column in (*REQUIRED, *languages):
        if column not in (reader.fieldnames or []):
            raise UserError(f"{path}: column '{column}' is missing in the first line.")
    numbered = []
    for row in reader:
        where = f"{path}, line {reader.line_num}"
        if None in row or None in row.values():
            raise UserError(
                f"{where}: the row has not {len(reader.fieldnames or [])} columns: put one tab between two."
            )
        if row["split"] not in (*SPLITS, "carrier"):
            raise UserError(f"{where}: split '{row['split']}' is none of {', '.join(SPLITS)}, carrier.")
        numbered.append((where, row))
    as_carriers = "carrier" if any(row["split"] == "carrier" for _, row in numbered) else "test"
    for number, (where, row) in enumerate(numbered):
        if carriers == (row["split"] == as_carriers) or (not carriers and row["split"] == "test"):
            split = "carrier" if carriers else row["split"]
            yield _spoken(path, where, row, f"{set_id}-{split}-{number:05d}", split, word_id, languages)


def _spoken(
    table: Path, where: str, row: dict[str, str], id: str, split: str, word_id: str, languages: list[str]
) -> dict[str, Any]:
    for column in ("file", *languages):
        if not row[column].strip():
            raise UserError(f"{where}: there is nothing in column '{column}': fill it in, or remove the row.")
    audio = table.parent / row["file"]
    samples = _samples(audio, where)
    texts = {language: row[language].strip() for language in languages}
    sound = {"audio": {"bytes": encode_audio(samples), "path": row["file"]}, "seconds": len(samples) / RATE}
    return (
        {"utterance": id, "split": split, "word_id": word_id}
        | texts
        | sound
        | {"voice": "recording", "engine": "recording"}
    )


def _samples(audio: Path, where: str) -> np.ndarray:
    if not audio.is_file():
        raise UserError(
            f"{where}: the audio file {audio} does not exist: check the name, which is relative to the table."
        )
    try:
        samples = read(audio)
    except UserError as error:
        raise UserError(f"{where}: {error}") from None
    if silent(samples):
        raise UserError(f"{where}: {audio} is silent: remove the row or record it again.")
    if (seconds := len(samples) / RATE) > LONGEST:
        raise UserError(
            f"{where}: {audio} lasts {seconds:.1f} s, and a Whisper hears {LONGEST} s at once: cut it into shorter ones."
        )
    return samples
