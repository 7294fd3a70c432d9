"""Verdicts on a paper's claims, from claims.tsv to the report."""

from typing import Any

import pandas as pd

from tauspeech.reporting.content import ClaimVerdict


def verdicts_from(frame: pd.DataFrame) -> list[ClaimVerdict]:
    """Verdicts in the order of the table."""
    return [ClaimVerdict(row.statement, row.verdict, _detail(row)) for row in frame.itertuples()]


def _detail(row: Any) -> str:
    interval = f"[{_bound(row.low)}, {_bound(row.high)}]"
    # With a single seed, its value is the mean already shown.
    seeds = f"; seeds: {', '.join(map(_signed, row.runs.split('; ')))}" if row.seeds > 1 else ""
    paper = f", where it is {_signed(row.paper)}" if pd.notna(row.paper) else ""
    return f"{_signed(row.value)} points against {row.closest} {interval}, {row.interval}{seeds} ({row.source}{paper})."


def _bound(value: float) -> str:
    return f"{float(value):.2f}".replace("-", "−").replace("inf", "∞")


def _signed(value: str | float) -> str:
    return f"{float(value):+.2f}".replace("-", "−")
