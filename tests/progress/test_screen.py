"""What stands on a terminal, and what goes into a file."""

import fcntl
import io
import os
import re
import struct
import termios
from collections.abc import Iterator

import pytest

from snakemake_logger_plugin_tauspeech.board import Board
from snakemake_logger_plugin_tauspeech.screen import Painted, Told, screen_on
from tests.progress.conftest import failed, finished, planned, started


class Terminal:
    """A real one, and what a person sees of it."""

    def __init__(self, rows: int, columns: int):
        self.master, slave = os.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        self.stream = os.fdopen(slave, "w")

    def _written(self) -> str:
        """All of it: a terminal hands out a piece at a time, and the mark at the end comes last."""
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
            elif part.endswith("F"):  # a clearing of all that follows comes next
                top = len(seen) - 1 - int(part[2:-1])
                assert top >= 0, "painted above the first line"
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
        board.take(each)
    return board


def test_a_terminal_shows_each_stage_once_however_often_it_is_painted(terminal):
    board, screen = running(*planned(make_text=2, finetune=10)), Painted(terminal.stream)
    for job, at in ((1, 0.0), (2, 10.0)):
        board.take(started(job, "make_text", at))
        screen.update(board, at)
        board.take(finished(job, at + 10))
        screen.update(board, at + 10)
    assert terminal.lines() == ["make_text   2/2  10 s each", "finetune   0/10", "2 of 12 jobs, 20 s so far"]


def test_a_message_stands_above_the_stages(terminal):
    board, screen = running(*planned(score=1)), Painted(terminal.stream)
    screen.update(board, 1.0)
    screen.clear()
    terminal.stream.write("score raw failed.\n")
    screen.update(board, 2.0)
    assert terminal.lines() == ["score raw failed.", "score  0/1", "0 of 1 jobs, 2.0 s so far"]


@pytest.mark.parametrize("terminal", [(6, 20)], indirect=True)
def test_a_small_terminal_shows_what_matters_most(terminal):
    board = running(*planned(make_text=1, make_speech=1, finetune=3, decode=3, score=1, write_report=1))
    for each in (started(1, "make_text", 0.0), finished(1, 1.0), started(2, "make_speech", 1.0), finished(2, 2.0)):
        board.take(each)
    board.take(started(3, "finetune", 2.0))
    Painted(terminal.stream).update(board, 2.0)
    lines = terminal.lines()
    assert [line.split()[0] for line in lines] == ["finetune", "decode", "score", "write_report", "2"]
    assert max(map(len, lines)) < 20


@pytest.mark.parametrize("terminal", [(0, 0)], indirect=True)
def test_a_terminal_that_does_not_know_its_size_is_taken_for_a_usual_one(terminal):
    Painted(terminal.stream).update(running(*planned(score=1)), 0.0)
    assert terminal.lines()[0] == "score  0/1"


def test_a_file_gets_a_line_when_a_stage_is_through_and_seldom_others():
    stream, board = io.StringIO(), running(*planned(make_text=100, score=1))
    screen = Told(stream)
    for job in range(100):
        board.take(started(job, "make_text", float(job)))
        screen.update(board, float(job))
        board.take(finished(job, job + 1.0))
        screen.update(board, job + 1.0)
    assert stream.getvalue().splitlines() == [
        "30 of 101 jobs, 30 s so far: make_text 30/100, 1 running, about 35 s left",
        "60 of 101 jobs, 1 min 00 s so far: make_text 60/100, 1 running, about 20 s left",
        "90 of 101 jobs, 1 min 30 s so far: make_text 90/100, 1 running, about 5 s left",
        "100 of 101 jobs, 1 min 40 s so far: make_text 100/100, 1.0 s each",
    ]


def test_a_file_gets_nothing_while_nothing_happens():
    stream, board = io.StringIO(), running(*planned(finetune=2), started(1, "finetune", 0.0))
    screen = Told(stream)
    for now in range(0, 3600, 10):
        screen.update(board, float(now))
    assert not stream.getvalue()
    board.take(failed(1, "finetune", 3600.0, []))
    board.take(started(2, "finetune", 3600.0))
    screen.update(board, 3600.0)
    assert stream.getvalue() == "0 of 2 jobs, 1 h 00 min so far: finetune 0/2, 1 running, 1 failed\n"


def test_only_a_terminal_that_can_do_it_is_painted(terminal, monkeypatch):
    monkeypatch.setenv("TERM", "xterm")
    assert isinstance(screen_on(terminal.stream), Painted)
    assert isinstance(screen_on(io.StringIO()), Told)
    monkeypatch.setenv("TERM", "dumb")
    assert isinstance(screen_on(terminal.stream), Told)
