"""A user's table of domains, with the columns file, text, domain and split, and optionally speaker.

Files are relative to the table. A row without a file is a sentence of which only the text exists.
"""

from collections.abc import Iterator
from pathlib import Path

from tauspeech.data.domains.listing import DomainRecording, ListedSentence
from tauspeech.data.tables import SPLITS, read_user_table
from tauspeech.runtime.errors import UserError

COLUMNS = ("file", "text", "domain", "split")


def table_rows(table: Path) -> Iterator[ListedSentence]:
    for where, row in read_user_table(table, COLUMNS):
        if row["split"] not in SPLITS:
            raise UserError(f"{where}: split '{row['split']}' is unknown: use {', '.join(SPLITS)}.")
        for column in ("text", "domain"):
            if not row[column].strip():
                raise UserError(f"{where}: column '{column}' is empty: fill it in, or remove the row.")
        recordings = [_recording(table, where, row)] if row["file"].strip() else []
        yield ListedSentence(row["domain"].strip(), row["split"], row["text"], where, recordings)


def _recording(table: Path, where: str, row: dict[str, str]) -> DomainRecording:
    name = row["file"].strip()
    audio = table.parent / name
    if not audio.is_file():
        raise UserError(
            f"{where}: the audio file {audio} does not exist: check its path, which is relative to the table."
        )
    return DomainRecording(name, audio, speaker=row.get("speaker", "").strip())
