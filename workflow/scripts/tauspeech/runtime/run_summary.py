"""The summary of a run as a table: as text for the terminal, and as summary.tsv."""

from collections.abc import Sequence

from tauspeech.runtime.durations import format_duration
from tauspeech.runtime.run_record import RunSummary, StageSummary

COLUMNS = ("stage", "ran", "up to date", "pending", "time", "mean", "longest", "peak memory")
TSV_COLUMNS = ("stage", "ran", "up_to_date", "pending", "seconds", "mean", "longest", "peak_mb")


def as_text(summary: RunSummary) -> str:
    """Table with the code's version and a sentence below, for the terminal."""
    rows = [list(COLUMNS), *(_cells(stage) for stage in summary.stages)]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = ["  ".join(_aligned(row, widths)).rstrip() for row in rows]
    return "\n".join(
        ["", *lines, "", f"Code: {summary.code}.", f"{_sentence(summary)} Logs: {summary.results / 'logs'}"]
    )


def as_tsv(summary: RunSummary) -> str:
    """Table for programs: times in seconds, memory in megabytes, empty cells where nothing was measured."""
    rows = [
        [
            stage.rule,
            stage.ran,
            stage.up_to_date,
            stage.pending,
            *map(_number, (stage.seconds, stage.mean, stage.longest, stage.peak)),
        ]
        for stage in summary.stages
    ]
    return "".join("\t".join(map(str, row)) + "\n" for row in (TSV_COLUMNS, *rows))


def _cells(stage: StageSummary) -> list[str]:
    """Cells of a row of the text table; '-' stands for zero and for what was not measured."""
    times = (stage.seconds, stage.mean, stage.longest)
    counts = [str(number) if number else "-" for number in (stage.ran, stage.up_to_date, stage.pending)]
    memory = "-" if stage.peak is None else f"{stage.peak:,.0f} MB"
    return [stage.rule, *counts, *("-" if value is None else format_duration(value) for value in times), memory]


def _sentence(summary: RunSummary) -> str:
    ran, current, pending = (summary.count(state) for state in ("ran", "up_to_date", "pending"))
    state = "The run finished" if summary.succeeded else "The run stopped"
    return (
        f"{state} after {format_duration(summary.seconds)}. Jobs: {ran} ran, {current} up to date, {pending} pending."
    )


def _aligned(row: Sequence[str], widths: Sequence[int]) -> list[str]:
    first, *others = zip(row, widths, strict=True)
    return [first[0].ljust(first[1]), *(cell.rjust(width) for cell, width in others)]


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.2f}"
