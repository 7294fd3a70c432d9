"""An account of a run as a table: for the terminal, and as summary.tsv."""

from collections.abc import Sequence

from snakemake_logger_plugin_tauspeech.durations import spoken
from tauspeech.runtime.run_record import Account, StageAccount

COLUMNS = ("stage", "ran", "there already", "left", "time", "mean", "longest", "peak memory")
TSV_COLUMNS = ("stage", "ran", "there", "left", "seconds", "mean", "longest", "peak_mb")


def cells(stage: StageAccount) -> list[str]:
    """A row as a person reads it; what was not measured is a dash."""
    times = (stage.seconds, stage.mean, stage.longest)
    counts = [str(number) if number else "-" for number in (stage.ran, stage.there, stage.left)]
    memory = "-" if stage.peak is None else f"{stage.peak:,.0f} MB"
    return [stage.rule, *counts, *("-" if value is None else spoken(value) for value in times), memory]


def verdict(account: Account) -> str:
    """The whole in one sentence."""
    ran, there, left = (account.count(what) for what in ("ran", "there", "left"))
    state = "The run is through" if account.succeeded else "The run stopped"
    return f"{state} after {spoken(account.seconds)}. Jobs: {ran} ran, {there} there already, {left} left."


def told(account: Account) -> str:
    """For the terminal."""
    rows = [list(COLUMNS), *(cells(stage) for stage in account.stages)]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = ["  ".join(_aligned(row, widths)).rstrip() for row in rows]
    return "\n".join(["", *lines, "", f"{verdict(account)} Logs: {account.results / 'logs'}"])


def _aligned(row: Sequence[str], widths: Sequence[int]) -> list[str]:
    first, *others = zip(row, widths, strict=True)
    return [first[0].ljust(first[1]), *(cell.rjust(width) for cell, width in others)]


def table(account: Account) -> str:
    """For a program: seconds, and megabytes; empty where nothing was measured."""
    rows = [
        [
            stage.rule,
            stage.ran,
            stage.there,
            stage.left,
            *map(_number, (stage.seconds, stage.mean, stage.longest, stage.peak)),
        ]
        for stage in account.stages
    ]
    return "".join("\t".join(map(str, row)) + "\n" for row in (TSV_COLUMNS, *rows))


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.2f}"
