"""What tables and claims are made of: cells, each the score of one model on one set for one task."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from tauspeech.plan.jobs import PlannedJob


@dataclass(frozen=True)
class Cell:
    score: PlannedJob
    set: str
    task: str
    language: str  # of the text

    @property
    def in_scores(self) -> list[str]:
        return [self.score.id, self.set, self.task, self.language]

    @property
    def in_hypotheses(self) -> list[str]:
        """The base is decoded in a job for each set, and all of these write into one folder."""
        return [self.score.id.split("/")[0], self.set, self.task, self.language]

    @property
    def hypotheses(self) -> PlannedJob:
        job = self.score.inputs["hypotheses"]
        assert isinstance(job, PlannedJob)
        return job


Cells = Sequence[Cell]


@dataclass(frozen=True)
class Row:
    """Its names, by their columns, and the cells that each further column is the mean of."""

    names: dict[str, Any]
    cells: dict[str, Cells]


def scores_table(name: str, rows: Sequence[Row], metrics: dict[str, str] | None = None) -> PlannedJob:
    """``metrics`` says of which columns another metric is shown than the task's own."""
    # Specifications sort their keys, so the order of the columns is said apart.
    columns = list(dict.fromkeys(column for row in rows for column in row.cells))
    settings = {
        "kind": "scores",
        "names": list(rows[0].names),
        "columns": columns,
        "metrics": metrics or {},
        "rows": [
            {
                "names": row.names,
                "cells": {column: [cell.in_scores for cell in row.cells[column]] for column in row.cells},
            }
            for row in rows
        ],
    }
    scores = {cell.score.id: cell.score for row in rows for cells in row.cells.values() for cell in cells}
    return PlannedJob("table", name, settings, {"scores": list(scores.values())})


@dataclass(frozen=True)
class Claim:
    """What a paper says: that the mean of some cells is better than that of others, or best in most places.

    ``margin`` points are granted; of several rivals the best one counts.
    """

    id: str
    statement: str
    source: str
    better: Cells
    than: Sequence[Cells]
    kind: Literal["mean", "most"] = "mean"
    margin: float = 0.0


def claims_job(repetitions: Sequence[Sequence[Claim]], seed: int) -> PlannedJob:
    """The claims of an experiment, held against every repetition of it."""
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
    heard = {cell.hypotheses.id: cell.hypotheses for cell in cells}
    return PlannedJob("claims", "claims", {"claims": declared}, {"hypotheses": list(heard.values())}, seed)
