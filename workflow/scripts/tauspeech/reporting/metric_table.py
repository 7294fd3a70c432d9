"""Table of several metrics: a row for each of them, in which each cell is the mean over some models on a set."""

from typing import Any

import pandas as pd

from tauspeech.reporting.tables import read_scores
from tauspeech.runtime.errors import UserError
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
                found = [_score(scores, model, set_id, task, metric) for model, set_id, task, _ in cells]
                details += [names | {"column": column} | each.to_dict() for each in found]
                values = [each["value"] for each in found if not pd.isna(each["value"])]
                line[column] = round(sum(values) / len(values), 2) if values else None
                if len(found) == len(values) == 1:
                    bounds |= {f"{column}_{end}": round(found[0][end], 2) for end in ("low", "high")}
            lines.append(line | bounds)
    frame, shown = pd.DataFrame(lines), [*settings["names"], *settings["columns"]]
    frame = frame[[*shown, *(column for column in frame if column not in shown)]]
    return frame.astype(dict.fromkeys(settings["columns"], float)), pd.DataFrame(details)


def _score(scores: Scores, model: str, set_id: str, task: str, metric: str) -> "pd.Series[Any]":
    table = scores[model]
    found = table[(table["set"] == set_id) & (table["task"] == task) & (table["metric"] == metric)]
    if len(found) != 1:
        raise UserError(f"scores of '{model}' have no {metric} for {task} on '{set_id}'.")
    return pd.concat([pd.Series({"model": model}), found.iloc[0]])
