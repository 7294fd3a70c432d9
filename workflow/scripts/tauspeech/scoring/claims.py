"""Verdicts on a paper's claims, each that some cells are better than those of each of its rivals.

With s the headline score in points (higher is better), b the claim's own cells and r those of a rival, the difference is
d = mean s(b) - factor * mean s(r) + margin, averaged over the seeds. The value of a claim is the smallest d of its
rivals. Each rival is tested by itself, so that the best of several lucky rivals does not decide. With c claims and k
rivals, the lower bound is the smallest of the rivals' bounds at 2.5 % / c, the upper one that of the bounds at
2.5 % / (c * k). A claim holds if the lower bound is above 0, and does not hold if the upper one is below 0.
"""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, NamedTuple

import numpy as np
import pandas as pd

from tauspeech.runtime.errors import UserError
from tauspeech.scoring.intervals import Estimate, over_seeds, over_utterances
from tauspeech.scoring.rules import DEFAULT_RULES, ScoringRules
from tauspeech.scoring.score_cells import ScoredCell, Scores, observed_scores, resampled_scores, tally_cells

Verdict = Literal["holds", "does not hold", "not decided"]
COLUMNS = [
    *("claim", "statement", "source", "paper", "seeds", "value", "low", "high"),
    *("closest", "interval", "verdict", "runs"),
]
TAIL = 0.025  # probability of a wrong verdict in either direction, among all claims of a run

_DECIMALS = 9  # scores are percentages; ties must not depend on the last bit


class Comparison(NamedTuple):
    """Cells that a claim compares, for the models of one seed."""

    better: list[ScoredCell]
    than: dict[str, list[ScoredCell]]

    def cells(self) -> list[ScoredCell]:
        return [cell for cells in (self.better, *self.than.values()) for cell in cells]


class Bounds(NamedTuple):
    """Smallest difference of a claim's rivals, with its interval and the rival's name."""

    value: float
    low: float
    high: float
    closest: str


def check_claims(
    claims: Sequence[dict[str, Any]],
    files: Iterable[Path],
    seed: int,
    searches: Mapping[str, Path] | None = None,
    rules: ScoringRules = DEFAULT_RULES,
) -> pd.DataFrame:
    """Table with a row per claim; ``claims`` as in the specification. One without a score is left out.

    ``files`` have the hypotheses of all models, ``searches`` the counts of models that a search has tried.
    """
    runs = {claim["id"]: _runs(claim) for claim in claims}
    cells = {cell for group in runs.values() for run in group for cell in run.cells()}
    tallies = tally_cells(cells, files, searches, rules)
    claims = [each for each in claims if all(cell in tallies for run in runs[each["id"]] for cell in run.cells())]
    runs = {claim["id"]: runs[claim["id"]] for claim in claims}
    # Claims over several seeds take their interval from the seeds; resampling, slow for BLEU, is for the others.
    single = {cell for group in runs.values() if len(group) == 1 for cell in group[0].cells()}
    observed = observed_scores(tallies)
    resampled = resampled_scores({cell: tally for cell, tally in tallies.items() if cell in single}, seed)
    utterances = {cell: tally.n() for cell, tally in tallies.items()}
    rows = []
    for claim in claims:
        differences = _differences(claim, runs[claim["id"]], observed, resampled, utterances)
        rows.append(_row(claim, runs[claim["id"]], differences, observed, len(claims)))
    return pd.DataFrame(rows, columns=COLUMNS)


def bounds(differences: Mapping[str, Estimate], claims: int = 1) -> Bounds:
    """Interval of the smallest difference, for one of some claims that are tested together."""
    tail = TAIL / claims
    closest = min(differences, key=lambda name: differences[name].value)
    return Bounds(
        differences[closest].value,
        min(each.low(tail) for each in differences.values()),
        min(each.high(tail / len(differences)) for each in differences.values()),
        closest,
    )


def verdict(found: Bounds) -> Verdict:
    if found.high < 0:
        return "does not hold"
    return "holds" if found.low > 0 else "not decided"


def _runs(claim: dict[str, Any]) -> list[Comparison]:
    def cells(listed: list[list[str]]) -> list[ScoredCell]:
        return [ScoredCell(*cell) for cell in listed]

    runs = [
        Comparison(cells(run["better"]), {name: cells(rival) for name, rival in run["than"].items()})
        for run in claim["runs"]
    ]
    if not runs or not all(run.better and run.than and all(run.than.values()) for run in runs):
        raise UserError(
            f"Claim {claim['id']!r} compares with nothing: every run needs cells in 'better' and in each rival of 'than'."
        )
    return runs


def _differences(
    claim: dict[str, Any],
    runs: list[Comparison],
    observed: Scores,
    resampled: Scores,
    utterances: Mapping[ScoredCell, int],
) -> dict[str, Estimate]:
    """The difference to each rival."""
    found = {}
    for rival in runs[0].than:
        values = [float(_difference(claim, run, rival, observed)) for run in runs]
        if len(runs) > 1:
            found[rival] = over_seeds(values)
        else:
            fewest = min(utterances[cell] for cell in (*runs[0].better, *runs[0].than[rival]))
            found[rival] = over_utterances(values[0], _difference(claim, runs[0], rival, resampled), fewest)
    return found


def _difference(claim: dict[str, Any], run: Comparison, rival: str, scores: Scores) -> np.ndarray:
    better, other = (np.array([scores[cell] for cell in cells]).mean(axis=0) for cells in (run.better, run.than[rival]))
    return np.round(better - claim["factor"] * other + claim["margin"], _DECIMALS)


def _row(
    claim: dict[str, Any], runs: list[Comparison], differences: dict[str, Estimate], observed: Scores, claims: int
) -> list[Any]:
    found = bounds(differences, claims)
    singly = [float(_difference(claim, run, found.closest, observed)) for run in runs]
    kind = "bootstrap over sentences" if len(runs) == 1 else f"t over {len(runs)} seeds"
    interval = f"{kind}, for {claims} claims together" if claims > 1 else kind
    head = [claim["id"], claim["statement"], claim["source"], claim["paper"], len(runs)]
    numbers = [_printed(number) for number in (found.value, found.low, found.high)]
    listed = "; ".join(f"{single:z.2f}" for single in singly)
    return [*head, *numbers, _compared(claim, found.closest), interval, verdict(found), listed]


def _compared(claim: dict[str, Any], rival: str) -> str:
    """What the difference is to: a rival's score, with the claim's factor and margin."""
    score = rival if claim["factor"] == 1 else f"{claim['factor']:g} times {rival}"
    if not claim["margin"]:
        return score
    return f"{abs(claim['margin']):g} points {'below' if claim['margin'] > 0 else 'above'} {score}"


def _printed(value: float) -> float:
    return round(value, 2) + 0.0  # no negative zero
