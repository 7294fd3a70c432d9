"""What somebody else wrote, fit for a message of ours."""


def one_line(text: str, longest: int = 200) -> str:
    """Its beginning, on one line and without characters that do something to a terminal."""
    start = text[: 10 * longest]
    line = " ".join("".join(letter if letter.isprintable() else " " for letter in start).split())
    return line if len(line) <= longest else line[: longest - 3] + "..."
