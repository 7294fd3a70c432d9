"""What a corpus held and a set does not, by reason.

Only rows that were looked at are named. Tables are read to their end; audio is listened to until a split has
its hours, so that a broken clip behind that point goes unnoticed, and does no harm.
"""

from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from tauspeech.data.tables import read_table, write_table

ANY = "any"  # a broken line does not say which split it belongs to
SHOWN = 10


class Unusable(Exception):
    """Why something cannot be an utterance: a short reason, which drops are counted by."""


class Drop(NamedTuple):
    split: str
    name: str  # the clip, or the file and its line
    reason: str


def counts(drops: Iterable[Drop], split: str) -> Counter[str]:
    """Drops of a split, and those that may be of it."""
    return Counter(drop.reason for drop in drops if drop.split in (split, ANY))


def write_dropped(path: Path, drops: Iterable[Drop]) -> None:
    """``<set>.dropped.tsv``: split, reason, count and the first names."""
    names: dict[tuple[str, str], list[str]] = {}
    for drop in drops:
        names.setdefault((drop.split, drop.reason), []).append(drop.name)
    rows = [[*key, str(len(found)), ", ".join(filter(None, found[:SHOWN]))] for key, found in sorted(names.items())]
    write_table(path, ["split", "reason", "count", "first"], rows)


def read_dropped(path: Path) -> list[Drop]:
    """What such a table says; behind the first few, drops have no name."""
    drops = []
    for row in read_table(path):
        names = row["first"].split(", ")
        names += [""] * (int(row["count"]) - len(names))
        drops += [Drop(row["split"], name, row["reason"]) for name in names]
    return drops
