"""Drawing that all figures share: style, lines with intervals, legends, saving."""

from collections.abc import Sequence
from functools import partial
from pathlib import Path

import pandas
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from tauspeech.reporting.palette import Look
from tauspeech.runtime.files import write_atomic

STYLE = {
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
PANEL_STYLE = {"font.size": 8, "axes.titlesize": 9, "axes.titleweight": "normal", "axes.ymargin": 0.12}
# Dates and versions would change the files although no number has changed.
_SVG_METADATA = dict.fromkeys(("Creator", "Date", "Format", "Type"))
_PNG_METADATA = {"Software": None}
# Panels choose their own scale; with a smaller span in points, noise would look like a trend.
_LEAST_SPAN = 2.0


def shifts(at: pandas.Series, systems: int) -> list[float]:
    """Small horizontal offsets, so that equal scores and their intervals do not overlap."""
    distances = at.drop_duplicates().sort_values().diff().dropna()
    step = 0.05 * distances.min() if len(distances) else 0.03
    return [(index - (systems - 1) / 2) * step for index in range(systems)]


def draw_system(axes: Axes, at: pandas.Series, values: pandas.Series, system: str, look: Look) -> Line2D:
    (line,) = axes.plot(
        at, values, label=system, color=look.colour, marker=look.marker, linestyle=look.dash, markeredgecolor="white"
    )
    return line


def draw_bounds(
    axes: Axes, at: pandas.Series, frame: pandas.DataFrame, bounds: tuple[str, str] | None, look: Look
) -> None:
    if bounds is not None:
        low, high = (frame[bound].astype(float) for bound in bounds)
        axes.vlines(at, low, high, color=look.colour, alpha=0.35, linewidth=1.8, zorder=1.5)


def key(name: str, look: Look) -> Line2D:
    """Legend entry of a system."""
    return Line2D(
        [], [], label=name, color=look.colour, marker=look.marker, linestyle=look.dash, markeredgecolor="white"
    )


def ring(colour: str) -> dict[str, object]:
    return {
        "linestyle": "none",
        "marker": "o",
        "markersize": 10,
        "markerfacecolor": "none",
        "markeredgecolor": colour,
        "markeredgewidth": 1.4,
    }


def ring_key(name: str) -> Line2D:
    return Line2D([], [], label=name, **ring("#333333"))


def head(figure: Figure, keys: Sequence[Line2D], *, columns: int) -> None:
    """Legend above the panels."""
    figure.legend(
        handles=keys,
        loc="outside upper left",
        ncols=columns,
        frameon=False,
        alignment="left",
        columnspacing=1.4,
        handlelength=2.4,
    )


def set_height(panel: Axes) -> None:
    """A few round ticks over at least the smallest span."""
    low, high = panel.get_ylim()
    missing = max(_LEAST_SPAN - (high - low), 0)
    panel.set_ylim(low - missing / 2, high + missing / 2)
    panel.yaxis.set_major_locator(MaxNLocator(nbins=4, steps=[1, 2, 5, 10]))


def save(figure: Figure, path_stem: Path) -> None:
    for kind, metadata in (("svg", _SVG_METADATA), ("png", _PNG_METADATA)):
        path = path_stem.with_name(f"{path_stem.name}.{kind}")
        write_atomic(path, partial(figure.savefig, format=kind, dpi=200, metadata=metadata))
