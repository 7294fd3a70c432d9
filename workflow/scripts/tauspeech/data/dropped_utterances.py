"""Utterances that were dropped from a set, with the reason: ``<set>.dropped.tsv``.

Only utterances that were read are listed: audio is decoded until a split has its hours, so that an unusable clip after
that point is neither noticed nor listed.
"""

from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from tauspeech.data.tables import read_table, write_table

ANY = "any"  # split of a malformed line, which does not name one
SHOWN = 10


class Unusable(Exception):
    """An utterance cannot be used; the message is a short reason, by which drops are counted."""


class Drop(NamedTuple):
    split: str
    name: str  # of the clip, or file and line
    reason: str


def counts(drops: Iterable[Drop], split: str) -> Counter[str]:
    """Number of drops by reason: those of the split and those of an unknown split."""
    return Counter(drop.reason for drop in drops if drop.split in (split, ANY))


def write_dropped(path: Path, drops: Iterable[Drop]) -> None:
    """Write ``<set>.dropped.tsv`` with the columns split, reason, count and first (the first names)."""
    names: dict[tuple[str, str], list[str]] = {}
    for drop in drops:
        names.setdefault((drop.split, drop.reason), []).append(drop.name)
    rows = [[*key, str(len(found)), ", ".join(filter(None, found[:SHOWN]))] for key, found in sorted(names.items())]
    write_table(path, ["split", "reason", "count", "first"], rows)


def read_dropped(path: Path) -> list[Drop]:
    """Read ``<set>.dropped.tsv``; drops beyond the listed names have an empty name."""
    drops = []
    for row in read_table(path):
        names = row["first"].split(", ")
        names += [""] * (int(row["count"]) - len(names))
        drops += [Drop(row["split"], name, row["reason"]) for name in names]
    return drops
