"""The verdicts of claims.tsv as the page tells them."""

import pandas as pd

from tauspeech.reporting.cells import format_value
from tauspeech.reporting.content import Claim


def claims_from(frame: pd.DataFrame) -> list[Claim]:
    """In the order of the table, which is the plan's."""
    return [Claim(row.statement, row.verdict, _detail(row)) for row in frame.itertuples()]


def _detail(row: tuple) -> str:
    interval = f"[{format_value(float(row.low))}, {format_value(float(row.high))}]"
    # A single seed's value is the value itself.
    seeds = f"; seeds: {', '.join(map(_signed, row.runs.split('; ')))}" if row.seeds > 1 else ""
    return f"{_signed(row.value)} points {interval}, {row.interval}{seeds} ({row.source})."


def _signed(value: str | float) -> str:
    return f"{float(value):+.2f}".replace("-", "−")
