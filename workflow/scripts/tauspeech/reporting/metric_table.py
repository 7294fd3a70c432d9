"""Table of several metrics: a row for each of them, in which each cell is the mean over some models on a set."""

from typing import Any

import pandas as pd

from tauspeech.reporting.tables import bounds_last, read_scores, score_of
from tauspeech.runtime.job import Job

Scores = dict[str, pd.DataFrame]  # by model


def build(job: Job) -> tuple[pd.DataFrame, pd.DataFrame | None]:
    return metric_table(job.settings, {id: read_scores(path) for id, path in job.inputs("scores").items()})


def metric_table(settings: dict[str, Any], scores: Scores) -> tuple[pd.DataFrame, pd.DataFrame]:
    """A line for each row and metric of the settings, and the details: each model's score with its interval.

    A cell is the mean over those of its [model, set, task, language] that are defined; only a single one has an interval.
    """
    lines, details = [], []
    for row in settings["rows"]:
        for metric, label in row["metrics"]:
            names = {name: label if name == "metric" else row["names"][name] for name in settings["names"]}
            line, bounds = dict(names), dict[str, float]()
            for column in settings["columns"]:
                cells = row["cells"].get(column, ())
                found = [score_of(scores, model, set_id, task, metric) for model, set_id, task, _ in cells]
                details += [
                    names | {"column": column, "model": cell[0]} | each.to_dict()
                    for cell, each in zip(cells, found, strict=True)
                ]
                values = [each["value"] for each in found if not pd.isna(each["value"])]
                line[column] = round(sum(values) / len(values), 2) if values else None
                if len(found) == len(values) == 1:
                    bounds |= {f"{column}_{end}": round(found[0][end], 2) for end in ("low", "high")}
            lines.append(line | bounds)
    frame = bounds_last(pd.DataFrame(lines))
    return frame.astype(dict.fromkeys(settings["columns"], float)), pd.DataFrame(details)
