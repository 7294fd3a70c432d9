"""Tables and claims of the plan: which model's score on which set and task stands in which cell."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from tauspeech.plan.jobs import PlannedJob
from tauspeech.scoring.rules import DEFAULT_RULES, ScoringRules

SCORES = "tauspeech.reporting.score_table"


@dataclass(frozen=True)
class PlannedCell:
    """The score of one model on one set for one task."""

    score: PlannedJob
    set: str
    task: str
    language: str  # of the text

    @property
    def in_scores(self) -> list[str]:
        return [self.score.id, self.set, self.task, self.language]

    @property
    def in_hypotheses(self) -> list[str]:
        return [folder_of(self.hypotheses), self.set, self.task, self.language]

    @property
    def hypotheses(self) -> PlannedJob:
        return hypotheses_of(self.score)


Cells = Sequence[PlannedCell]


def hypotheses_of(score: PlannedJob) -> PlannedJob:
    """The job whose hypotheses a score is of."""
    job = score.inputs["hypotheses"]
    assert isinstance(job, PlannedJob)
    return job


def folder_of(hypotheses: PlannedJob) -> str:
    """Folder of a decode job's files, below hypotheses/. Jobs that decode the base, one a set, share a folder."""
    folder: str = hypotheses.settings["folder"]
    return folder


@dataclass(frozen=True)
class Row:
    """Names of a row, by their columns, and for each further column the cells whose mean it shows."""

    names: Mapping[str, Any]
    cells: Mapping[str, Cells]


def scores_table(name: str, rows: Sequence[Row], metrics: dict[str, str] | None = None) -> PlannedJob:
    """A table of scores; ``metrics`` names the columns that show another metric than the task's main one."""
    # Specifications sort their keys, so the order of the columns is stored separately.
    columns = list(dict.fromkeys(column for row in rows for column in row.cells))
    settings = {
        "names": list(rows[0].names),
        "columns": columns,
        "metrics": metrics or {},
        "rows": [
            {
                "names": dict(row.names),
                "cells": {column: [cell.in_scores for cell in row.cells[column]] for column in row.cells},
            }
            for row in rows
        ],
    }
    scores = {cell.score.id: cell.score for row in rows for cells in row.cells.values() for cell in cells}
    return PlannedJob("table", name, settings, {"scores": list(scores.values())}, modules=(SCORES,))


@dataclass(frozen=True)
class PlannedClaim:
    """A paper's claim: the mean of some cells is better than that of others, or better in most places.

    ``margin`` points are granted; of several rivals the best one counts.
    """

    id: str
    statement: str
    source: str
    better: Cells
    than: Sequence[Cells]
    kind: Literal["mean", "most"] = "mean"
    margin: float = 0.0


def claims_job(
    repetitions: Sequence[Sequence[PlannedClaim]], seed: int, rules: ScoringRules = DEFAULT_RULES
) -> PlannedJob:
    """Test of an experiment's claims on all repetitions."""
    declared = []
    for claims in zip(*repetitions, strict=True):
        runs = [
            {
                "better": [cell.in_hypotheses for cell in claim.better],
                "than": [[cell.in_hypotheses for cell in rival] for rival in claim.than],
            }
            for claim in claims
        ]
        first = claims[0]
        about = {key: getattr(first, key) for key in ("id", "statement", "source", "kind", "margin")}
        declared.append(about | {"runs": runs})
    cells = [
        cell for claims in repetitions for claim in claims for group in (claim.better, *claim.than) for cell in group
    ]
    hypotheses = {cell.hypotheses.id: cell.hypotheses for cell in cells}
    settings = {"claims": declared} | rules.settings
    return PlannedJob("claims", "claims", settings, {"hypotheses": list(hypotheses.values())}, seed)
