"""A user's own recordings: a table of audio files and what is said in them."""

import csv
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tauspeech.errors import UserError
from tauspeech.speech.audio import RATE, encode, read
from tauspeech.text.table import SPLITS

REQUIRED = ("file", "split")


def rows(table: str, set_id: str, languages: list[str]) -> Iterator[dict[str, Any]]:
    """Rows of the manifest; file names are relative to the table."""
    path = Path(table)
    reader = csv.DictReader(path.read_text(encoding="utf-8-sig").splitlines(), delimiter="\t", quoting=csv.QUOTE_NONE)
    for column in (*REQUIRED, *languages):
        if column not in (reader.fieldnames or []):
            raise UserError(f"{path}: column '{column}' is missing in the first line.")
    for number, row in enumerate(reader):
        where = f"{path}, line {reader.line_num}"
        if row["split"] not in (*SPLITS, "carrier"):
            raise UserError(f"{where}: split '{row['split']}' is none of {', '.join(SPLITS)}, carrier.")
        audio = path.parent / row["file"]
        if not audio.is_file():
            raise UserError(f"{where}: the audio file {audio} does not exist.")
        samples = read(audio)
        yield {
            "id": f"{set_id}-{row['split']}-{number:05d}",
            "split": row["split"],
            "word_id": "" if set_id == "general" else set_id,
            **{language: row[language].strip() for language in languages},
            "audio": {"bytes": encode(samples), "path": row["file"]},
            "seconds": len(samples) / RATE,
            "voice": "recording",
            "engine": "recording",
        }
