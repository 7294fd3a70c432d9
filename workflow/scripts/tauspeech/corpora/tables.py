"""Reader of the tab-separated tables of Common Voice and CoVoST.

Fields are not quoted and a backslash escapes, as in `pandas.read_csv(quoting=csv.QUOTE_NONE, escapechar="\\\\",
na_filter=False)` of CoVoST's own script: a stray quotation mark does not join lines, and "NA" is a sentence. A row with
too many tabs, at which that script stops, is dropped and listed.
"""

import csv
from collections.abc import Iterator
from pathlib import Path

from tauspeech.data.dropped_utterances import Drop
from tauspeech.runtime.errors import UserError


def read_columns(path: Path, columns: tuple[str, ...], split: str, dropped: list[Drop]) -> Iterator[list[str]]:
    """Yield the named columns of each row; a row with another number of columns is added to ``dropped`` under ``split``."""
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
        raise UserError(f"{path} is not UTF-8: unpack the original file again.") from None
    except csv.Error as error:
        raise UserError(
            f"{path} is not a valid tab-separated table ({error}): unpack the original file again."
        ) from None
