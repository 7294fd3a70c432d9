"""A user's table of recordings, with the columns file, one of texts, and optionally words and split.

Files are relative to the table. The column words has the words and phrases of each utterance, separated by "|", where there
is no list for all of them. Of a table with the column split, the rows of test count.
"""

from collections.abc import Iterator
from pathlib import Path

from tauspeech.data.tables import read_user_table
from tauspeech.data.word_lists.listing import ListedUtterance, UtteranceWords
from tauspeech.data.word_lists.phrases import distinct, require_usable
from tauspeech.runtime.errors import UserError


def table_utterances(table: Path, language: str, phrases: tuple[str, ...] | None) -> Iterator[ListedUtterance]:
    rows = read_user_table(table, ("file", language))
    if phrases is None and rows and "words" not in rows[0][1]:
        raise UserError(
            f"{table} has no column 'words': add it, with the words of each row separated by '|', or give a list of words "
            "(key list)."
        )
    wanted = [(where, row) for where, row in rows if row.get("split", "test") == "test"]
    for number, (where, row) in enumerate(wanted):
        words = _words(row["words"], where) if phrases is None else phrases
        file = table.parent / row["file"].strip()
        yield ListedUtterance(f"{number:05d}", row[language], UtteranceWords(words, words), file)


def _words(cell: str, where: str) -> tuple[str, ...]:
    found = distinct(word.strip() for word in cell.split("|"))
    for word in found:
        require_usable(word, where)
    return found
