"""Headline scores of models on sets, in points, higher is better: BLEU, or an error rate times -1."""

import json
from collections.abc import Iterable, Mapping
from math import isnan
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

from tauspeech.data.randomness import derive_seed
from tauspeech.runtime.errors import UserError
from tauspeech.runtime.files import read_json_lines
from tauspeech.scoring.headline import headline_metric
from tauspeech.scoring.metrics import headline
from tauspeech.scoring.rules import DEFAULT_RULES, ScoringRules
from tauspeech.scoring.tally import Tally, percentage, read_counts
from tauspeech.scoring.utterances import by_set_and_task
from tauspeech.scoring.written_language import MOST_ERRORS, confusion, identification_errors


class ScoredCell(NamedTuple):
    """A model on a set and task, whose hypotheses are scored.

    With ``among``, languages in one text, the score is the share of answers in another one of them.
    """

    model: str
    set: str
    task: str
    language: str  # of the text
    among: str = ""


Scores = Mapping[ScoredCell, float | np.ndarray]  # the observed score, or one per resample


def tally_cells(
    cells: Iterable[ScoredCell],
    files: Iterable[Path],
    searches: Mapping[str, Path] | None = None,
    rules: ScoringRules = DEFAULT_RULES,
) -> dict[ScoredCell, Tally]:
    """Counts of each cell, from hypotheses/<model>/<set>.<task>.jsonl; files of other cells are not read.

    Cells about languages of answers are left out where identification errs on too many references.
    The cell of a model that a search has tried is named ``<search>#<number of the point>``.
    """
    paths = {(file.parent.name, *file.name.removesuffix(".jsonl").split(".")): file for file in files}
    first: dict[tuple[str, str, str], tuple[ScoredCell, pd.DataFrame]] = {}
    tallies = {}
    reliable: dict[tuple[str, ...], bool] = {}  # by set, task and languages: all systems have the same references
    # Sorted by set: all systems on a set share one large matrix of draws, and only the latest matrix is cached.
    for cell in sorted(set(cells), key=lambda cell: (cell.set, cell)):
        search, _, point = cell.model.partition("#")
        if point:
            tallies[cell] = _searched(cell, (searches or {})[search], int(point))
            continue
        utterances = _read(cell, paths.get(cell[:3]))
        _check_pairing(cell, utterances, *first.setdefault(cell[1:4], (cell, utterances)))
        if cell.among and cell[1:] not in reliable:
            reliable[cell[1:]] = _tells_apart(cell, utterances)
        if reliable.get(cell[1:], True):
            tallies[cell] = _tally(cell, utterances, rules)
    return tallies


def _tells_apart(cell: ScoredCell, utterances: pd.DataFrame) -> bool:
    """True if identification of languages is reliable on the references."""
    languages = cell.among.split()
    errors = identification_errors(utterances["reference"].tolist(), cell.language, languages)
    if errors > MOST_ERRORS:
        print(
            f"{cell.set}: identification errs on {errors:.1f} % of the references, so there is no claim about languages of answers"
        )
    return errors <= MOST_ERRORS


def observed_scores(tallies: Mapping[ScoredCell, Tally]) -> Scores:
    scores = {cell: _sign(tally) * tally.value() for cell, tally in tallies.items()}
    for cell, score in scores.items():
        if isnan(score):
            raise UserError(
                f"{_where(cell)}: all references are empty, so the error rate is undefined: check the set's texts."
            )
    return scores


def resampled_scores(tallies: Mapping[ScoredCell, Tally], seed: int) -> Scores:
    """Scores of resamples. All systems on a set share the same draws (paired); sets are drawn independently."""
    return {cell: _sign(t) * t.resampled(derive_seed(seed, "claims", cell.set)) for cell, t in tallies.items()}


def _where(cell: ScoredCell) -> str:
    return f"Model {cell.model!r} on set {cell.set!r} ({cell.task})"


def _sign(tally: Tally) -> int:
    return 1 if tally.name == "bleu" else -1


def _read(cell: ScoredCell, path: Path | None) -> pd.DataFrame:
    lines = read_json_lines(path) if path else []
    if not lines:
        raise UserError(f"{_where(cell)}: no hypotheses found, and a claim needs them: decode the set with this model.")
    utterances = by_set_and_task(pd.DataFrame(lines), f"model {cell.model!r}")[cell.set, cell.task]
    if (language := utterances["language"].iat[0]) != cell.language:
        raise UserError(f"{_where(cell)}: a claim expects text in {cell.language!r}, but the text is in {language!r}.")
    return utterances


def _check_pairing(cell: ScoredCell, utterances: pd.DataFrame, other: ScoredCell, expected: pd.DataFrame) -> None:
    if not utterances[["id", "reference"]].equals(expected[["id", "reference"]]):
        raise UserError(
            f"{_where(cell)}: its utterances differ from those of model {other.model!r}: decode both again."
        )


def _searched(cell: ScoredCell, path: Path, point: int) -> Tally:
    """Error counts that a search has kept of one of its models."""
    name = headline_metric(cell.task, cell.language)
    counts = json.loads(path.read_text(encoding="utf-8"))["points"][point]["counts"][f"{cell.set}.{cell.task}"]
    return Tally(name, "", read_counts(counts), percentage)


def _tally(cell: ScoredCell, utterances: pd.DataFrame, rules: ScoringRules) -> Tally:
    texts = utterances["reference"].tolist(), utterances["hypothesis"].tolist()
    if cell.among:
        tally = confusion(texts[1], cell.language, cell.among.split())
    else:
        tally = headline(cell.task, cell.language, *texts, rules)
    return tally.by_sentence(utterances["id"])
