"""Tables and claims of the plan: which model's score on which set and task stands in which cell."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from tauspeech.plan.jobs import Inputs, PlannedJob
from tauspeech.scoring.rules import DEFAULT_RULES, ScoringRules

SCORES = "tauspeech.reporting.score_table"
METRICS = "tauspeech.reporting.metric_table"
OVER_SEEDS = "tauspeech.reporting.seeds_table"


@dataclass(frozen=True)
class PlannedCell:
    """The score of one model on one set for one task."""

    score: PlannedJob
    set: str
    task: str
    language: str  # of the text
    among: tuple[str, ...] = ()  # languages, of which answers in another one are counted in place of the task's metric

    @property
    def in_scores(self) -> list[str]:
        return [self.score.id, self.set, self.task, self.language]

    @property
    def scored(self) -> list[str]:
        scored = [folder_of(self.hypotheses), self.set, self.task, self.language]
        return [*scored, " ".join(self.among)] if self.among else scored

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
        "rows": [{"names": dict(row.names), "cells": _in_scores(row)} for row in rows],
    }
    return PlannedJob("table", name, settings, {"scores": _scores(rows)}, modules=(SCORES,))


def _in_scores(row: "Row | MetricRow") -> dict[str, list[list[str]]]:
    return {column: [cell.in_scores for cell in cells] for column, cells in row.cells.items()}


def _scores(rows: "Sequence[Row | MetricRow]") -> list[PlannedJob]:
    """The scores of all cells, each once."""
    every = (cell.score for row in rows for cells in row.cells.values() for cell in cells)
    return list({score.id: score for score in every}.values())


def tables_of_seeds(
    first: Mapping[str, PlannedJob],
    further: Mapping[int, Mapping[str, PlannedJob]],
    names: Mapping[str, Sequence[str]] | None = None,
) -> tuple[list[PlannedJob], list[PlannedJob]]:
    """The tables of further seeds under names of their own, ``table2--seed2``, and those over all seeds, ``table2--seeds``.

    ``names`` are the columns that identify the rows of tables whose settings do not say it; of tables without them there is
    none over all seeds.
    """
    of_seeds = {
        (name, seed): replace(job, id=f"{name}--seed{seed}")
        for seed, tables in further.items()
        for name, job in tables.items()
    }
    over_seeds = []
    for name, job in first.items():
        columns = (names or {}).get(name, job.settings.get("names"))
        others = [each for (table, _), each in of_seeds.items() if table == name]
        if others and columns:
            inputs: Inputs = {"tables": [job, *others]}
            over_seeds.append(
                PlannedJob("table", f"{name}--seeds", {"names": list(columns)}, inputs, modules=(OVER_SEEDS,))
            )
    return list(of_seeds.values()), over_seeds


@dataclass(frozen=True)
class MetricRow:
    """Names of some rows, one for each metric, which has a name in the table; and the cells of their columns."""

    names: Mapping[str, Any]
    metrics: Mapping[str, str]
    cells: Mapping[str, Cells]


def metrics_table(name: str, names: Sequence[str], rows: Sequence[MetricRow]) -> PlannedJob:
    """A table with a row for each metric; ``names`` are its first columns, of which ``metric`` is one."""
    columns = list(dict.fromkeys(column for row in rows for column in row.cells))
    settings = {
        "names": list(names),
        "columns": columns,
        "rows": [
            {
                "names": dict(row.names),
                "metrics": [[metric, label] for metric, label in row.metrics.items()],
                "cells": _in_scores(row),
            }
            for row in rows
        ],
    }
    return PlannedJob("table", name, settings, {"scores": _scores(rows)}, modules=(METRICS,))


@dataclass(frozen=True)
class PlannedPoint:
    """The error rate of a model that a search has tried, on one set for one task."""

    search: PlannedJob
    number: int  # of the candidate
    set: str
    task: str
    language: str  # of the text

    @property
    def scored(self) -> list[str]:
        return [f"{self.search.id}#{self.number}", self.set, self.task, self.language]


Compared = Sequence[PlannedCell | PlannedPoint]


@dataclass(frozen=True)
class PlannedClaim:
    """A paper's claim: the mean of some cells is better than that of others.

    Of several rivals each is compared, and the claim holds if it holds for all. The rival's score counts ``factor``
    times, and ``margin`` points are granted. ``paper`` is the difference in the paper's own table.
    """

    id: str
    statement: str
    source: str
    better: Compared
    than: Mapping[str, Compared]
    factor: float = 1.0
    margin: float = 0.0
    paper: float | None = None

    def cells(self) -> list[PlannedCell | PlannedPoint]:
        return [cell for cells in (self.better, *self.than.values()) for cell in cells]


def claims_job(
    repetitions: Sequence[Sequence[PlannedClaim]], seed: int, rules: ScoringRules = DEFAULT_RULES
) -> PlannedJob:
    """Test of an experiment's claims on all repetitions; none compares a model with itself."""
    different = [[found for claim in claims if (found := _without_itself(claim))] for claims in repetitions]
    declared = []
    for claims in zip(*different, strict=True):
        runs = [
            {
                "better": [cell.scored for cell in claim.better],
                "than": {name: [cell.scored for cell in rival] for name, rival in claim.than.items()},
            }
            for claim in claims
        ]
        first = claims[0]
        about = {key: getattr(first, key) for key in ("id", "statement", "source", "factor", "margin", "paper")}
        declared.append(about | {"runs": runs})
    cells = [cell for claims in different for claim in claims for cell in claim.cells()]
    hypotheses = {cell.hypotheses.id: cell.hypotheses for cell in cells if isinstance(cell, PlannedCell)}
    searches = {cell.search.id: cell.search for cell in cells if isinstance(cell, PlannedPoint)}
    inputs: Inputs = {"hypotheses": list(hypotheses.values()), "searches": list(searches.values())}
    return PlannedJob("claims", "claims", {"claims": declared} | rules.settings, inputs, seed)


def _without_itself(claim: PlannedClaim) -> PlannedClaim | None:
    """The claim without rivals that are its own or another rival's models, such as TA at Average's weights."""
    seen, others = [[cell.scored for cell in claim.better]], {}
    for name, rival in claim.than.items():
        if (cells := [cell.scored for cell in rival]) not in seen:
            seen.append(cells)
            others[name] = rival
    return replace(claim, than=others) if others else None
