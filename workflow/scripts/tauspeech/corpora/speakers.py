"""Numbers of speakers of a set, and of speakers that its splits share: a test of such speech is easier than of others'."""

from collections.abc import Iterable, Mapping
from itertools import combinations
from typing import Any

from tauspeech.data.tables import SPLITS

UNKNOWN = "recording"  # voice of a recording whose speaker the corpus does not name


def speakers_of(rows: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """Speakers by split, speakers of each two splits, and recordings without a speaker."""
    speakers: dict[str, set[str]] = {split: set() for split in SPLITS}
    unknown = 0
    for row in rows:
        if row["voice"] == UNKNOWN:
            unknown += 1
        else:
            speakers[row["split"]].add(row["voice"])
    return {
        "speakers": {split: len(found) for split, found in speakers.items()},
        "shared": {f"{a} and {b}": len(speakers[a] & speakers[b]) for a, b in combinations(SPLITS, 2)},
        "recordings without a speaker": unknown,
    }
