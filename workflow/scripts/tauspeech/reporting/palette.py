"""Looks of systems in figures: distinct by colour, by marker and by dash."""

from collections.abc import Iterable, Mapping, Sequence
from itertools import cycle
from typing import NamedTuple

from matplotlib import colormaps
from matplotlib.colors import to_hex
from numpy import linspace


class Look(NamedTuple):
    colour: str
    marker: str
    dash: str | tuple[int, tuple[float, ...]]


# Okabe and Ito's colours, with grey for the untouched base. Merges often have the very same scores, so their dashes let
# the line beneath show through. Experiments give these looks to their systems, so that the same kind of system looks the
# same in every experiment.
BASE = Look("#6f6f6f", "X", (0, (1, 1.2)))
FINE_TUNED = Look("#000000", "o", "-")
AVERAGE = Look("#0072b2", "s", (0, (6, 1.5)))
TASK_ARITHMETIC = Look("#d55e00", "^", "-")

OTHERS = (
    Look("#56b4e9", "p", "-"),
    Look("#e69f00", "h", (0, (4, 1.5))),
    Look("#332288", "<", "-"),
    Look("#882255", ">", (0, (4, 1.5))),
    Look("#999933", "*", "-"),
    Look("#44aa99", "d", (0, (4, 1.5))),
)


def looks(systems: Iterable[str], known: Mapping[str, Look]) -> dict[str, Look]:
    """The look of each system: a known system's own; the others get unused ones in their order."""
    names = list(systems)
    taken = {trait for name in names if name in known for trait in known[name][:2]}
    free = [look for look in OTHERS if taken.isdisjoint(look[:2])] or OTHERS
    unknown = [name for name in names if name not in known]
    return {name: known.get(name) or free[unknown.index(name) % len(free)] for name in names}


def shades(sizes: Sequence[float]) -> dict[float, Look]:
    """Looks of ascending sizes: the larger, the darker."""
    # The palest part of the map would vanish on white.
    colours = [to_hex(colormaps["YlGnBu"](depth)) for depth in linspace(0.95, 0.4, len(sizes))][::-1]
    return {
        size: Look(colour, marker, "-") for size, colour, marker in zip(sizes, colours, cycle("os^Dvp"), strict=False)
    }
