"""Figure of language confusion: for each system and the language that is asked for, the languages that it writes."""

from pathlib import Path
from typing import Any

import matplotlib
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from tauspeech.reporting.drawing import STYLE, save

WRITTEN, EMPTY = "in ", "empty"


def draw(frame: pd.DataFrame, stem: Path, settings: dict[str, Any]) -> None:
    """A heat map for each table, side by side."""
    columns = [name for name in frame if name.startswith(WRITTEN)] + [EMPTY]
    names = list(dict.fromkeys(frame["table"]))
    longest = max(frame["table"].value_counts())
    with matplotlib.rc_context(STYLE | {"font.size": 8, "axes.titlesize": 9}):
        size = (3.6 * len(names), 0.24 * longest + 0.9)
        figure = Figure(figsize=size, layout="constrained")
        for axes, name in zip(np.ravel(figure.subplots(1, len(names))), names, strict=True):
            _draw(axes, frame[frame["table"] == name], columns)
            axes.set_title(name.replace("table", "Table ").replace("third_language", "A third language"))
        save(figure, stem)


def _draw(axes: Axes, rows: pd.DataFrame, columns: list[str]) -> None:
    values = rows[columns].to_numpy(float)
    axes.imshow(values, cmap="Blues", vmin=0, vmax=100, aspect="auto")
    axes.grid(visible=False)
    axes.set_xticks(range(len(columns)), [column.removeprefix(WRITTEN) for column in columns])
    axes.set_yticks(
        range(len(rows)),
        [f"{system} → {requested}" for system, requested in zip(rows["system"], rows["requested"], strict=True)],
    )
    for row, column in np.ndindex(*values.shape):
        if values[row, column] >= 0.5:
            colour = "white" if values[row, column] > 60 else "#333333"
            axes.text(column, row, f"{values[row, column]:.0f}", ha="center", va="center", fontsize=7, color=colour)
