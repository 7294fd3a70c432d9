"""UserError, for mistakes of the user, and one_line, for text from elsewhere in a message."""


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
