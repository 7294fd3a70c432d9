"""The naming rule that tables and figures share: ``X_low`` and ``X_high`` bound ``X``."""

from collections.abc import Iterable


def with_bounds(columns: Iterable[str]) -> dict[str, tuple[str, str] | None]:
    """Each column that holds values, in order, with the names of its two bounds where it has them."""
    names = list(columns)
    bounds = {name: (f"{name}_low", f"{name}_high") for name in names}
    bounded = {name: pair for name, pair in bounds.items() if set(pair) <= set(names)}
    taken = {column for pair in bounded.values() for column in pair}
    return {name: bounded.get(name) for name in names if name not in taken}
