"""The user's own sentences in place of generated ones."""

from pathlib import Path

from tauspeech.data.randomness import derive_rng
from tauspeech.data.tables import SPLITS, read_user_table
from tauspeech.runtime.errors import UserError
from tauspeech.text.checks import Checker, Sentence


def distribute(
    own: list[tuple[str, Sentence]], counts: dict[str, int], checker: Checker, seed: int, origin: str
) -> dict[str, list[Sentence]]:
    """Accepted sentences by split. Rows without a split are distributed at random, first to test and validation."""
    fixed = {
        split: [sentence for own_split, sentence in own if own_split == split]
        for split in ("test", "validation", "train")
    }
    free = [sentence for split, sentence in own if not split]
    derive_rng(seed, "own", origin).shuffle(free)
    accepted: dict[str, list[Sentence]] = {}
    for split in ("test", "validation", "train"):
        wanted = counts.get(split, 0)
        accepted[split] = [sentence for sentence in fixed[split] if checker.accept(sentence, split)]
        while free and len(accepted[split]) < wanted:
            sentence = free.pop()
            if checker.accept(sentence, split):
                accepted[split].append(sentence)
        if wanted and not accepted[split]:
            reasons = (
                ", ".join(f"{count} {reason}" for reason, count in checker.rejected.most_common(3))
                or "the file has too few rows"
            )
            raise UserError(f"{origin} leaves no {split} sentences ({reasons}): add sentences, or ask for fewer.")
    return accepted


def read_own(path: Path, languages: list[str]) -> list[tuple[str, dict[str, str]]]:
    """Read a table with a column for each language and an optional column ``split``; gives split and sentence by row."""
    rows = []
    for where, row in read_user_table(path, languages, fill=True):
        split = row.get("split", "")
        if split not in ("", *SPLITS):
            raise UserError(f"{where}: split '{split}' is unknown: use {', '.join(SPLITS)} or leave it empty.")
        rows.append((split, {language: row[language].strip() for language in languages}))
    return rows
