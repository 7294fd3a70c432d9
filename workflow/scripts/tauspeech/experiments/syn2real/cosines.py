"""Cosines between the vectors of single domains (Figure 5), in the order of a hierarchical clustering."""

import itertools
from collections.abc import Sequence
from pathlib import Path
from statistics import fmean
from typing import Any

import numpy as np
import pandas as pd

from tauspeech.data.randomness import derive_seed
from tauspeech.vectors.execution import Execution
from tauspeech.vectors.inspection.numbers import inspect, opened

RESAMPLES = 1000
_TAIL = 0.025
WITHIN, SAME, BETWEEN = "both by", "the same domain by two engines", "two domains by two engines"


def cosine_table(
    listed: Sequence[dict[str, str]], files: dict[str, Path], threads: int
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The matrix of cosines, and its means within and between engines."""
    execution = Execution(threads)
    subjects = opened([str(files[each["vector"]]) for each in listed], None, execution)
    cosines = np.array(inspect(subjects, execution)["cosines"], float)
    names = [f"{each['engine']} {each['domain']}" for each in listed]
    order = clustered(cosines)
    frame = pd.DataFrame(cosines[np.ix_(order, order)], columns=[names[place] for place in order]).round(3)
    frame.insert(0, "vector", [names[place] for place in order])
    return frame, group_means(listed, cosines)


def group_means(listed: Sequence[dict[str, str]], cosines: np.ndarray) -> pd.DataFrame:
    """Mean cosines of the pairs of vectors in each group, and how far those of one engine are above the others.

    Intervals are percentiles over resampled domains: pairs share them, so that pairs are not independent.
    """
    domains = [each["domain"] for each in listed]
    groups = _groups(listed)
    resampled = {name: _resampled_means(pairs, domains, cosines) for name, pairs in groups.items()}
    found = [
        _row(name, len(pairs), fmean(cosines[pair] for pair in pairs), resampled[name])
        for name, pairs in groups.items()
    ]
    if BETWEEN in groups:
        between = next(row["cosine"] for row in found if row["vectors"] == BETWEEN)
        for row in [each for each in found if each["vectors"].startswith(WITHIN)]:
            name = f"{row['vectors']}, less {BETWEEN}"
            apart = resampled[row["vectors"]] - resampled[BETWEEN]
            found.append(_row(name, row["pairs"], row["cosine"] - between, apart))
    return pd.DataFrame(found).round(3)


def _groups(listed: Sequence[dict[str, str]]) -> dict[str, list[tuple[int, int]]]:
    groups: dict[str, list[tuple[int, int]]] = {}
    for first, second in itertools.combinations(range(len(listed)), 2):
        one, other = listed[first], listed[second]
        if one["engine"] == other["engine"]:
            name = f"{WITHIN} {one['engine']}"
        else:
            name = SAME if one["domain"] == other["domain"] else BETWEEN
        groups.setdefault(name, []).append((first, second))
    return groups


def _row(name: str, pairs: int, cosine: float, resampled: np.ndarray) -> dict[str, Any]:
    low, high = np.nanquantile(resampled, [_TAIL, 1 - _TAIL])
    return {"vectors": name, "pairs": pairs, "cosine": cosine, "cosine_low": low, "cosine_high": high}


def _resampled_means(pairs: Sequence[tuple[int, int]], domains: Sequence[str], cosines: np.ndarray) -> np.ndarray:
    """The group's mean for each draw of domains, the same draws for every group; nan where a draw has none of its pairs."""
    known = sorted(set(domains))
    generator = np.random.default_rng(derive_seed(0, "cosines"))
    means = []
    for drawn in generator.multinomial(len(known), np.full(len(known), 1 / len(known)), size=RESAMPLES):
        count = dict(zip(known, drawn, strict=True))
        weights = [count[domains[a]] * (count[domains[b]] if domains[a] != domains[b] else 1) for a, b in pairs]
        total = sum(weights)
        value = sum(weight * cosines[pair] for weight, pair in zip(weights, pairs, strict=True)) if total else 0.0
        means.append(value / total if total else np.nan)
    return np.array(means)


def clustered(cosines: np.ndarray) -> list[int]:
    """Places in the order of average-linkage clustering, which puts similar vectors side by side."""
    clusters: list[list[int]] = [[place] for place in range(len(cosines))]

    def likeness(pair: tuple[int, int]) -> Any:
        return cosines[np.ix_(clusters[pair[0]], clusters[pair[1]])].mean()

    while len(clusters) > 1:
        pairs = [(first, second) for first in range(len(clusters)) for second in range(first + 1, len(clusters))]
        first, second = max(pairs, key=likeness)
        clusters[first] += clusters.pop(second)
    return clusters[0]
