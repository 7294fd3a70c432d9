"""Tab-separated tables that people write."""

import csv
import io
from pathlib import Path

from tauspeech.errors import UserError


def tab_reader(path: Path) -> csv.DictReader:
    """Rows as dictionaries; nothing is quoted, so that a stray quotation mark swallows no line."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        raise UserError(f"{path} is not UTF-8: save it as UTF-8 with tabs between the columns.") from None
    return csv.DictReader(io.StringIO(text, newline=None), delimiter="\t", quoting=csv.QUOTE_NONE)
