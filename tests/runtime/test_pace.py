"""Lines about the progress of a job in its log."""

import time

import pytest

from tauspeech.runtime.pace import Pace, logged


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch) -> Clock:
    made = Clock()
    monkeypatch.setattr(time, "monotonic", made)
    return made


def test_lines_after_a_second_then_every_ten_and_at_the_end(clock, capsys):
    pace = Pace("utterances", 600)
    for _ in range(600):
        clock.now += 0.0625
        pace.add()
    assert capsys.readouterr().out.splitlines() == [
        "16 of 600 utterances, 16/s, 0.6 min left",
        "176 of 600 utterances, 16/s, 0.4 min left",
        "336 of 600 utterances, 16/s, 0.3 min left",
        "496 of 600 utterances, 16/s, 0.1 min left",
        "600 of 600 utterances, 16/s",
    ]


def test_work_of_less_than_a_second_prints_no_line(clock, capsys):
    pace = Pace("utterances", 10)
    clock.now += 0.9
    pace.add(10)
    assert capsys.readouterr().out == ""


def test_without_a_total_no_time_is_estimated(clock, capsys):
    pace = Pace("clips")
    clock.now += 4
    pace.add(10)
    assert capsys.readouterr().out == "10 clips, 2.50/s\n"


def test_zero_progress_does_not_divide_by_zero(clock, capsys):
    pace = Pace("sentences", 50)
    clock.now += 2
    pace.add(0)
    assert capsys.readouterr().out == "0 of 50 sentences, 0.00/s\n"


def test_the_progress_of_the_merge_engine(clock, capsys):
    with logged("trimming, 1 of 2", 3_000_000) as advance:
        clock.now += 2
        advance(1_000_000)
    assert capsys.readouterr().out == "1,000,000 of 3,000,000 numbers (trimming, 1 of 2), 500,000/s, 0.1 min left\n"
