"""Rare names that are in a list of words beside those that matter: distractors.

The table of names of places was compiled for this project. None occurs in its grammars or among its reserved names.
"""

from collections.abc import Iterable
from functools import cache
from hashlib import sha256
from pathlib import Path

from tauspeech.data.languages import chinese, primary_subtag
from tauspeech.data.tables import read_table
from tauspeech.runtime.errors import UserError

TABLE = Path(__file__).with_name("rare_names.tsv")
# Whisper's languages in Latin letters, which are the names'.
LATIN = (
    "af az br bs ca cs cy da de en es et eu fi fo fr gl ha haw hr ht hu id is it jw la lb ln lt lv mg mi ms mt nl nn no oc pl pt ro "
    "sk sl sn so sq su sv sw tk tl tr uz vi yo"
)


@cache
def _table() -> list[dict[str, str]]:
    return read_table(TABLE)


def distractors(count: int, seed: int, language: str, words: Iterable[str]) -> tuple[str, ...]:
    """A number of names, drawn by a hash of the seed; fewer are the first of more. None overlaps with one of the words."""
    if not count:
        return ()
    column = "zh" if chinese(language) else "en"
    if column == "en" and primary_subtag(language) not in LATIN.split():
        raise UserError(
            f"key 'baselines.distractors' is {count}, and the list of rare names has none in '{language}': set it to 0."
        )
    taken = [word.casefold() for word in words]
    names = [name for name in (row[column] for row in _table()) if not _overlaps(name.casefold(), taken)]
    if len(names) < count:
        raise UserError(
            f"key 'baselines.distractors' is {count}, and only {len(names)} of the list's names overlap with none of your words: lower it."
        )
    return tuple(sorted(names, key=lambda name: sha256(f"{seed} {name}".encode()).digest())[:count])


def _overlaps(name: str, words: Iterable[str]) -> bool:
    return any(name in word or word in name for word in words)
