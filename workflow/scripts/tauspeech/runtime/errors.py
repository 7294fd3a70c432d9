"""UserError, for mistakes of the user, and what its sentence is made of: text from elsewhere, and the name that was meant."""

import difflib
from collections.abc import Iterable


class UserError(Exception):
    """A mistake of the user: one sentence that says what is wrong, where (file, row, key), and what to do."""

    def __init__(self, sentence: str):
        # Quoted text may contain line breaks and control characters, which could change the terminal.
        super().__init__(
            "".join(letter if letter.isprintable() else "\N{REPLACEMENT CHARACTER}" for letter in sentence)
        )


def one_line(text: str, longest: int = 200) -> str:
    """Beginning of a text on one line, without control characters."""
    start = text[: 10 * longest]
    line = " ".join("".join(letter if letter.isprintable() else " " for letter in start).split())
    return line if len(line) <= longest else line[: longest - 3] + "..."


def nearest(name: str, known: Iterable[str]) -> str | None:
    """The known name that is most similar to one that is wrong; None if none is similar."""
    return next(iter(difflib.get_close_matches(name, sorted(known), 1, cutoff=0.65)), None)


def did_you_mean(name: str, known: Iterable[str], otherwise: str) -> str:
    """End of a sentence about a wrong name: the one that was probably meant, or other advice."""
    near = nearest(name, known)
    return f"did you mean '{near}'?" if near else otherwise
