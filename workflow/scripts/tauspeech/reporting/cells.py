"""Cells of a table as the page prints them."""

import math
import numbers
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pandas

from tauspeech.reporting.columns import deviation, with_bounds
from tauspeech.reporting.content import Table

_MISSING = "–"


@dataclass(frozen=True)
class TableCell:
    text: str
    numeric: bool = False
    best: bool = False
    interval: str = ""


@dataclass(frozen=True)
class TableGrid:
    """Header and rows; the first cell of a row is its name."""

    header: list[TableCell]
    rows: list[list[TableCell]]


def grid(table: Table) -> TableGrid:
    columns = with_bounds(table.frame.columns)
    records = table.frame.to_dict("records")
    header = [TableCell(str(name), numeric=_is_numeric(table.frame[name])) for name in columns]
    return TableGrid(header, [_row(table, columns, record) for record in records])


def _row(table: Table, columns: dict[str, tuple[str, str] | None], record: dict[str, Any]) -> list[TableCell]:
    best = _best(table, record)
    return [
        TableCell(
            format_value(record[name]),
            numeric=_is_number(record[name]) or _is_missing(record[name]),
            best=name in best,
            interval=_interval(record, bounds) or _spread(record, name),
        )
        for name, bounds in columns.items()
    ]


def format_value(value: object) -> str:
    """Whole numbers as they are, other numbers with two decimals, or four where two would show nothing; text unchanged."""
    if _is_missing(value):
        return _MISSING
    if not _is_number(value):
        return str(value)
    decimals = 4 if isinstance(value, numbers.Real) and 0 < float(value) < 0.005 else 2
    text = str(value) if isinstance(value, numbers.Integral) else f"{value:z.{decimals}f}"
    return text.replace("-", "−")


def _best(table: Table, record: dict[str, Any]) -> set[str]:
    first = next(iter(record))
    if table.best_in:
        if record[first] not in table.best_among:
            return set()
        rows = [row for row in table.frame.to_dict("records") if row[first] in table.best_among]
        return {
            name for name, end in table.best_in.items() if record[name] in _winners([row[name] for row in rows], end)
        }
    if table.best is None:
        return set()
    winners = _winners([record.get(name) for name in table.best_among], table.best)
    return {name for name in table.best_among if record.get(name) in winners}


def _winners(values: Sequence[Any], end: str) -> set[Any]:
    # Values that are equal as printed count as equal: of two 74.88 both are bold.
    scores = {value: round(value, 2) for value in values if _is_finite(value)}
    if len([value for value in values if _is_finite(value)]) < 2:
        return set()
    target = max(scores.values()) if end == "max" else min(scores.values())
    return {value for value, score in scores.items() if score == target}


def _interval(record: dict[str, Any], bounds: tuple[str, str] | None) -> str:
    if bounds is None or any(_is_missing(record[bound]) for bound in bounds):
        return ""
    low, high = (format_value(record[bound]) for bound in bounds)
    return f"[{low}, {high}]"


def _spread(record: dict[str, Any], column: str) -> str:
    spread = record.get(deviation(column))
    return "" if _is_missing(spread) else f"± {format_value(spread)}"


def _is_missing(value: object) -> bool:
    return value is None or value is pandas.NA or (isinstance(value, float) and math.isnan(value))


def _is_number(value: object) -> bool:
    return isinstance(value, numbers.Real) and not isinstance(value, bool) and not _is_missing(value)


def _is_finite(value: object) -> bool:
    return isinstance(value, numbers.Real) and _is_number(value) and math.isfinite(value)


def _is_numeric(column: pandas.Series) -> bool:
    values = [value for value in column.tolist() if not _is_missing(value)]
    return bool(values) and all(_is_number(value) for value in values)
