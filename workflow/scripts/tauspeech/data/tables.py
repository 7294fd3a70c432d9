"""Reader and writer of tab-separated tables: those of users, with checks, and those of the workflow."""

import csv
import io
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from tauspeech.runtime.errors import UserError
from tauspeech.runtime.files import write_atomic

SPLITS = ("train", "validation", "test")
LONGEST = 100_000  # characters of a row; the csv module fails at 131,072 per field


def tab_reader(path: Path) -> "csv.DictReader[str]":
    """Reader of a user's table. Fields are not quoted, so that a stray quotation mark does not join lines."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        raise UserError(f"{path} is not UTF-8: save it as UTF-8 with tabs between the columns.") from None
    for number, line in enumerate(io.StringIO(text, newline=None), 1):
        if len(line) > LONGEST:
            raise UserError(
                f"{path}, line {number} has more than {LONGEST} characters: write each row on its own line."
            )
    reader = csv.DictReader(io.StringIO(text, newline=None), delimiter="\t", quoting=csv.QUOTE_NONE)
    columns = [column for column in reader.fieldnames or [] if column]
    if twice := [column for column in columns if columns.count(column) > 1]:
        raise UserError(f"{path}: column '{twice[0]}' appears twice in the first line: name each column once.")
    return reader


def check_width(row: Mapping[str | None, Any], columns: int, where: str) -> None:
    """Raise UserError if a row of ``tab_reader`` does not have a cell for each column of the first line."""
    found = sum(value is not None for name, value in row.items() if name is not None) + len(row.get(None) or ())
    if found != columns:
        raise UserError(f"{where}: expected {columns} columns, found {found}: put one tab between two columns.")


def read_user_table(path: Path, required: Iterable[str], fill: bool = False) -> list[tuple[str, dict[str, str]]]:
    """Rows of a user's table, each with its file and line for messages; checks columns and the width of rows.

    ``fill``: add empty cells to rows that are too short, instead of raising UserError.
    """
    reader = tab_reader(path)
    columns = reader.fieldnames or []
    for column in required:
        if column not in columns:
            raise UserError(f"{path}: column '{column}' is missing in the first line.")
    rows = []
    for row in reader:
        where = f"{path}, line {reader.line_num}"
        if fill:
            row = {name: "" if value is None else value for name, value in row.items()}
        check_width(row, len(columns), where)
        rows.append((where, row))
    return rows


def write_table(path: Path, header: list[str], rows: list[list[str]]) -> None:
    """Write a table atomically."""

    def write(part: Path) -> None:
        with open(part, "w", encoding="utf-8", newline="") as handle:
            csv.writer(handle, delimiter="\t", lineterminator="\n").writerows([header, *rows])

    write_atomic(path, write)


def read_table(path: Path) -> list[dict[str, str]]:
    """Rows of a table of the workflow."""
    with open(path, encoding="utf-8", newline="") as handle:
        return list(csv.DictReader(handle, delimiter="\t"))
