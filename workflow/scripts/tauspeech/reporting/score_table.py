"""Table of scores: each cell is the mean score of some models on some sets, as the plan has arranged them."""

from typing import Any

import pandas as pd

from tauspeech.reporting.tables import read_scores, score_of
from tauspeech.runtime.job import Job
from tauspeech.scoring.headline import headline_metric

Scores = dict[str, pd.DataFrame]  # by model


def build(job: Job) -> tuple[pd.DataFrame, pd.DataFrame | None]:
    return score_table(job.settings, {id: read_scores(path) for id, path in job.inputs("scores").items()})


def score_table(settings: dict[str, Any], scores: Scores) -> tuple[pd.DataFrame, pd.DataFrame]:
    """A line for each row of the settings, and the details: every metric of every cell's scores.

    A cell is the mean over its [model, set, task, language]; only a mean of one score has an interval.
    """
    lines, details = [], []
    for row in settings["rows"]:
        line = {name: row["names"][name] for name in settings["names"]}
        label = " ".join(map(str, line.values()))
        bounds: dict[str, float] = {}
        for column in (each for each in settings["columns"] if each in row["cells"]):
            found = []
            for model, set_id, task, language in row["cells"][column]:
                metric = settings["metrics"].get(column) or headline_metric(task, language)
                found.append(score_of(scores, model, set_id, task, metric))
                if column not in settings["metrics"]:
                    details.append(_details(label, column, model, scores[model], set_id, task))
            line[column] = round(sum(cell["value"] for cell in found) / len(found), 2)
            if len(found) == 1:
                bounds |= {f"{column}_low": round(found[0]["low"], 2), f"{column}_high": round(found[0]["high"], 2)}
        lines.append(line | bounds)
    frame = pd.DataFrame(lines)
    # Not every row has every column, so that the first row does not decide their order.
    values = [*settings["names"], *settings["columns"]]
    frame = frame[[*values, *(column for column in frame if column not in values)]]
    return frame, pd.concat(details, ignore_index=True).drop_duplicates(ignore_index=True)


def _details(label: str, column: str, model: str, table: pd.DataFrame, set_id: str, task: str) -> pd.DataFrame:
    part = table[(table["set"] == set_id) & (table["task"] == task)].copy()
    part.insert(0, "row", label)
    part.insert(1, "column", column)
    part.insert(2, "model", model)
    return part
