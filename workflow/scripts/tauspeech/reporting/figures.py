"""Figures as SVG and PNG, with the same bytes for the same numbers."""

import math
import textwrap
from pathlib import Path

import matplotlib
import pandas
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from tauspeech.files import write_atomic
from tauspeech.reporting.columns import with_bounds
from tauspeech.reporting.labels import label_ends
from tauspeech.reporting.palette import Look, looks

_STYLE = {
    "svg.hashsalt": "tauspeech",
    "svg.fonttype": "path",
    "font.family": "DejaVu Sans",
    "font.size": 10,
    "axes.titlesize": 11,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": "#8a8a8a",
    "axes.labelcolor": "#333333",
    "axes.axisbelow": True,
    "axes.grid": True,
    "grid.color": "#e6e6e6",
    "grid.linewidth": 0.7,
    "xtick.color": "#8a8a8a",
    "ytick.color": "#8a8a8a",
    "xtick.labelcolor": "#333333",
    "ytick.labelcolor": "#333333",
    "lines.linewidth": 1.6,
    "lines.markersize": 5,
    "lines.markeredgewidth": 0.6,
}
_PANEL_STYLE = {"font.size": 8, "axes.titlesize": 9, "axes.titleweight": "normal", "axes.ymargin": 0.12}
# Dates and versions in the files would change their bytes without any number changing.
_SVG_METADATA = dict.fromkeys(("Creator", "Date", "Format", "Type"))
_PNG_METADATA = {"Software": None}
_PANELS_PER_ROW = 4
# Panels choose their own scale; below this span in points, noise would look like a trend.
_LEAST_SPAN = 2.0


def lines(frame: pandas.DataFrame, path_stem: Path, *, x: str, xlabel: str, ylabel: str, title: str) -> None:
    """One line per system over column ``x``, with bars where a system has ``_low`` and ``_high`` columns."""
    frame = frame.sort_values(x, ignore_index=True)
    systems = {name: pair for name, pair in with_bounds(frame.columns).items() if name != x}
    with matplotlib.rc_context(_STYLE):
        figure = Figure(figsize=(5.4, 3.6), layout="constrained")
        axes = figure.subplots()
        axes.set(xlabel=xlabel, ylabel=ylabel, title=title)
        at = frame[x].astype(float)
        _integer_ticks(axes, at)
        drawn, ends = [], []
        for shift, (system, look) in zip(_shifts(at, len(systems)), looks(systems).items(), strict=True):
            values = frame[system].astype(float)
            if values.notna().any():
                drawn.append(_draw_system(axes, at + shift, values, system, look))
                last = values.last_valid_index()
                ends.append((at[last] + shift, values[last]))
                _draw_bounds(axes, at + shift, frame, systems[system], look)
        label_ends(axes, drawn, ends)
        _save(figure, path_stem)


def weight_curves(frame: pandas.DataFrame, path_stem: Path, *, xlabel: str, ylabel: str, title: str) -> None:
    """A small panel per merge, a line per method over the weights tried, and a ring around each chosen weight.

    Columns: merge, method, weight, value, chosen.
    """
    merges, methods = list(frame["merge"].unique()), looks(frame["method"].unique())
    columns = min(_PANELS_PER_ROW, len(merges))
    rows = math.ceil(len(merges) / columns)
    with matplotlib.rc_context(_STYLE | _PANEL_STYLE):
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
        _head(figure, title, methods)
        _save(figure, path_stem)


def _integer_ticks(axes: Axes, at: pandas.Series) -> None:
    axes.set_xlim(at.min() - 0.4, at.max() + 0.4)
    axes.xaxis.set_major_locator(MaxNLocator(nbins=12, integer=True, min_n_ticks=1))
    axes.grid(visible=False, axis="x")


def _shifts(at: pandas.Series, systems: int) -> list[float]:
    """Small steps aside, so that equal scores and their bars do not hide one another."""
    distances = at.drop_duplicates().sort_values().diff().dropna()
    step = 0.05 * distances.min() if len(distances) else 0.03
    return [(index - (systems - 1) / 2) * step for index in range(systems)]


def _draw_system(axes: Axes, at: pandas.Series, values: pandas.Series, system: str, look: Look) -> Line2D:
    (line,) = axes.plot(
        at, values, label=system, color=look.colour, marker=look.marker, linestyle=look.dash, markeredgecolor="white"
    )
    return line


def _draw_bounds(
    axes: Axes, at: pandas.Series, frame: pandas.DataFrame, bounds: tuple[str, str] | None, look: Look
) -> None:
    if bounds is not None:
        low, high = (frame[bound].astype(float) for bound in bounds)
        axes.vlines(at, low, high, color=look.colour, alpha=0.35, linewidth=1.8, zorder=1.5)


def _draw_panel(panel: Axes, frame: pandas.DataFrame, methods: dict[str, Look]) -> None:
    for method, rows in frame.sort_values("weight", kind="stable").groupby("method", sort=False):
        _draw_system(panel, rows["weight"], rows["value"], method, methods[method])
        chosen = rows[rows["chosen"].astype(bool)]
        panel.plot(chosen["weight"], chosen["value"], **_ring(methods[method].colour))
    low, high = panel.get_ylim()
    missing = max(_LEAST_SPAN - (high - low), 0)
    panel.set_ylim(low - missing / 2, high + missing / 2)
    panel.yaxis.set_major_locator(MaxNLocator(nbins=4, steps=[1, 2, 5, 10]))


def _ring(colour: str) -> dict[str, object]:
    return {
        "linestyle": "none",
        "marker": "o",
        "markersize": 10,
        "markerfacecolor": "none",
        "markeredgecolor": colour,
        "markeredgewidth": 1.4,
    }


def _head(figure: Figure, title: str, methods: dict[str, Look]) -> None:
    keys = [
        Line2D(
            [], [], label=method, color=look.colour, marker=look.marker, linestyle=look.dash, markeredgecolor="white"
        )
        for method, look in methods.items()
    ]
    # The legend carries the title: the layout would set a title of the figure's own on top of it.
    figure.legend(
        handles=[*keys, Line2D([], [], label="chosen", **_ring("#333333"))],
        loc="outside upper left",
        ncols=len(keys) + 1,
        frameon=False,
        title=title,
        title_fontproperties={"weight": "bold", "size": 10},
        alignment="left",
        columnspacing=1.4,
        handlelength=2.4,
    )


def _save(figure: Figure, path_stem: Path) -> None:
    for kind, metadata in (("svg", _SVG_METADATA), ("png", _PNG_METADATA)):
        path = path_stem.with_name(f"{path_stem.name}.{kind}")
        write_atomic(path, lambda part, k=kind, m=metadata: figure.savefig(part, format=k, dpi=200, metadata=m))
