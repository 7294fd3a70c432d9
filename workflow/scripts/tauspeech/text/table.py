"""The file of a set of sentences: tab-separated, one column for each language."""

import csv
from pathlib import Path

from tauspeech.errors import UserError
from tauspeech.files import write_atomic
from tauspeech.tabs import tab_reader

SPLITS = ("train", "validation", "test")


def write_table(path: Path, header: list[str], rows: list[list[str]]) -> None:
    def write(part: Path) -> None:
        with open(part, "w", encoding="utf-8", newline="") as handle:
            csv.writer(handle, delimiter="\t", lineterminator="\n").writerows([header, *rows])

    write_atomic(path, write)


def read_table(path: Path) -> list[dict[str, str]]:
    with open(path, encoding="utf-8", newline="") as handle:
        return list(csv.DictReader(handle, delimiter="\t"))


def read_own(path: Path, languages: list[str]) -> list[tuple[str, dict[str, str]]]:
    """A user's own sentences: a column for each language and, if they like, one named split."""
    reader = tab_reader(path)
    for language in languages:
        if language not in (reader.fieldnames or []):
            raise UserError(f"{path}: column '{language}' is missing in the first line.")
    rows = []
    for row in reader:
        split = row.get("split") or ""
        if split not in ("", *SPLITS):
            raise UserError(f"{path}, line {reader.line_num}: split '{split}' is none of {', '.join(SPLITS)}.")
        if None in row:
            raise UserError(f"{path}, line {reader.line_num} has more columns than the first line: remove a tab.")
        rows.append((split, {language: (row[language] or "").strip() for language in languages}))
    return rows
