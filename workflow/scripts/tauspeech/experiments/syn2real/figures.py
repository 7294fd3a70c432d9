"""Figures of the experiment syn2real: scores against the scale and the number of domains, and cosines as a heat map."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import matplotlib
import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from tauspeech.reporting import palette
from tauspeech.reporting.columns import with_bounds
from tauspeech.reporting.drawing import STYLE, draw_bounds, draw_system, head, key, ring, ring_key, save, set_height
from tauspeech.reporting.palette import Look, looks

LOOKS = {
    "Target Synthetic ASR (Baseline)": palette.BASE,
    "+SYN2REAL Ensemble": palette.TASK_ARITHMETIC,
}


def draw(frame: pd.DataFrame, stem: Path, settings: dict[str, Any]) -> None:
    DRAWN[settings["kind"]](frame, stem)


def _fig4(frame: pd.DataFrame, stem: Path) -> None:
    _curves(frame, stem, x="scale", xlabel="Scale of the vector (0: target synthetic ASR)", known={}, rings=True)


def _fig6(frame: pd.DataFrame, stem: Path) -> None:
    _curves(frame, stem, x="domains", xlabel="Number of source domains in the ensemble", known=LOOKS, rings=False)


def _curves(frame: pd.DataFrame, stem: Path, *, x: str, xlabel: str, known: Mapping[str, Look], rings: bool) -> None:
    """A line a system, with a ring around the lowest point of each where wanted."""
    systems = {name: bounds for name, bounds in with_bounds(frame.columns).items() if name != x}
    styles = looks(systems, known)
    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=(5.4, 3.6), layout="constrained")
        axes = figure.subplots()
        axes.set(xlabel=xlabel, ylabel="WER")
        axes.set_xticks(frame[x])
        axes.grid(visible=False, axis="x")
        for system, look in styles.items():
            values = frame[system].astype(float)
            draw_system(axes, frame[x], values, system, look)
            draw_bounds(axes, frame[x], frame, systems[system], look)
            if rings:
                best = values.idxmin()
                axes.plot(frame[x][best], values[best], **ring(look.colour))
        set_height(axes)
        keys = [key(system, look) for system, look in styles.items()] + ([ring_key("lowest")] if rings else [])
        head(figure, keys, columns=2)
        save(figure, stem)


def _fig5(frame: pd.DataFrame, stem: Path) -> None:
    """A heat map with the cosine in each cell."""
    names, values = list(frame["vector"]), frame.drop(columns="vector").to_numpy(float)
    size = 0.42 * len(names) + 2.2
    with matplotlib.rc_context(STYLE | {"font.size": 8}):
        figure = Figure(figsize=(size, size), layout="constrained")
        axes = figure.subplots()
        image = axes.imshow(values, cmap="RdBu_r", vmin=-1, vmax=1)
        axes.grid(visible=False)
        axes.set_xticks(range(len(names)), names, rotation=60, ha="right", rotation_mode="anchor")
        axes.set_yticks(range(len(names)), names)
        for row, column in np.ndindex(*values.shape):
            dark = abs(values[row, column]) > 0.6
            text = f"{values[row, column]:.2f}".replace("-", "−")
            axes.text(column, row, text, ha="center", va="center", fontsize=6, color="white" if dark else "#333333")
        figure.colorbar(image, ax=axes, shrink=0.7, label="Cosine")
        save(figure, stem)


DRAWN = {"fig4": _fig4, "fig5": _fig5, "fig6": _fig6}
