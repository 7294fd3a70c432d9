"""A user's own recordings: a table of audio files and what is said in them."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tauspeech.dropped import Drop
from tauspeech.errors import UserError
from tauspeech.job import Task
from tauspeech.speech.audio import RATE, encode, read
from tauspeech.tabs import tab_reader
from tauspeech.text.table import SPLITS

REQUIRED = ("file", "split")


def rows(task: Task, drops: list[Drop]) -> Iterator[dict[str, Any]]:
    settings = task.settings
    table, word = settings["recordings"]["path"], settings["word"]
    yield from recorded(table, task.id, word, settings["languages"], settings["carriers"])


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
    audio = table.parent / row["file"]
    if not audio.is_file():
        raise UserError(f"{where}: the audio file {audio} does not exist.")
    samples = read(audio)
    texts = {language: row[language].strip() for language in languages}
    sound = {"audio": {"bytes": encode(samples), "path": row["file"]}, "seconds": len(samples) / RATE}
    return (
        {"utterance": id, "split": split, "word_id": word_id}
        | texts
        | sound
        | {"voice": "recording", "engine": "recording"}
    )
