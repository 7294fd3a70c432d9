"""The figures of LoRS-Merging's paper: scores against languages or hours, and against how much pruning retains."""

import math
from collections.abc import Iterable
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
    ring,
    ring_key,
    save,
    settle_height,
    shifts,
)
from tauspeech.reporting.palette import Look, looks, shades
from tauspeech.runtime.errors import UserError

_METRICS = {"transcribe": "WER", "translate": "BLEU"}
_PRUNINGS = {"svd": "SVP", "magnitude": "MP"}
_KEYS_PER_PANEL = 2
# From this ratio of the largest to the smallest x on, a linear axis would crowd the small ones together.
_LOGARITHMIC_FROM = 8


def panels(frame: pandas.DataFrame, path_stem: Path, *, x: str, xlabel: str) -> None:
    """A panel per ``task``, a line per system over column ``x``, bars where a system has bounds."""
    systems = {name: pair for name, pair in with_bounds(frame.columns).items() if name not in (x, "task")}
    frame = frame.dropna(subset=list(systems), how="all")
    tasks = _panels_of(frame, "task", _METRICS)
    styles = looks(name for name in systems if frame[name].notna().any())
    with matplotlib.rc_context(STYLE | PANEL_STYLE):
        figure, row = _row_of(len(tasks))
        for axes, task in zip(row, tasks, strict=True):
            rows = frame[frame["task"] == task].sort_values(x, ignore_index=True)
            at = _place(axes, rows[x].astype(float))
            for shift, (system, look) in zip(shifts(at, len(styles)), styles.items(), strict=True):
                draw_system(axes, at + shift, rows[system].astype(float), system, look)
                draw_bounds(axes, at + shift, rows, systems[system], look)
            settle_height(axes)
            axes.set(xlabel=xlabel, ylabel=_METRICS[task])
        keys = [key(system, look) for system, look in styles.items()]
        rows_of_keys = math.ceil(len(keys) / (_KEYS_PER_PANEL * len(tasks)))
        head(figure, keys, columns=math.ceil(len(keys) / rows_of_keys), title="")
        save(figure, path_stem)


def retain_curves(frame: pandas.DataFrame, path_stem: Path) -> None:
    """A panel per pruning, a line per size of training data over what pruning retains, a ring around its best WER.

    Columns: method, size, ratio, value.
    """
    scored = frame[frame["value"].notna()]
    methods = _panels_of(scored, "method", _PRUNINGS)
    styles = shades(sorted(scored["size"].unique()))
    with matplotlib.rc_context(STYLE | PANEL_STYLE):
        figure, row = _row_of(len(methods), sharey=True)
        for axes, method in zip(row, methods, strict=True):
            _draw_pruning(axes, frame[frame["method"] == method], styles)
            axes.set_title(_PRUNINGS[method])
        settle_height(row[0])
        row[0].set_ylabel("WER")
        figure.supxlabel("Retain ratio (0: all pruned, 1: nothing pruned)", color="#333333", fontsize=8)
        keys = [key(f"{size:g} h", look) for size, look in styles.items()]
        head(figure, [*keys, ring_key("best")], columns=len(keys) + 1, title="")
        save(figure, path_stem)


def _panels_of(frame: pandas.DataFrame, column: str, known: Iterable[str]) -> list[str]:
    """Which of the ``known`` values the column has, in their order."""
    found = set(frame[column])
    if not found:
        raise UserError("A figure's table has no scores to draw.")
    for other in sorted(found - set(known), key=str):
        raise UserError(f"Column '{column}' of a figure's table has '{other}'; it takes {' or '.join(known)}.")
    return [name for name in known if name in found]


def _row_of(count: int, *, sharey: bool = False) -> tuple[Figure, list[Axes]]:
    figure = Figure(figsize=(3.3 * count + (0.3 if count > 1 else 1.1), 2.9), layout="constrained")
    return figure, list(figure.subplots(1, count, squeeze=False, sharey=sharey)[0])


def _place(axes: Axes, at: pandas.Series) -> pandas.Series:
    """Where on the axis each x stands; the ticks are the numbers themselves, which may be far from even steps."""
    wide = at.min() > 0 and at.max() / at.min() >= _LOGARITHMIC_FROM
    placed = np.log10(at) if wide else at
    margin = 0.1 * (placed.max() - placed.min()) or 0.4
    axes.set_xlim(placed.min() - margin, placed.max() + margin)
    axes.set_xticks(placed.unique(), [f"{number:g}" for number in at.unique()])
    axes.grid(visible=False, axis="x")
    return placed


def _draw_pruning(axes: Axes, frame: pandas.DataFrame, styles: dict[float, Look]) -> None:
    frame = frame.sort_values("ratio")
    for size, look in styles.items():
        rows = frame[frame["size"] == size]
        draw_system(axes, rows["ratio"], rows["value"], f"{size:g} h", look)
        # Of equal scores, the one that prunes most.
        best = rows[rows["value"] == rows["value"].min()].head(1)
        axes.plot(best["ratio"], best["value"], **ring(look.colour))
    axes.set_xlim(-0.04, 1.04)
    axes.set_xticks(np.linspace(0, 1, 6))
