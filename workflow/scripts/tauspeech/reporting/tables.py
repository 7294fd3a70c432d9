"""Reading and writing of tables: as TSV for programs, as Markdown for people."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from tauspeech.reporting.columns import deviation, is_bound, with_bounds
from tauspeech.runtime.errors import UserError
from tauspeech.runtime.files import write_atomic


def read_scores(path: Path) -> pd.DataFrame:
    numbers = ("value", "low", "high", "p_raw", "p_ft")
    return pd.read_csv(path, sep="\t", keep_default_na=False, na_values={column: [""] for column in numbers})


def read_frame(path: Path) -> pd.DataFrame:
    """A table of the workflow; only empty cells are missing values."""
    return pd.read_csv(path, sep="\t", keep_default_na=False, na_values=[""])


def read_json(path: Path) -> dict[str, Any]:
    content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return content


def write_frame(path: Path, frame: pd.DataFrame) -> Path:
    write_atomic(path, lambda part: frame.to_csv(part, sep="\t", index=False))
    return path


def score_of(scores: Mapping[str, pd.DataFrame], model: str, set_id: str, task: str, metric: str) -> "pd.Series[Any]":
    """A model's score by a metric on one set for one task; ``scores`` are by model."""
    table = scores[model]
    found = table[(table["set"] == set_id) & (table["task"] == task) & (table["metric"] == metric)]
    if len(found) != 1:
        raise UserError(f"scores of '{model}' have no {metric} for {task} on '{set_id}'.")
    return found.iloc[0]


def bounds_last(frame: pd.DataFrame) -> pd.DataFrame:
    """The table with the columns of its intervals behind all others."""
    return frame[sorted(frame, key=is_bound)]


def markdown(frame: pd.DataFrame) -> str:
    """The table without its interval columns; a standard deviation stands behind its mean."""
    columns = [column for column in with_bounds(frame.columns) if not is_bound(column)]

    def cell(value: Any) -> str:
        if pd.isna(value):
            return "–"
        return f"{value:.2f}" if isinstance(value, float) else str(value).replace("|", "\\|")

    def shown(record: Mapping[Any, Any], column: str) -> str:
        spread = record.get(deviation(column))
        return cell(record[column]) + ("" if pd.isna(spread) else f" ± {cell(spread)}")

    align = ["---:" if pd.api.types.is_numeric_dtype(frame[column]) else "---" for column in columns]
    rows = [[shown(record, column) for column in columns] for record in frame.to_dict("records")]
    lines = [columns, align, *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines) + "\n"
