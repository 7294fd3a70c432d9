"""Table of scale searches: every scale that was tried on validation, its score, and which one was chosen."""

from typing import Any

import pandas as pd

from tauspeech.reporting.tables import read_json
from tauspeech.runtime.job import Job


def build(job: Job) -> tuple[pd.DataFrame, pd.DataFrame | None]:
    searches = {id: read_json(path) for id, path in job.inputs("searches").items()}
    return scale_table(job.settings["labels"], searches), None


def scale_table(labels: dict[str, dict[str, str]], searches: dict[str, dict[str, Any]]) -> pd.DataFrame:
    """``labels`` gives the merge and the method of each search."""
    rows = [
        {
            "merge": labels[id]["merge"],
            "method": labels[id]["method"],
            "weight": point["scale"],
            "value": round(point["score"], 2),
            "chosen": int(point["scale"] == found["chosen"]["scale"]),
        }
        for id, found in searches.items()
        for point in found["points"]
    ]
    return pd.DataFrame(rows)
