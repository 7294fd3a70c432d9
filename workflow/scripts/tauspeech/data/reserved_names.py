"""Names that no generated sentence may hold unless it was made for them.

The list is fixed. Were it the table of words, a new word would change everybody's text and the base.
"""

import csv
from functools import cache
from pathlib import Path

TABLE = Path(__file__).with_name("reserved_names.tsv")


@cache
def _table() -> list[dict[str, str]]:
    with open(TABLE, encoding="utf-8", newline="") as handle:
        return list(csv.DictReader(handle, delimiter="\t"))


def reserved_forms(languages: tuple[str, ...], own: dict[str, tuple[str, ...]] | None) -> dict[str, tuple[str, ...]]:
    """Reserved names by language, without those that are, or lie inside, the set's own word."""

    def of_others(row: dict[str, str], language: str) -> bool:
        return not any(row[language].casefold() in form.casefold() for form in (own or {}).get(language, ()))

    return {
        language: tuple(row[language] for row in _table() if row.get(language) and of_others(row, language))
        for language in languages
    }
