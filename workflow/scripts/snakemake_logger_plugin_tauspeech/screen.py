"""Display of progress: updated in place on a terminal, or as occasional lines in a log."""

import os
from typing import Protocol, TextIO

from snakemake_logger_plugin_tauspeech.board import Board, StageProgress

INTERVAL = 30.0  # seconds between two lines of a log, unless a stage finishes
# Escape sequences: up so many lines, to the first column; and clear the screen below.
UP, CLEAR = "\x1b[{}F", "\x1b[J"


class Screen(Protocol):
    """Display of a board."""

    def update(self, board: Board, now: float) -> None: ...
    def clear(self) -> None:
        """Remove the display, so that a message can be printed in its place."""
        ...


class TerminalScreen:
    """Display on a terminal: a line per stage, and a line for the whole run, updated in place."""

    def __init__(self, stream: TextIO):
        self._stream = stream
        self._lines = 0

    def update(self, board: Board, now: float) -> None:
        size = os.get_terminal_size(self._stream.fileno())
        columns, rows = size.columns or 80, size.lines or 24  # some terminals report a size of zero
        shown = fitting(list(board.stages.values()), rows - 2)
        lines = [*aligned(shown, board, now), board.total(now)] if board.stages else []
        # A single write avoids flicker.
        self._stream.write(self._wipe() + "".join(f"{line[: columns - 1]}\n" for line in lines))
        self._stream.flush()
        self._lines = len(lines)

    def clear(self) -> None:
        self._stream.write(self._wipe())
        self._stream.flush()
        self._lines = 0

    def _wipe(self) -> str:
        return UP.format(self._lines) + CLEAR if self._lines else ""


def aligned(stages: list[StageProgress], board: Board, now: float) -> list[str]:
    """A line per stage, with names and counts in columns."""
    names, counts = (max((len(getattr(stage, key)) for stage in stages), default=0) for key in ("rule", "count"))
    lines = (f"{stage.rule:{names}}  {stage.count:>{counts}}  {board.state(stage, now)}" for stage in stages)
    return [line.rstrip() for line in lines]


def fitting(stages: list[StageProgress], room: int) -> list[StageProgress]:
    """At most ``room`` stages: finished ones are dropped first, then those that have not begun, the last ones first."""
    dispensable = [stage for stage in stages if stage.finished] + [
        stage for stage in reversed(stages) if not stage.finished and not stage.running
    ]
    dropped = {stage.rule for stage in dispensable[: max(0, len(stages) - room)]}
    return [stage for stage in stages if stage.rule not in dropped][: max(0, room)]


class LogScreen:
    """Display in a log file: a line when a stage finishes, and otherwise at most one in INTERVAL while jobs finish."""

    def __init__(self, stream: TextIO):
        self._stream = stream
        self._last = 0.0
        self._finished: set[str] = set()
        self._done = 0

    def update(self, board: Board, now: float) -> None:
        finished = {stage.rule for stage in board.stages.values() if stage.finished}
        done = sum(stage.done + len(stage.failed) for stage in board.stages.values())
        due = done > self._done and now - max(self._last, board.begun) >= INTERVAL
        shown = [stage for stage in board.stages.values() if stage.rule in finished - self._finished]
        shown += [stage for stage in board.stages.values() if due and stage.running]
        self._finished = finished
        if shown:
            self._last, self._done = now, done
            lines = ((f"{stage.rule} {stage.count}", board.state(stage, now)) for stage in shown)
            stages = "; ".join(", ".join(filter(None, line)) for line in lines)
            self._stream.write(f"{board.total(now)}: {stages}\n")
            self._stream.flush()

    def clear(self) -> None:
        pass


def screen_on(stream: TextIO) -> Screen:
    """Display that suits the stream."""
    capable = stream.isatty() and os.environ.get("TERM", "dumb") != "dumb"
    return TerminalScreen(stream) if capable else LogScreen(stream)
