"""Whether a paper's claims hold in this run: one statistic a claim and seed, its interval, and a verdict.

With s the headline score in points (more is better), b the cells said to be better and r those of a rival:
mean: mean s(b) - max over rivals of mean s(r) + margin,
most: 100 * share of positions at which s(b) >= s(r) for every rival - 50 + margin.
Positive speaks for the claim.
"""

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from statistics import fmean
from typing import Any, Literal, NamedTuple

import numpy as np
import pandas as pd

from tauspeech.runtime.errors import UserError
from tauspeech.scoring.intervals import percentile_interval, t_interval
from tauspeech.scoring.score_cells import Cell, Scores, observed_scores, resampled_scores, tally_cells

Verdict = Literal["holds", "does not hold", "not decided"]
COLUMNS = ["claim", "statement", "source", "seeds", "value", "low", "high", "interval", "verdict", "runs"]

_ROUNDING = 1e-9  # scores are percentages; ties must not hang on the last bit
_DECIMALS = 9


class Run(NamedTuple):
    """The comparison that one seed's models allow."""

    better: list[Cell]
    than: list[list[Cell]]

    def cells(self) -> list[Cell]:
        return [cell for cells in (self.better, *self.than) for cell in cells]


def check_claims(claims: Sequence[dict[str, Any]], files: Iterable[Path], seed: int) -> pd.DataFrame:
    """One row a claim; ``claims`` as specifications say it, ``files`` the hypotheses of all models."""
    runs = {claim["id"]: _runs(claim) for claim in claims}
    tallies = tally_cells({cell for group in runs.values() for run in group for cell in run.cells()}, files)
    # Several seeds tell more of chance than resampling one of them, which for BLEU takes a while.
    alone = {cell for group in runs.values() if len(group) == 1 for cell in group[0].cells()}
    observed = observed_scores(tallies)
    resampled = resampled_scores({cell: tally for cell, tally in tallies.items() if cell in alone}, seed)
    return pd.DataFrame([_row(claim, runs[claim["id"]], observed, resampled) for claim in claims], columns=COLUMNS)


def verdict(low: float, high: float) -> Verdict:
    # An interval of nothing but zero is a tie for certain, and a claim of being better fails on it.
    if high < 0 or low == high == 0:
        return "does not hold"
    return "holds" if low > 0 else "not decided"


def _runs(claim: dict[str, Any]) -> list[Run]:
    def cells(listed: list[list[str]]) -> list[Cell]:
        return [Cell(*cell) for cell in listed]

    runs = [Run(cells(run["better"]), [cells(rival) for rival in run["than"]]) for run in claim["runs"]]
    if not runs or not all(run.better and run.than and all(run.than) for run in runs):
        raise UserError(f"Claim {claim['id']!r} compares with nothing: every run needs cells of both sides.")
    if claim["kind"] == "most" and any(len(rival) != len(run.better) for run in runs for rival in run.than):
        raise UserError(f"Claim {claim['id']!r} counts positions, but a rival has more or fewer of them.")
    return runs


def _row(claim: dict[str, Any], runs: list[Run], observed: Scores, resampled: Scores) -> list[Any]:
    values = [float(_statistic(claim, run, observed)) for run in runs]
    if len(runs) == 1:
        low, high = percentile_interval(_statistic(claim, runs[0], resampled))
        kind = "bootstrap over utterances"
    else:
        low, high = t_interval(values)
        kind = f"t over {len(runs)} seeds"
    value = fmean(values)
    # A skewed statistic can put the value just outside its own bootstrap interval.
    low, high = min(low, value), max(high, value)
    said = [claim["id"], claim["statement"], claim["source"], len(runs)]
    listed = "; ".join(f"{single:z.2f}" for single in values)
    return [*said, *(_printed(x) for x in (value, low, high)), kind, verdict(low, high), listed]


def _printed(value: float) -> float:
    return round(value, 2) + 0.0  # no minus before a zero


def _statistic(claim: dict[str, Any], run: Run, scores: Scores) -> np.ndarray:
    better, *rivals = (np.array([scores[cell] for cell in cells]) for cells in (run.better, *run.than))
    return np.round(_KINDS[claim["kind"]](better, rivals) + claim["margin"], _DECIMALS)


def _mean(better: np.ndarray, rivals: list[np.ndarray]) -> np.ndarray:
    return better.mean(axis=0) - np.max([rival.mean(axis=0) for rival in rivals], axis=0)


def _most(better: np.ndarray, rivals: list[np.ndarray]) -> np.ndarray:
    lead = better - np.max(rivals, axis=0)
    # Unlike a comparison, it leaves undefined what is undefined.
    return 100 * np.heaviside(lead + _ROUNDING, 1).mean(axis=0) - 50


_KINDS: dict[str, Callable[[np.ndarray, list[np.ndarray]], np.ndarray]] = {"mean": _mean, "most": _most}
