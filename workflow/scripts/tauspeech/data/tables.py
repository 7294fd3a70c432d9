"""Tab-separated tables: those that people write, and those of the workflow's sets."""

import csv
import io
from pathlib import Path

from tauspeech.runtime.errors import UserError
from tauspeech.runtime.files import write_atomic

SPLITS = ("train", "validation", "test")
LONGEST = 100_000  # characters of a row; the csv module gives up at little more


def tab_reader(path: Path) -> csv.DictReader:
    """Rows as dictionaries; nothing is quoted, so that a stray quotation mark swallows no line."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        raise UserError(f"{path} is not UTF-8: save it as UTF-8 with tabs between the columns.") from None
    for number, line in enumerate(io.StringIO(text, newline=None), 1):
        if len(line) > LONGEST:
            raise UserError(
                f"{path}, line {number} has more than {LONGEST} characters: give each row a line of its own."
            )
    reader = csv.DictReader(io.StringIO(text, newline=None), delimiter="\t", quoting=csv.QUOTE_NONE)
    columns = [column for column in reader.fieldnames or [] if column]
    if twice := [column for column in columns if columns.count(column) > 1]:
        raise UserError(f"{path}: column '{twice[0]}' stands twice in the first line: name each column once.")
    return reader


def write_table(path: Path, header: list[str], rows: list[list[str]]) -> None:
    def write(part: Path) -> None:
        with open(part, "w", encoding="utf-8", newline="") as handle:
            csv.writer(handle, delimiter="\t", lineterminator="\n").writerows([header, *rows])

    write_atomic(path, write)


def read_table(path: Path) -> list[dict[str, str]]:
    with open(path, encoding="utf-8", newline="") as handle:
        return list(csv.DictReader(handle, delimiter="\t"))
