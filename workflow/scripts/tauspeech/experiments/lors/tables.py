"""Tables that only the experiment lors has: what its searches for learning rates and pruning ratios found."""

from typing import Any

import pandas as pd

from tauspeech.reporting.tables import read_json
from tauspeech.runtime.job import Job

COLUMNS = {
    "SVP r": ("svd", "rank"),
    "MP p": ("magnitude", "keep"),
    "LoRS r": ("lors", "rank"),
    "LoRS p": ("lors", "keep"),
}


def build(job: Job) -> tuple[pd.DataFrame, pd.DataFrame | None]:
    if job.settings["kind"] == "rates":
        histories = {id: read_json(path) for id, path in job.inputs("searches", "training.json").items()}
        return rates_table(job.settings["labels"], histories), None
    searches = {id: read_json(path) for id, path in job.inputs("searches").items()}
    if job.settings["kind"] == "ratios":
        return ratios_table(job.settings["labels"], searches), None
    return pruning_curve_table(job.settings["hours"], searches), None


def rates_table(labels: dict[str, str], histories: dict[str, dict[str, Any]]) -> pd.DataFrame:
    """Every learning rate that was tried, its score on validation, and which one was chosen.

    ``labels`` gives the training that tried the rates for each kind of training.
    """
    rows = [
        {
            "trainings": kind,
            "tried_by": id,
            "learning_rate": f"{point['learning_rate']:g}",
            "value": float(f"{point['score']:.4g}"),  # of a loss, two decimals would hide the differences
            "chosen": int(point["learning_rate"] == histories[id]["learning_rate"]),
        }
        for kind, id in labels.items()
        for point in histories[id]["tried"]
    ]
    return pd.DataFrame(rows)


def ratios_table(labels: dict[str, str], searches: dict[str, dict[str, Any]]) -> pd.DataFrame:
    """Fractions that pruning keeps of each vector, in percent, as chosen on validation."""
    return pd.DataFrame(
        [
            {"vector": labels[id]}
            | {name: 100 * found["chosen"][method][option] for name, (method, option) in COLUMNS.items()}
            for id, found in searches.items()
        ]
    )


def pruning_curve_table(hours: dict[str, float], searches: dict[str, dict[str, Any]]) -> pd.DataFrame:
    """Figure 5: mean score over the languages at each kept fraction, for each size of the training speech."""
    points = [
        {
            "method": point["method"],
            "size": hours[id],
            "ratio": point["rank"] if point["method"] == "svd" else point["keep"],
            "value": point["score"],
        }
        for id, found in searches.items()
        for point in found["points"]
    ]
    found = pd.DataFrame(points).groupby(["method", "size", "ratio"], sort=True)["value"].mean()
    return found.round(2).reset_index()
