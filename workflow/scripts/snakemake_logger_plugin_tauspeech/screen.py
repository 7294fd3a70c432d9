"""Where progress is shown: painted in place on a terminal, or now and then as a line of a file."""

import os
from typing import Protocol, TextIO

from snakemake_logger_plugin_tauspeech.board import Board, Stage

INTERVAL = 30.0  # seconds between two lines of a file, unless a stage is through
# Up so many lines, to the first column; and clear all that follows.
UP, CLEAR = "\x1b[{}F", "\x1b[J"


class Screen(Protocol):
    def update(self, board: Board, now: float) -> None: ...
    def clear(self) -> None:
        """Make room for a message."""
        ...


class Painted:
    """One line a stage, and one for the whole."""

    def __init__(self, stream: TextIO):
        self._stream = stream
        self._lines = 0

    def update(self, board: Board, now: float) -> None:
        size = os.get_terminal_size(self._stream.fileno())
        columns, rows = size.columns or 80, size.lines or 24  # some terminals do not know theirs
        shown = fitting(list(board.stages.values()), rows - 2)
        lines = [*aligned(shown, board, now), board.whole(now)] if board.stages else []
        # One write, so that nothing flickers.
        self._stream.write(self._wipe() + "".join(f"{line[: columns - 1]}\n" for line in lines))
        self._stream.flush()
        self._lines = len(lines)

    def clear(self) -> None:
        self._stream.write(self._wipe())
        self._stream.flush()
        self._lines = 0

    def _wipe(self) -> str:
        return UP.format(self._lines) + CLEAR if self._lines else ""


def aligned(stages: list[Stage], board: Board, now: float) -> list[str]:
    names, counts = (max((len(getattr(stage, key)) for stage in stages), default=0) for key in ("rule", "count"))
    lines = (f"{stage.rule:{names}}  {stage.count:>{counts}}  {board.state(stage, now)}" for stage in stages)
    return [line.rstrip() for line in lines]


def fitting(stages: list[Stage], room: int) -> list[Stage]:
    """Those that matter most where not all fit: first what is over gives way, then what has not begun."""
    dispensable = [stage for stage in stages if stage.over] + [
        stage for stage in reversed(stages) if not stage.over and not stage.running
    ]
    gone = {stage.rule for stage in dispensable[: max(0, len(stages) - room)]}
    return [stage for stage in stages if stage.rule not in gone][: max(0, room)]


class Told:
    """A line when a stage is through, and one from time to time while jobs end; never a flood."""

    def __init__(self, stream: TextIO):
        self._stream = stream
        self._last = 0.0
        self._over: set[str] = set()
        self._done = 0

    def update(self, board: Board, now: float) -> None:
        over = {stage.rule for stage in board.stages.values() if stage.over}
        done = sum(stage.done + len(stage.failed) for stage in board.stages.values())
        due = done > self._done and now - max(self._last, board.begun) >= INTERVAL
        told = [stage for stage in board.stages.values() if stage.rule in over - self._over]
        told += [stage for stage in board.stages.values() if due and stage.running]
        self._over = over
        if told:
            self._last, self._done = now, done
            lines = ((f"{stage.rule} {stage.count}", board.state(stage, now)) for stage in told)
            stages = "; ".join(", ".join(filter(None, line)) for line in lines)
            self._stream.write(f"{board.whole(now)}: {stages}\n")
            self._stream.flush()

    def clear(self) -> None:
        pass


def screen_on(stream: TextIO) -> Screen:
    painted = stream.isatty() and os.environ.get("TERM", "dumb") != "dumb"
    return Painted(stream) if painted else Told(stream)
