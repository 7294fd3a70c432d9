"""The display of progress on a terminal and in a log file."""

import fcntl
import io
import os
import re
import struct
import termios
from collections.abc import Iterator

import pytest

from snakemake_logger_plugin_tauspeech.board import Board
from snakemake_logger_plugin_tauspeech.screen import LogScreen, TerminalScreen, screen_on
from tests.logger_plugin.records import failed, finished, planned, started


class Terminal:
    """A pseudo-terminal, and the lines that it shows."""

    def __init__(self, rows: int, columns: int):
        self.master, slave = os.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        self.stream = os.fdopen(slave, "w")

    def _written(self) -> str:
        """Everything written to the terminal, which returns it in pieces; a null byte marks the end."""
        self.stream.write("\0")
        self.stream.flush()
        written = b""
        while not written.endswith(b"\0"):
            written += os.read(self.master, 1 << 16)
        return written[:-1].decode()

    def lines(self) -> list[str]:
        seen = [""]
        for part in re.split(r"(\r\n|\x1b\[\d*[FJ])", self._written()):
            if part == "\r\n":
                seen.append("")
            elif part.endswith("F"):  # the sequence that clears the rest follows
                top = len(seen) - 1 - int(part[2:-1])
                assert top >= 0, "wrote above the first line"
                seen = [*seen[:top], ""]
            elif not part.endswith("J"):
                seen[-1] += part
        return seen[:-1] if not seen[-1] else seen


@pytest.fixture
def terminal(request) -> Iterator[Terminal]:
    made = Terminal(*getattr(request, "param", (24, 80)))
    yield made
    made.stream.close()
    os.close(made.master)


def running(*records) -> Board:
    board = Board()
    for each in records:
        board.update(each)
    return board


def test_updates_replace_the_display(terminal):
    board, screen = running(*planned(make_text=2, finetune=10)), TerminalScreen(terminal.stream)
    for job, at in ((1, 0.0), (2, 10.0)):
        board.update(started(job, "make_text", at))
        screen.update(board, at)
        board.update(finished(job, at + 10))
        screen.update(board, at + 10)
    assert terminal.lines() == ["make_text   2/2  10 s each", "finetune   0/10", "2 of 12 jobs, 20 s so far"]


def test_a_message_is_printed_above_the_stages(terminal):
    board, screen = running(*planned(score=1)), TerminalScreen(terminal.stream)
    screen.update(board, 1.0)
    screen.clear()
    terminal.stream.write("score raw failed.\n")
    screen.update(board, 2.0)
    assert terminal.lines() == ["score raw failed.", "score  0/1", "0 of 1 jobs, 2.0 s so far"]


@pytest.mark.parametrize("terminal", [(6, 20)], indirect=True)
def test_a_small_terminal_shows_running_stages_first(terminal):
    board = running(*planned(make_text=1, make_speech=1, finetune=3, decode=3, score=1, write_report=1))
    for each in (started(1, "make_text", 0.0), finished(1, 1.0), started(2, "make_speech", 1.0), finished(2, 2.0)):
        board.update(each)
    board.update(started(3, "finetune", 2.0))
    TerminalScreen(terminal.stream).update(board, 2.0)
    lines = terminal.lines()
    assert [line.split()[0] for line in lines] == ["finetune", "decode", "score", "write_report", "2"]
    assert max(map(len, lines)) < 20


@pytest.mark.parametrize("terminal", [(0, 0)], indirect=True)
def test_a_terminal_of_unknown_size_has_24_lines_of_80_columns(terminal):
    TerminalScreen(terminal.stream).update(running(*planned(score=1)), 0.0)
    assert terminal.lines()[0] == "score  0/1"


def test_a_log_has_a_line_per_finished_stage_and_few_others():
    stream, board = io.StringIO(), running(*planned(make_text=100, score=1))
    screen = LogScreen(stream)
    for job in range(100):
        board.update(started(job, "make_text", float(job)))
        screen.update(board, float(job))
        board.update(finished(job, job + 1.0))
        screen.update(board, job + 1.0)
    assert stream.getvalue().splitlines() == [
        "30 of 101 jobs, 30 s so far: make_text 30/100, 1 running, about 35 s left",
        "60 of 101 jobs, 1 min 00 s so far: make_text 60/100, 1 running, about 20 s left",
        "90 of 101 jobs, 1 min 30 s so far: make_text 90/100, 1 running, about 5 s left",
        "100 of 101 jobs, 1 min 40 s so far: make_text 100/100, 1.0 s each",
    ]


def test_a_log_has_no_lines_while_no_job_ends():
    stream, board = io.StringIO(), running(*planned(finetune=2), started(1, "finetune", 0.0))
    screen = LogScreen(stream)
    for now in range(0, 3600, 10):
        screen.update(board, float(now))
    assert not stream.getvalue()
    board.update(failed(1, "finetune", 3600.0, []))
    board.update(started(2, "finetune", 3600.0))
    screen.update(board, 3600.0)
    assert stream.getvalue() == "0 of 2 jobs, 1 h 00 min so far: finetune 0/2, 1 running, 1 failed\n"


def test_only_a_capable_terminal_is_updated_in_place(terminal, monkeypatch):
    monkeypatch.setenv("TERM", "xterm")
    assert isinstance(screen_on(terminal.stream), TerminalScreen)
    assert isinstance(screen_on(io.StringIO()), LogScreen)
    monkeypatch.setenv("TERM", "dumb")
    assert isinstance(screen_on(terminal.stream), LogScreen)
