"""Rules of choice: which candidate of a search is taken, from the scores of all."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

Point = Mapping[str, Any]  # a candidate with its score


def choose(rule: Mapping[str, Any] | None, points: Sequence[Point]) -> dict[str, Any]:
    """Chosen values by name; empty without a rule."""
    if rule is None:
        return {}
    return RULES[rule["kind"]](points, **{key: value for key, value in rule.items() if key != "kind"})


def smallest_scale(points: Sequence[Point], tolerance: float) -> dict[str, Any]:
    """The smallest scale whose score lies within a tolerance of the best: it changes the base least."""
    return {"scale": _smallest("scale", points, tolerance)}


def smallest_strength(points: Sequence[Point], tolerance: float) -> dict[str, Any]:
    """The smallest strength of a bias whose score lies within a tolerance of the best: it changes decoding least."""
    return {"strength": _smallest("strength", points, tolerance)}


def _smallest(name: str, points: Sequence[Point], tolerance: float) -> float:
    best = max(point["score"] for point in points)
    found: float = min(point[name] for point in points if point["score"] >= best - tolerance)
    return found


def smallest_ratios(points: Sequence[Point]) -> dict[str, dict[str, float]]:
    """For each pruning method the options with the best score; of equal scores those that keep least."""

    def order(point: Point) -> tuple[float, ...]:
        return -point["score"], point["keep"] + point["rank"], point["keep"]

    chosen = {}
    for method in dict.fromkeys(point["method"] for point in points):
        best = min((point for point in points if point["method"] == method), key=order)
        chosen[method] = {ratio: best[ratio] for ratio in ("rank", "keep") if best[ratio]}
    return chosen


def best_weights(points: Sequence[Point]) -> dict[str, float]:
    """The weights with the best score, by name; of equal scores those that change the base least."""
    best = max(points, key=lambda point: (point["score"], -sum(map(abs, point["weights"].values()))))
    chosen: dict[str, float] = best["weights"]
    return chosen


RULES: dict[str, Callable[..., dict[str, Any]]] = {
    "smallest_scale": smallest_scale,
    "smallest_strength": smallest_strength,
    "smallest_ratios": smallest_ratios,
    "best_weights": best_weights,
}
