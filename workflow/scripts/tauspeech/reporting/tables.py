"""Reading and writing of tables: as TSV for programs, as Markdown for people."""

import json
from pathlib import Path
from typing import Any

import pandas as pd

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


def markdown(frame: pd.DataFrame) -> str:
    """The table without its interval columns."""
    shown = frame[[column for column in frame if not column.endswith(("_low", "_high"))]]

    def cell(value: Any) -> str:
        if pd.isna(value):
            return "–"
        return f"{value:.2f}" if isinstance(value, float) else str(value).replace("|", "\\|")

    align = ["---:" if pd.api.types.is_numeric_dtype(shown[column]) else "---" for column in shown]
    lines = [list(shown.columns), align, *([cell(value) for value in row] for row in shown.itertuples(index=False))]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines) + "\n"
