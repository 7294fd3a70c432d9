"""LibriSpeech, or a corpus in its layout, with the biasing lists that are published for it or with a user's list.

Layout of the corpus: <speaker>/<chapter>/<id>.flac, and <speaker>/<chapter>/<speaker>-<chapter>.trans.txt with lines of an
id, a space and the text. Layout of the lists (ref/test-clean.biasing_100.tsv of the repository facebookresearch/fbai-speech,
folder is21_deep_bias): tab-separated, without a header: id, text, the rare words of the text, and the list, which has the
rare words and distractors; both are lists in JSON.
"""

import json
import re
from collections.abc import Iterator
from pathlib import Path

from tauspeech.data.word_lists.listing import ListedUtterance, UtteranceWords
from tauspeech.data.word_lists.phrases import distinct, require_no_tokens
from tauspeech.runtime.errors import UserError, one_line

COLUMNS = 4
_ID = re.compile(r"\w+-\w+-\w+")


def with_published_lists(folder: Path, lists: Path) -> Iterator[ListedUtterance]:
    """Utterances of a file of lists, with its texts. Published scores split errors by the rare words alone."""
    for where, line in _lines(lists):
        cells = line.split("\t")
        if len(cells) != COLUMNS:
            raise UserError(
                f"{where}: expected {COLUMNS} columns (id, text, rare words, list), found {len(cells)}: give a file of the folder ref."
            )
        id, text, rare, listed = cells
        words = UtteranceWords(_words(listed, where), _words(rare, where))
        yield _utterance(folder, id, text, words, where)


def with_one_list(folder: Path, phrases: tuple[str, ...]) -> Iterator[ListedUtterance]:
    """All utterances of the corpus, with the texts of its transcripts and the same list."""
    transcripts = sorted(folder.glob("*/*/*.trans.txt"))
    if not transcripts:
        raise UserError(
            f"{folder} has no transcripts (<speaker>/<chapter>/*.trans.txt): give the folder of a part, such as "
            "LibriSpeech/test-clean."
        )
    for path in transcripts:
        for where, line in _lines(path):
            id, _, text = line.partition(" ")
            yield _utterance(folder, id, text, UtteranceWords(phrases, phrases), where)


def _lines(path: Path) -> Iterator[tuple[str, str]]:
    """Lines with their places, for messages; empty ones are left out."""
    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        raise UserError(f"{path} is not UTF-8: copy it from where it was published again.") from None
    except OSError:
        raise UserError(
            f"{path} does not exist, or cannot be read: check its path, from the project's folder."
        ) from None
    for number, line in enumerate(text.split("\n"), 1):
        if line.strip():
            yield f"{path}, line {number}", line.rstrip("\r")


def _utterance(folder: Path, id: str, text: str, words: UtteranceWords, where: str) -> ListedUtterance:
    if not _ID.fullmatch(id):  # a name must not leave the folder
        raise UserError(
            f"{where}: '{one_line(id, 40)}' is no id of LibriSpeech, such as 61-70968-0000: copy the file again."
        )
    speaker, chapter, _ = id.split("-")
    return ListedUtterance(id, text, words, folder / speaker / chapter / f"{id}.flac", speaker=speaker)


def _words(cell: str, where: str) -> tuple[str, ...]:
    try:
        found = json.loads(cell)
    except ValueError:
        found = None
    if not isinstance(found, list) or not all(isinstance(word, str) for word in found):
        raise UserError(f"{where}: '{one_line(cell, 40)}' is no list of words in JSON: copy the file again.")
    require_no_tokens(found, where)
    return distinct(found)
