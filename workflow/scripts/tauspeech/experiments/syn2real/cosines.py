"""Cosines between the vectors of single domains (Figure 5), in the order of a hierarchical clustering."""

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
    """Mean cosines of the pairs of vectors in each group, with intervals from resampled domains."""
    engines, domains = ([each[key] for each in listed] for key in ("engine", "domain"))
    groups: dict[str, list[tuple[int, int]]] = {}
    for first in range(len(listed)):
        for second in range(first + 1, len(listed)):
            if engines[first] == engines[second]:
                name = f"both by {engines[first]}"
            elif domains[first] == domains[second]:
                name = "the same domain by two engines"
            else:
                name = "two domains by two engines"
            groups.setdefault(name, []).append((first, second))
    found = []
    for name, pairs in groups.items():
        low, high = _interval(pairs, domains, cosines)
        value = fmean(cosines[pair] for pair in pairs)
        found.append({"vectors": name, "pairs": len(pairs), "cosine": value, "cosine_low": low, "cosine_high": high})
    return pd.DataFrame(found).round(3)


def _interval(pairs: Sequence[tuple[int, int]], domains: Sequence[str], cosines: np.ndarray) -> tuple[float, float]:
    """Percentile bootstrap over domains: pairs share them, so that pairs are not independent."""
    known = sorted(set(domains))
    generator = np.random.default_rng(derive_seed(0, "cosines"))
    means = []
    for drawn in generator.multinomial(len(known), np.full(len(known), 1 / len(known)), size=RESAMPLES):
        count = dict(zip(known, drawn, strict=True))
        weights = [count[domains[a]] * (count[domains[b]] if domains[a] != domains[b] else 1) for a, b in pairs]
        if total := sum(weights):
            means.append(sum(weight * cosines[pair] for weight, pair in zip(weights, pairs, strict=True)) / total)
    low, high = np.quantile(means, [_TAIL, 1 - _TAIL])
    return float(low), float(high)


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
