"""How each system looks in every figure, told apart by colour, by marker and by dash."""

from collections.abc import Iterable
from typing import NamedTuple


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
    strangers = [name for name in names if name not in KNOWN]
    return {name: KNOWN.get(name) or OTHERS[strangers.index(name) % len(OTHERS)] for name in names}
