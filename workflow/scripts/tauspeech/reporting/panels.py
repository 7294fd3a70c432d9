"""Figures of several panels: one for each task or method, with a line for each system."""

import math
from collections.abc import Iterable, Mapping
from pathlib import Path

import matplotlib
import numpy as np
import pandas
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from tauspeech.reporting.columns import with_bounds
from tauspeech.reporting.drawing import (
    PANEL_STYLE,
    STYLE,
    draw_bounds,
    draw_system,
    head,
    key,
    save,
    set_height,
    shifts,
)
from tauspeech.reporting.palette import Look, looks
from tauspeech.runtime.errors import UserError

_TASKS = ("transcribe", "translate")
_KEYS_PER_PANEL = 2
# From this ratio of the largest to the smallest x on, a linear axis would crowd the small ones.
_LOGARITHMIC_FROM = 8


def panels(
    frame: pandas.DataFrame,
    path_stem: Path,
    *,
    x: str,
    xlabel: str,
    known: Mapping[str, Look],
    error_rate: str = "WER",
) -> None:
    """A panel per ``task``, a line per system over column ``x``, bars where a system has bounds."""
    systems = {name: pair for name, pair in with_bounds(frame.columns).items() if name not in (x, "task")}
    frame = frame.dropna(subset=list(systems), how="all")
    tasks = panels_of(frame, "task", _TASKS)
    styles = looks((name for name in systems if frame[name].notna().any()), known)
    with matplotlib.rc_context(STYLE | PANEL_STYLE):
        figure, row = row_of(len(tasks))
        for axes, task in zip(row, tasks, strict=True):
            rows = frame[frame["task"] == task].sort_values(x, ignore_index=True)
            at = _place(axes, rows[x].astype(float))
            for shift, (system, look) in zip(shifts(at, len(styles)), styles.items(), strict=True):
                draw_system(axes, at + shift, rows[system].astype(float), system, look)
                draw_bounds(axes, at + shift, rows, systems[system], look)
            set_height(axes)
            axes.set(xlabel=xlabel, ylabel=error_rate if task == "transcribe" else "BLEU")
        keys = [key(system, look) for system, look in styles.items()]
        rows_of_keys = math.ceil(len(keys) / (_KEYS_PER_PANEL * len(tasks)))
        head(figure, keys, columns=math.ceil(len(keys) / rows_of_keys))
        save(figure, path_stem)


def panels_of(frame: pandas.DataFrame, column: str, known: Iterable[str]) -> list[str]:
    """The ``known`` values that a column contains, in their order; other values are an error."""
    found = set(frame[column])
    if not found:
        raise UserError("A figure's table has no scores to draw.")
    for other in sorted(found - set(known), key=str):
        raise UserError(f"Column '{column}' of a figure's table has '{other}'; it takes {' or '.join(known)}.")
    return [name for name in known if name in found]


def row_of(count: int, *, sharey: bool = False) -> tuple[Figure, list[Axes]]:
    figure = Figure(figsize=(3.3 * count + (0.3 if count > 1 else 1.1), 2.9), layout="constrained")
    return figure, list(figure.subplots(1, count, squeeze=False, sharey=sharey)[0])


def _place(axes: Axes, at: pandas.Series) -> pandas.Series:
    """Positions on the axis, with a tick at each number; the axis is logarithmic for a wide range."""
    wide = at.min() > 0 and at.max() / at.min() >= _LOGARITHMIC_FROM
    placed = np.log10(at) if wide else at
    margin = 0.1 * (placed.max() - placed.min()) or 0.4
    axes.set_xlim(placed.min() - margin, placed.max() + margin)
    axes.set_xticks(placed.unique(), [f"{number:g}" for number in at.unique()])
    axes.grid(visible=False, axis="x")
    return placed
