"""Naming rules of columns: ``X_low`` and ``X_high`` bound column ``X``, and ``X_sd`` is its standard deviation over seeds."""

from collections.abc import Iterable


def with_bounds(columns: Iterable[str]) -> dict[str, tuple[str, str] | None]:
    """Value columns in order, each with the names of its bounds if it has them."""
    names = list(columns)
    bounds = {name: (f"{name}_low", f"{name}_high") for name in names}
    bounded = {name: pair for name, pair in bounds.items() if set(pair) <= set(names)}
    taken = {column for pair in bounded.values() for column in pair} | {deviation(name) for name in names}
    return {name: bounded.get(name) for name in names if name not in taken}


def is_bound(column: str) -> bool:
    return column.endswith(("_low", "_high"))


def deviation(column: str) -> str:
    return f"{column}_sd"
