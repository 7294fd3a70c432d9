"""Tables 3 to 5: BLEU of each system and language, with the weights that validation has chosen."""

import json

import pandas as pd

from tauspeech.reporting.score_table import score_table
from tauspeech.reporting.tables import read_scores
from tauspeech.runtime.job import Job

WEIGHTS, SECONDS = "weights", "seconds to add"


def build(job: Job) -> tuple[pd.DataFrame, pd.DataFrame | None]:
    settings = job.settings
    rows = [
        {"names": {"system": row["system"]}, "cells": {name: [cell] for name, cell in row["cells"].items()}}
        for row in settings["rows"]
    ]
    about = {"names": ["system"], "columns": settings["languages"], "metrics": {}, "rows": rows}
    frame, details = score_table(about, {id: read_scores(path) for id, path in job.inputs("scores").items()})
    chosen = {id: json.loads(path.read_text(encoding="utf-8"))["chosen"] for id, path in job.inputs("searches").items()}
    frame.insert(1, WEIGHTS, [_weights(row["weights"], chosen) for row in settings["rows"]])
    if any(row["added"] for row in settings["rows"]):
        frame.insert(2, SECONDS, _seconds(job))
    shown = [not row["in_details"] for row in settings["rows"]]
    return frame[shown].reset_index(drop=True), details


def _seconds(job: Job) -> list[float | None]:
    """Seconds of what only a row needs, such as the training for one more language."""
    receipts = {role: job.receipts(role) for role in ("finetuned", "vectors", "merged")}
    rows = [row["added"] for row in job.settings["rows"]]
    return [
        round(sum(receipts[role][id].seconds for role, id in added.items()), 1) if added else None for added in rows
    ]


def _weights(weights: list[list[str]], chosen: dict[str, dict[str, float]]) -> str:
    """The paper's column of coefficients: of the two vectors, and of language control."""
    return " / ".join(f"{chosen[search][name]:g}" for search, name in weights)
