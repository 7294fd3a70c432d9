"""Figures of the experiment lors: scores against languages or hours, and against what pruning keeps."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import matplotlib
import numpy as np
import pandas
from matplotlib.axes import Axes

from tauspeech.reporting import palette
from tauspeech.reporting.drawing import PANEL_STYLE, STYLE, draw_system, head, key, ring, ring_key, save, set_height
from tauspeech.reporting.palette import Look, shades
from tauspeech.reporting.panels import panels, panels_of, row_of

LOOKS = {
    "Pretrained": palette.BASE,
    "Finetuned": palette.FINE_TUNED,
    "Multi-lingual training": Look("#56b4e9", "p", (0, (6, 1.5))),
    "Multi-task training": Look("#e69f00", "h", (0, (6, 1.5))),
    "ML and MT training": Look("#882255", ">", (0, (3, 1.5))),
    "Weight Averaging": palette.AVERAGE,
    "Task Arithmetic": palette.TASK_ARITHMETIC,
    "MP-Merging": Look("#cc79a7", "v", (0, (4, 1.5))),
    "SVP-Merging": Look("#332288", "<", (0, (4, 1.5))),
    "LoRS-Merging": Look("#009e73", "d", "-"),
}
_PRUNINGS = {"svd": "SVP", "magnitude": "MP"}


def draw(frame: pandas.DataFrame, stem: Path, settings: dict[str, Any]) -> None:
    DRAWN[settings["kind"]](frame, stem, settings.get("error_rate", "WER"))


def _fig3(frame: pandas.DataFrame, stem: Path, error_rate: str) -> None:
    panels(frame, stem, x="languages", xlabel="Number of languages", known=LOOKS, error_rate=error_rate)


def _fig4(frame: pandas.DataFrame, stem: Path, error_rate: str) -> None:
    xlabel = "Hours of training speech for each language"
    panels(frame, stem, x="hours", xlabel=xlabel, known=LOOKS, error_rate=error_rate)


def pruning_curves(frame: pandas.DataFrame, path_stem: Path, error_rate: str = "WER") -> None:
    """A panel for each pruning method, a line for each size of training data, and a ring around its best WER.

    Columns: method, size, ratio, value.
    """
    scored = frame[frame["value"].notna()]
    methods = panels_of(scored, "method", _PRUNINGS)
    styles = shades(sorted(scored["size"].unique()))
    with matplotlib.rc_context(STYLE | PANEL_STYLE):
        figure, row = row_of(len(methods), sharey=True)
        for axes, method in zip(row, methods, strict=True):
            _draw_pruning(axes, frame[frame["method"] == method], styles)
            axes.set_title(_PRUNINGS[method])
        set_height(row[0])
        row[0].set_ylabel(error_rate)
        figure.supxlabel("Fraction kept (0: all pruned, 1: nothing pruned)", color="#333333", fontsize=8)
        keys = [key(f"{size:g} h", look) for size, look in styles.items()]
        head(figure, [*keys, ring_key("best")], columns=len(keys) + 1)
        save(figure, path_stem)


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


DRAWN: dict[str, Callable[[pandas.DataFrame, Path, str], None]] = {"fig3": _fig3, "fig4": _fig4, "fig5": pruning_curves}
