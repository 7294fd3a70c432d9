"""Labels at the right ends of lines, spread where lines end close together."""

from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.lines import Line2D

_FONT_SIZE = 10.0
_LINE_HEIGHT = 1.35 * _FONT_SIZE


def spread(positions: Sequence[float], gap: float, low: float, high: float) -> list[float]:
    """Positions at least ``gap`` apart inside [low, high], as near the given ones as that allows.

    The order is kept, and the gap narrows when the range cannot hold every position.
    """
    if len(positions) > 1:
        gap = min(gap, (high - low) / (len(positions) - 1))
    # Of equal positions the first is on top, as in a legend.
    order = sorted(range(len(positions)), key=lambda index: (positions[index], -index))
    pools: list[list[float]] = []
    for rank, index in enumerate(order):
        pools.append([positions[index] - rank * gap])
        while len(pools) > 1 and _mean(pools[-2]) > _mean(pools[-1]):
            upper = pools.pop()
            pools[-1] += upper
    level = [_mean(pool) for pool in pools for _ in pool]
    ceiling = high - gap * (len(positions) - 1)
    placed = {index: min(max(level[rank], low), ceiling) + rank * gap for rank, index in enumerate(order)}
    return [placed[index] for index in range(len(positions))]


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)


def label_ends(axes: Axes, lines: Sequence[Line2D], ends: Sequence[tuple[float, float]]) -> None:
    """Write each line's label beside the axes, at the height of the line's end."""
    figure = axes.get_figure()
    # Positions on the canvas are known only after layout.
    figure.draw_without_rendering()
    heights = [axes.transAxes.inverted().transform(axes.transData.transform(end))[1] for end in ends]
    gap = _LINE_HEIGHT * figure.dpi / 72 / axes.get_window_extent().height
    for line, end, height in zip(lines, ends, spread(heights, gap, gap / 2, 1 - gap / 2), strict=True):
        axes.annotate(
            "",
            xy=end,
            xytext=(1.03, height),
            textcoords="axes fraction",
            arrowprops={"arrowstyle": "-", "color": "#b5b5b5", "linewidth": 0.6, "shrinkA": 0, "shrinkB": 3},
            annotation_clip=False,
            zorder=1,
        )
        key = Line2D([1.04], [height], transform=axes.transAxes, clip_on=False, linestyle="none")
        key.set(marker=line.get_marker(), markersize=5, color=line.get_color())
        axes.add_artist(key)
        # Dark text beside a coloured marker: some of the colours are too pale to read as text.
        axes.text(1.065, height, line.get_label(), transform=axes.transAxes, va="center_baseline", fontsize=_FONT_SIZE)
