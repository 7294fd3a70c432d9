"""The headline score of a model on a set, in points and so that more is better: BLEU, or an error rate times -1."""

from collections.abc import Iterable, Mapping
from math import isnan
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

from tauspeech.data.randomness import derive_seed
from tauspeech.runtime.errors import UserError
from tauspeech.runtime.files import read_json_lines
from tauspeech.scoring.metrics import headline
from tauspeech.scoring.tally import Tally
from tauspeech.scoring.utterances import by_set_and_task


class Cell(NamedTuple):
    model: str
    set: str
    task: str
    language: str  # of the text that the task writes


Scores = Mapping[Cell, float | np.ndarray]  # the observed score, or one for each resample


def tally_cells(cells: Iterable[Cell], files: Iterable[Path]) -> dict[Cell, Tally]:
    """Each cell counted once, from hypotheses/<model>/<set>.<task>.jsonl; other files stay unread."""
    paths = {(file.parent.name, *file.name.removesuffix(".jsonl").split(".")): file for file in files}
    first: dict[tuple[str, str, str], tuple[Cell, pd.DataFrame]] = {}
    tallies = {}
    # Set by set, since all systems on a set share one large matrix of draws, and only the last one is kept.
    for cell in sorted(set(cells), key=lambda cell: (cell.set, cell)):
        utterances = _read(cell, paths.get(cell[:3]))
        _check_pairing(cell, utterances, *first.setdefault(cell[1:], (cell, utterances)))
        tallies[cell] = _tally(cell, utterances)
    return tallies


def observed_scores(tallies: Mapping[Cell, Tally]) -> Scores:
    scores = {cell: _sign(tally) * tally.value() for cell, tally in tallies.items()}
    for cell, score in scores.items():
        if isnan(score):
            raise UserError(f"{_where(cell)}: no reference has any text, so that there is no error rate.")
    return scores


def resampled_scores(tallies: Mapping[Cell, Tally], seed: int) -> Scores:
    """Paired: all systems on one set are scored on the same draws. Different sets are drawn independently."""
    return {cell: _sign(t) * t.resampled(derive_seed(seed, "claims", cell.set)) for cell, t in tallies.items()}


def _where(cell: Cell) -> str:
    return f"Model {cell.model!r} on set {cell.set!r} ({cell.task})"


def _sign(tally: Tally) -> int:
    return 1 if tally.name == "bleu" else -1


def _read(cell: Cell, path: Path | None) -> pd.DataFrame:
    lines = read_json_lines(path) if path else []
    if not lines:
        raise UserError(f"{_where(cell)}: a claim needs its hypotheses, and there are none.")
    utterances = by_set_and_task(pd.DataFrame(lines), f"model {cell.model!r}")[cell.set, cell.task]
    if (language := utterances["language"].iat[0]) != cell.language:
        raise UserError(f"{_where(cell)}: a claim asks for {cell.language!r}, but the text is in {language!r}.")
    return utterances


def _check_pairing(cell: Cell, utterances: pd.DataFrame, other: Cell, expected: pd.DataFrame) -> None:
    if not utterances[["id", "reference"]].equals(expected[["id", "reference"]]):
        raise UserError(f"{_where(cell)}: its utterances are not those of model {other.model!r}; decode both again.")


def _tally(cell: Cell, utterances: pd.DataFrame) -> Tally:
    texts = utterances["reference"].tolist(), utterances["hypothesis"].tolist()
    return headline(cell.task, cell.language, *texts)
