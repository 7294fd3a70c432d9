"""How each system looks in every figure, told apart by colour, by marker and by dash."""

from collections.abc import Iterable, Sequence
from itertools import cycle
from typing import NamedTuple

from matplotlib import colormaps
from matplotlib.colors import to_hex
from numpy import linspace


class Look(NamedTuple):
    colour: str
    marker: str
    dash: str | tuple[int, tuple[float, ...]]


# Okabe and Ito's colours, with grey for the untouched model. Merges often give the very same
# scores, so their dashes let the line beneath show through.
KNOWN = {
    "Raw": Look("#6f6f6f", "X", (0, (1, 1.2))),
    "FT": Look("#000000", "o", "-"),
    "Average": Look("#0072b2", "s", (0, (6, 1.5))),
    "TA": Look("#d55e00", "^", "-"),
    "TIES": Look("#009e73", "D", "-"),
    "DARE": Look("#cc79a7", "v", (0, (3, 1.5))),
}

# The systems of LoRS-Merging's paper: what both papers have looks the same under either name.
LORS = {
    "Pretrained": KNOWN["Raw"],
    "Finetuned": KNOWN["FT"],
    "Multi-lingual training": Look("#56b4e9", "p", (0, (6, 1.5))),
    "Multi-task training": Look("#e69f00", "h", (0, (6, 1.5))),
    "ML and MT training": Look("#882255", ">", (0, (3, 1.5))),
    "Weight Averaging": KNOWN["Average"],
    "Task Arithmetic": KNOWN["TA"],
    "MP-Merging": Look("#cc79a7", "v", (0, (4, 1.5))),
    "SVP-Merging": Look("#332288", "<", (0, (4, 1.5))),
    "LoRS-Merging": Look("#009e73", "d", "-"),
}

OTHERS = (
    Look("#56b4e9", "p", "-"),
    Look("#e69f00", "h", (0, (4, 1.5))),
    Look("#332288", "<", "-"),
    Look("#882255", ">", (0, (4, 1.5))),
    Look("#999933", "*", "-"),
    Look("#44aa99", "d", (0, (4, 1.5))),
)


def looks(systems: Iterable[str]) -> dict[str, Look]:
    """A known system always looks the same; the others take what is left in their order."""
    names = list(systems)
    named = KNOWN | LORS
    taken = {trait for name in names if name in named for trait in named[name][:2]}
    left = [look for look in OTHERS if taken.isdisjoint(look[:2])] or OTHERS
    strangers = [name for name in names if name not in named]
    return {name: named.get(name) or left[strangers.index(name) % len(left)] for name in names}


def shades(sizes: Sequence[float]) -> dict[float, Look]:
    """The larger, the darker; ``sizes`` ascend."""
    # The palest part of the map would vanish on white.
    colours = [to_hex(colormaps["YlGnBu"](depth)) for depth in linspace(0.95, 0.4, len(sizes))][::-1]
    return {
        size: Look(colour, marker, "-") for size, colour, marker in zip(sizes, colours, cycle("os^Dvp"), strict=False)
    }
