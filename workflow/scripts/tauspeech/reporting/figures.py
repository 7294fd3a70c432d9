"""Figures as SVG and PNG; the same numbers give the same bytes."""

import math
import textwrap
from collections.abc import Mapping
from pathlib import Path

import matplotlib
import pandas
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

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
    set_height,
    shifts,
)
from tauspeech.reporting.labels import label_ends
from tauspeech.reporting.palette import Look, looks

_PANELS_PER_ROW = 4


def lines(
    frame: pandas.DataFrame, path_stem: Path, *, x: str, xlabel: str, ylabel: str, known: Mapping[str, Look]
) -> None:
    """One line per system over column ``x``, with bars where a system has ``_low`` and ``_high`` columns."""
    frame = frame.sort_values(x, ignore_index=True)
    systems = {name: pair for name, pair in with_bounds(frame.columns).items() if name != x}
    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=(5.4, 3.6), layout="constrained")
        axes = figure.subplots()
        axes.set(xlabel=xlabel, ylabel=ylabel)
        at = frame[x].astype(float)
        _integer_ticks(axes, at)
        drawn, ends = [], []
        for shift, (system, look) in zip(shifts(at, len(systems)), looks(systems, known).items(), strict=True):
            values = frame[system].astype(float)
            if values.notna().any():
                drawn.append(draw_system(axes, at + shift, values, system, look))
                last = values.last_valid_index()
                ends.append((at[last] + shift, values[last]))
                draw_bounds(axes, at + shift, frame, systems[system], look)
        label_ends(axes, drawn, ends)
        save(figure, path_stem)


def weight_curves(
    frame: pandas.DataFrame, path_stem: Path, *, xlabel: str, ylabel: str, known: Mapping[str, Look]
) -> None:
    """A panel per merge with a line per method over the weights that were tried, and a ring around each chosen weight.

    Columns: merge, method, weight, value, chosen.
    """
    merges, methods = list(frame["merge"].unique()), looks(frame["method"].unique(), known)
    columns = min(_PANELS_PER_ROW, len(merges))
    rows = math.ceil(len(merges) / columns)
    with matplotlib.rc_context(STYLE | PANEL_STYLE):
        figure = Figure(figsize=(max(2.2 * columns + 0.4, 4.2), 1.8 * rows + 0.9), layout="constrained")
        panels = figure.subplots(rows, columns, squeeze=False, sharex=True).flatten()
        for panel, merge in zip(panels, merges, strict=False):
            _draw_panel(panel, frame[frame["merge"] == merge], methods)
            panel.set_title(textwrap.fill(str(merge), width=28))
        for index, unused in enumerate(panels[len(merges) :], start=len(merges)):
            unused.set_visible(False)
            panels[index - columns].xaxis.set_tick_params(labelbottom=True)
        figure.supxlabel(xlabel, color="#333333", fontsize=9)
        figure.supylabel(ylabel, color="#333333", fontsize=9)
        keys = [*(key(method, look) for method, look in methods.items()), ring_key("chosen")]
        head(figure, keys, columns=len(keys))
        save(figure, path_stem)


def _integer_ticks(axes: Axes, at: pandas.Series) -> None:
    axes.set_xlim(at.min() - 0.4, at.max() + 0.4)
    axes.xaxis.set_major_locator(MaxNLocator(nbins=12, integer=True, min_n_ticks=1))
    axes.grid(visible=False, axis="x")


def _draw_panel(panel: Axes, frame: pandas.DataFrame, methods: dict[str, Look]) -> None:
    for method, rows in frame.sort_values("weight", kind="stable").groupby("method", sort=False):
        draw_system(panel, rows["weight"], rows["value"], method, methods[method])
        chosen = rows[rows["chosen"].astype(bool)]
        panel.plot(chosen["weight"], chosen["value"], **ring(methods[method].colour))
    set_height(panel)
