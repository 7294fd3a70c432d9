"""Tables of the user's own recordings. Nothing heavy is imported, since the plan checks them, too."""

from collections.abc import Sequence
from pathlib import Path

from tauspeech.data.tables import SPLITS, read_user_table
from tauspeech.runtime.errors import UserError

Rows = list[tuple[str, dict[str, str]]]  # each with its file and line, for messages

REQUIRED = ("file", "split")


def read_recordings(table: Path, languages: Sequence[str], only: str | None = None) -> Rows:
    """Rows of a table, after checks of its columns, of splits, and that no cell that is used is empty.

    ``only`` is the split whose rows are wanted; a table without the column ``split`` has no others.
    """
    rows = read_user_table(table, ("file", *languages) if only else (*REQUIRED, *languages))
    if only:
        rows = [(where, {"split": only} | row) for where, row in rows]
    for where, row in rows:
        if row["split"] not in (*SPLITS, "carrier"):
            raise UserError(f"{where}: split '{row['split']}' is unknown: use {', '.join(SPLITS)} or carrier.")
    wanted = [(where, row) for where, row in rows if only in (None, row["split"])]
    for where, row in wanted:
        for column in ("file", *languages):
            if not row[column].strip():
                raise UserError(f"{where}: column '{column}' is empty: fill it in, or remove the row.")
    return wanted


def audio_of(table: Path, where: str, row: dict[str, str]) -> Path:
    """Audio file of a row, which is relative to the table."""
    audio = table.parent / row["file"]
    if not audio.is_file():
        raise UserError(
            f"{where}: the audio file {audio} does not exist: check its path, which is relative to the table."
        )
    return audio


def carrier_split(rows: Rows) -> str:
    """Split whose rows serve as carrier sentences: the test rows, if none are for that alone."""
    return "carrier" if any(row["split"] == "carrier" for _, row in rows) else "test"


def require_splits(table: Path, rows: Rows, splits: Sequence[str]) -> None:
    for split in splits:
        if not any(row["split"] == split for _, row in rows):
            raise UserError(f"{table} has no row of the split {split}: add recordings of this split.")
