"""Tables of recordings for retention sets, with empty audio files: a plan only looks whether they exist."""

from pathlib import Path

SETS = {
    "english": {"recordings": "recorded/english.tsv", "language": "en"},
    "chinese": {"recordings": "recorded/chinese.tsv", "language": "zh", "task": "translate"},
}


def write_recordings(folder: Path, *lines: str, name: str = "english") -> None:
    """Write ``recorded/<name>.tsv`` with some lines, and an audio file ``a.wav`` beside it."""
    (folder / "recorded").mkdir(exist_ok=True)
    (folder / "recorded/a.wav").write_bytes(b"sound")
    (folder / f"recorded/{name}.tsv").write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")


def write_both(folder: Path) -> None:
    """The tables of SETS: one column of text each, in the language of the text."""
    for name in SETS:
        write_recordings(folder, "file\ten", "a.wav\tOne sentence.", name=name)
