"""A heat map of the cosines of vectors, with the same bytes for the same numbers."""

import textwrap
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from tauspeech.runtime.errors import UserError
from tauspeech.runtime.files import write_atomic

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_STYLE = {
    "svg.hashsalt": "tauspeech",
    "svg.fonttype": "path",
    "font.family": "DejaVu Sans",
    "font.size": 9,
    "xtick.labelcolor": "#333333",
    "ytick.labelcolor": "#333333",
}
# Without dates and versions, so that the same numbers give the same bytes.
_METADATA: dict[str, dict[str, str | None]] = {
    "svg": dict.fromkeys(("Creator", "Date", "Format", "Type")),
    "png": {"Software": None},
}
_COLOURS = ("#0072b2", "#ffffff", "#d55e00")  # negative, zero, positive; distinct for the colour-blind
_LABEL_WIDTH = 24  # characters per line


def refuse_unfit(path: Path, vectors: int) -> None:
    if path.suffix[1:] not in _METADATA:
        raise UserError(f"The name of the figure {path} must end in .svg or .png; give another name.")
    if vectors < 2:
        raise UserError(f"The figure {path} compares vectors; give at least two.")


def draw(labels: Sequence[str], cosines: Sequence[Sequence[float | None]], path: Path) -> None:
    import matplotlib
    from matplotlib.colors import LinearSegmentedColormap
    from matplotlib.figure import Figure

    numbers = np.array([[np.nan if each is None else each for each in row] for row in cosines])
    colours = LinearSegmentedColormap.from_list("cosine", _COLOURS).with_extremes(bad="#eeeeee")
    limit = _limit(numbers)
    off_diagonal = np.where(np.eye(len(labels), dtype=bool), np.nan, numbers)
    kind = path.suffix[1:]
    with matplotlib.rc_context(_STYLE):
        side = 0.46 * len(labels) + 2.2
        figure = Figure(figsize=(side + 0.9, side), layout="constrained")
        axes = figure.subplots()
        image = axes.imshow(off_diagonal, cmap=colours, vmin=-limit, vmax=limit)
        _label(axes, [textwrap.fill(label, _LABEL_WIDTH) for label in labels])
        shown = image.get_array()
        assert shown is not None
        _write_numbers(axes, numbers, image.to_rgba(shown))
        bar = figure.colorbar(image, ax=axes, shrink=0.8, aspect=24, label="cosine")
        bar.outline.set_visible(False)
        write_atomic(path, lambda part: figure.savefig(part, format=kind, dpi=200, metadata=_METADATA[kind]))


def _limit(numbers: NDArray[np.float64]) -> float:
    """The range of the colours, by the cosines of different vectors, which are often all small."""
    others = np.abs(numbers[~np.eye(len(numbers), dtype=bool)])
    largest = np.max(np.nan_to_num(others), initial=0.0)
    return min(1.0, max(0.1, float(np.ceil(10 * largest)) / 10))


def _label(axes: "Axes", labels: Sequence[str]) -> None:
    axes.set_xticks(range(len(labels)), labels, rotation=90)
    axes.set_yticks(range(len(labels)), labels)
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)
    # White lines between the cells.
    edges = np.arange(len(labels) + 1) - 0.5
    axes.set_xticks(edges, minor=True)
    axes.set_yticks(edges, minor=True)
    axes.grid(which="minor", color="white", linewidth=1.5)
    axes.tick_params(which="minor", length=0)


def _write_numbers(axes: "Axes", numbers: NDArray[np.float64], cells: NDArray[Any]) -> None:
    """Write each number into its cell; ``cells`` are the colours behind them."""
    brightness = cells[..., :3] @ (0.299, 0.587, 0.114)
    for (row, column), value in np.ndenumerate(numbers):
        text = "–" if np.isnan(value) else f"{round(value, 2) + 0.0:.2f}".replace("-", "−")
        colour = "white" if brightness[row, column] < 0.55 else "#333333"
        axes.text(column, row, text, ha="center", va="center", fontsize=7.5, color=colour)
