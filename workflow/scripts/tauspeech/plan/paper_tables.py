"""Tables of the papers, with which claims are compared: resources/papers/<experiment>/<table>.tsv."""

import csv
from collections.abc import Sequence
from functools import cache

from tauspeech.runtime.paths import PAPERS

PaperTable = dict[str, dict[str, float]]  # by row and column


@cache
def paper_table(experiment: str, name: str) -> PaperTable:
    path = PAPERS / experiment / f"{name}.tsv"
    with path.open(encoding="utf-8", newline="") as file:
        names, *rows = csv.reader(file, delimiter="\t")
    return {row[0]: dict(zip(names[1:], map(float, row[1:]), strict=True)) for row in rows}


def smallest_difference(better: float, rivals: Sequence[float], factor: float = 1.0, margin: float = 0.0) -> float:
    """The value of a claim, from scores of which the higher is better."""
    return round(min(better - factor * rival for rival in rivals) + margin, 2) + 0.0  # no negative zero
