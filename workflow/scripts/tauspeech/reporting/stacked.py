"""Figures with one panel above the other over the same axis: a line for each system in all of them."""

from collections.abc import Mapping
from pathlib import Path

import matplotlib
import pandas
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from tauspeech.reporting.drawing import PANEL_STYLE, STYLE, draw_system, head, key, save, set_height, shifts
from tauspeech.reporting.palette import Look, looks

_KEYS_PER_ROW = 4


def stacked(
    frame: pandas.DataFrame,
    path_stem: Path,
    *,
    x: str,
    xlabel: str,
    panels: Mapping[str, str],
    known: Mapping[str, Look],
) -> None:
    """A panel for each column of ``panels``, which gives their labels; rows are systems, named in the column ``system``."""
    systems = looks(frame["system"].unique(), known)
    at = frame[x].astype(float)
    with matplotlib.rc_context(STYLE | PANEL_STYLE):
        figure = Figure(figsize=(5.4, 1.9 * len(panels) + 0.9), layout="constrained")
        axes = figure.subplots(len(panels), 1, squeeze=False, sharex=True)[:, 0]
        for panel, (column, label) in zip(axes, panels.items(), strict=True):
            for shift, (system, look) in zip(shifts(at, len(systems)), systems.items(), strict=True):
                rows = frame[frame["system"] == system].sort_values(x)
                draw_system(panel, rows[x].astype(float) + shift, rows[column].astype(float), system, look)
            panel.set_ylabel(label)
            set_height(panel)
        axes[-1].set_xlabel(xlabel)
        axes[-1].set_xlim(at.min() - 0.4, at.max() + 0.4)
        axes[-1].xaxis.set_major_locator(MaxNLocator(nbins=12, integer=True, min_n_ticks=1))
        head(figure, [key(system, look) for system, look in systems.items()], columns=_KEYS_PER_ROW)
        save(figure, path_stem)
