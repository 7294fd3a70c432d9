"""A user's list of words: a text file with a word or phrase in each line."""

from collections.abc import Iterable
from pathlib import Path

from tauspeech.data.characters import has_control_or_markup
from tauspeech.runtime.errors import UserError, one_line


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
        require_letters(phrase, str(path))
        require_plain(phrase, str(path))
    if not found:
        raise UserError(f"{path} has no words: write a word or phrase into each line.")
    return found


def require_letters(phrase: str, where: str) -> None:
    if not any(character.isalnum() for character in phrase):
        raise UserError(
            f"{where}: '{one_line(phrase, 30)}' has no letter and no digit: give a word or phrase with one."
        )


def require_plain(phrase: str, where: str) -> None:
    """Refuse what a model would read as a token of its own, such as <|en|>."""
    if has_control_or_markup(phrase):
        raise UserError(
            f"{where}: '{one_line(phrase, 30)}' has control characters or markup: give a word or phrase alone."
        )


def distinct(phrases: Iterable[str]) -> tuple[str, ...]:
    """Phrases in order, each once, without empty ones."""
    return tuple(dict.fromkeys(filter(None, phrases)))
