"""UserError, for mistakes of the user, and one_line, which makes foreign text fit for a message."""


class UserError(Exception):
    """What is wrong, where (file, row, key) and what to do, in one sentence."""

    def __init__(self, sentence: str):
        # It may quote what somebody wrote: nothing of that breaks the line or does something to a terminal.
        super().__init__(
            "".join(letter if letter.isprintable() else "\N{REPLACEMENT CHARACTER}" for letter in sentence)
        )


def one_line(text: str, longest: int = 200) -> str:
    """Its beginning, on one line and without characters that do something to a terminal."""
    start = text[: 10 * longest]
    line = " ".join("".join(letter if letter.isprintable() else " " for letter in start).split())
    return line if len(line) <= longest else line[: longest - 3] + "..."
