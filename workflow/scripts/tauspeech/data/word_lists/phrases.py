"""A user's list of words: a text file with a word or phrase in each line."""

import re
from collections.abc import Iterable
from pathlib import Path

from tauspeech.runtime.errors import UserError, one_line

_TOKEN = re.compile(r"<\|[^|]*\|>|[\x00-\x1f\x7f-\x9f]")


def read_phrases(path: Path) -> tuple[str, ...]:
    """Words and phrases in order, each once; empty lines do not count."""
    if not path.is_file():
        raise UserError(f"the list of words {path} does not exist: check its path.")
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except UnicodeDecodeError:
        raise UserError(f"{path} is not UTF-8: save it as UTF-8 with a word or phrase in each line.") from None
    found = distinct(line.strip() for line in lines)
    for phrase in found:
        require_usable(phrase, str(path))
    if not found:
        raise UserError(f"{path} has no words: write a word or phrase into each line.")
    return found


def require_usable(phrase: str, where: str) -> None:
    """Refuse a phrase that no text can contain, and what a model would read as a token of its own, such as <|en|>."""
    if not any(character.isalnum() for character in phrase):
        raise UserError(
            f"{where}: '{one_line(phrase, 30)}' has no letter and no digit: give a word or phrase with one."
        )
    require_no_tokens([phrase], where)


def require_no_tokens(phrases: Iterable[str], where: str) -> None:
    if found := _TOKEN.search(" ".join(phrases)):
        raise UserError(
            f"{where}: '{one_line(found[0], 30)}' is a token of a model, or a control character: give words and phrases alone."
        )


def distinct(phrases: Iterable[str]) -> tuple[str, ...]:
    """Phrases in order, each once, without empty ones."""
    return tuple(dict.fromkeys(filter(None, phrases)))
