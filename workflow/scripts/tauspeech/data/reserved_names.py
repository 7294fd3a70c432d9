"""Reserved names: rare words that generated sentences must not contain, and identifiers that words must not have.

The table of reserved rare words is fixed. If it were derived from the user's table of words, a new word would change
the text of every set and of the base.
"""

import re
from functools import cache
from pathlib import Path

from tauspeech.data.tables import read_table

SLUG = re.compile(r"[a-z0-9]+([_-][a-z0-9]+)*")  # an identifier in paths
TAKEN = re.compile(r"base|raw|general|foundation-.*|first\d+")  # names of other models and sets
TABLE = Path(__file__).with_name("reserved_names.tsv")


@cache
def _table() -> list[dict[str, str]]:
    return read_table(TABLE)


def reserved_forms(languages: tuple[str, ...], own: dict[str, tuple[str, ...]] | None) -> dict[str, tuple[str, ...]]:
    """Reserved rare words by language, except those that are equal to or part of the set's own word."""

    def of_others(row: dict[str, str], language: str) -> bool:
        return not any(row[language].casefold() in form.casefold() for form in (own or {}).get(language, ()))

    return {
        language: tuple(row[language] for row in _table() if row.get(language) and of_others(row, language))
        for language in languages
    }
