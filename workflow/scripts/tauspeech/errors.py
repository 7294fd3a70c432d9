"""The one exception that stands for a mistake of the user's, not of the program's."""


class UserError(Exception):
    """What is wrong, where (file, row, key) and what to do, in one sentence."""

    def __init__(self, sentence: str):
        # It may quote what somebody wrote: nothing of that breaks the line or does something to a terminal.
        super().__init__(
            "".join(letter if letter.isprintable() else "\N{REPLACEMENT CHARACTER}" for letter in sentence)
        )
