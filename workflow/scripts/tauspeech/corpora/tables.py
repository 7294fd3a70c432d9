"""Tab-separated tables as Common Voice and CoVoST write them.

Nothing is quoted and a backslash escapes, as in `pandas.read_csv(quoting=csv.QUOTE_NONE, escapechar="\\\\",
na_filter=False)` of CoVoST's own script, so that a stray quotation mark swallows no line and "NA" is a
sentence. Where that stops at a row with a tab too many, here the row is dropped and named.
"""

import csv
from collections.abc import Iterator
from pathlib import Path

from tauspeech.data.dropped import Drop
from tauspeech.runtime.errors import UserError


def read_columns(path: Path, columns: tuple[str, ...], split: str, dropped: list[Drop]) -> Iterator[list[str]]:
    """The named columns of each row; rows of another width are dropped from that split."""
    try:
        with open(path, encoding="utf-8-sig", newline="") as handle:
            reader = csv.reader(handle, delimiter="\t", quoting=csv.QUOTE_NONE, escapechar="\\")
            header = next(reader, [])
            for column in columns:
                if column not in header:
                    raise UserError(f"{path}: column '{column}' is missing in the first line.")
            places = [header.index(column) for column in columns]
            for row in reader:
                if len(row) == len(header):
                    yield [row[place] for place in places]
                elif row:
                    dropped.append(Drop(split, f"{path.name} line {reader.line_num}", "wrong number of columns"))
    except UnicodeDecodeError:
        raise UserError(f"{path} is not UTF-8: unpack the original again.") from None
    except csv.Error as error:
        raise UserError(f"{path} is no table of tab-separated columns ({error}): unpack the original again.") from None
