"""Verdicts on a paper's claims: a statistic per claim and seed, its interval, and whether the claim holds.

With s the headline score in points (higher is better), b the cells that the claim calls better and r those of a rival:
mean: mean s(b) - max over rivals of mean s(r) + margin,
most: 100 * share of positions at which s(b) >= s(r) for every rival - 50 + margin.
A positive value supports the claim.
"""

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from statistics import fmean
from typing import Any, Literal, NamedTuple

import numpy as np
import pandas as pd

from tauspeech.runtime.errors import UserError
from tauspeech.scoring.intervals import percentile_interval, t_interval
from tauspeech.scoring.rules import DEFAULT_RULES, ScoringRules
from tauspeech.scoring.score_cells import ScoredCell, Scores, observed_scores, resampled_scores, tally_cells

Verdict = Literal["holds", "does not hold", "not decided"]
COLUMNS = ["claim", "statement", "source", "seeds", "value", "low", "high", "interval", "verdict", "runs"]

_ROUNDING = 1e-9  # scores are percentages; ties must not depend on the last bit
_DECIMALS = 9


class Comparison(NamedTuple):
    """Cells that a claim compares, for the models of one seed."""

    better: list[ScoredCell]
    than: list[list[ScoredCell]]

    def cells(self) -> list[ScoredCell]:
        return [cell for cells in (self.better, *self.than) for cell in cells]


def check_claims(
    claims: Sequence[dict[str, Any]], files: Iterable[Path], seed: int, rules: ScoringRules = DEFAULT_RULES
) -> pd.DataFrame:
    """Table with a row per claim; ``claims`` as in the specification, ``files`` the hypotheses of all models."""
    runs = {claim["id"]: _runs(claim) for claim in claims}
    tallies = tally_cells({cell for group in runs.values() for run in group for cell in run.cells()}, files, rules)
    # Claims over several seeds take their interval from the seeds; resampling, slow for BLEU, is for the others.
    single = {cell for group in runs.values() if len(group) == 1 for cell in group[0].cells()}
    observed = observed_scores(tallies)
    resampled = resampled_scores({cell: tally for cell, tally in tallies.items() if cell in single}, seed)
    return pd.DataFrame([_row(claim, runs[claim["id"]], observed, resampled) for claim in claims], columns=COLUMNS)


def verdict(low: float, high: float) -> Verdict:
    # An interval of exactly zero is a certain tie, which contradicts a claim of being better.
    if high < 0 or low == high == 0:
        return "does not hold"
    return "holds" if low > 0 else "not decided"


def _runs(claim: dict[str, Any]) -> list[Comparison]:
    def cells(listed: list[list[str]]) -> list[ScoredCell]:
        return [ScoredCell(*cell) for cell in listed]

    runs = [Comparison(cells(run["better"]), [cells(rival) for rival in run["than"]]) for run in claim["runs"]]
    if not runs or not all(run.better and run.than and all(run.than) for run in runs):
        raise UserError(
            f"Claim {claim['id']!r} compares with nothing: every run needs cells in 'better' and in each rival of 'than'."
        )
    if claim["kind"] == "most" and any(len(rival) != len(run.better) for run in runs for rival in run.than):
        raise UserError(
            f"Claim {claim['id']!r} compares position by position: every rival needs as many cells as 'better' has."
        )
    return runs


def _row(claim: dict[str, Any], runs: list[Comparison], observed: Scores, resampled: Scores) -> list[Any]:
    values = [float(_statistic(claim, run, observed)) for run in runs]
    if len(runs) == 1:
        low, high = percentile_interval(_statistic(claim, runs[0], resampled))
        kind = "bootstrap over utterances"
    else:
        low, high = t_interval(values)
        kind = f"t over {len(runs)} seeds"
    value = fmean(values)
    # A skewed statistic can put the value just outside its bootstrap interval.
    low, high = min(low, value), max(high, value)
    head = [claim["id"], claim["statement"], claim["source"], len(runs)]
    listed = "; ".join(f"{single:z.2f}" for single in values)
    return [*head, *(_printed(x) for x in (value, low, high)), kind, verdict(low, high), listed]


def _printed(value: float) -> float:
    return round(value, 2) + 0.0  # no negative zero


def _statistic(claim: dict[str, Any], run: Comparison, scores: Scores) -> np.ndarray:
    better, *rivals = (np.array([scores[cell] for cell in cells]) for cells in (run.better, *run.than))
    return np.round(_KINDS[claim["kind"]](better, rivals) + claim["margin"], _DECIMALS)


def _mean(better: np.ndarray, rivals: list[np.ndarray]) -> np.ndarray:
    return better.mean(axis=0) - np.max([rival.mean(axis=0) for rival in rivals], axis=0)


def _most(better: np.ndarray, rivals: list[np.ndarray]) -> np.ndarray:
    lead = better - np.max(rivals, axis=0)
    # Unlike a comparison, heaviside keeps NaN where a score is undefined.
    return 100 * np.heaviside(lead + _ROUNDING, 1).mean(axis=0) - 50


_KINDS: dict[str, Callable[[np.ndarray, list[np.ndarray]], np.ndarray]] = {"mean": _mean, "most": _most}
