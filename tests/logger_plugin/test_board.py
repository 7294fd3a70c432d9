"""Counts, states and remaining times of the stages of a run."""

import pytest
from snakemake_interface_logger_plugins.common import LogEvent

from snakemake_logger_plugin_tauspeech.board import TARGETS, Board
from tauspeech.runtime.durations import format_duration, format_estimate
from tests.logger_plugin.records import failed, finished, planned, record, started


def board_of(*records) -> Board:
    board = Board()
    for each in records:
        board.update(each)
    return board


def line(board: Board, rule: str, now: float) -> str:
    stage = board.stages[rule]
    return f"{stage.count} {board.state(stage, now)}".rstrip()


def test_a_stage_counts_what_is_done_and_what_runs():
    board = board_of(*planned(make_text=3, finetune=2), started(1, "make_text", 1.0, id="a"), finished(1, 5.0))
    board.update(started(2, "make_text", 5.0, id="b"))
    assert line(board, "make_text", 5.0) == "1/3 1 running, about 5 s left"
    assert line(board, "finetune", 5.0) == "0/2"
    assert board.total(6.0) == "1 of 5 jobs, 6.0 s so far"


@pytest.mark.parametrize(
    ("cores", "threads", "left"),
    [
        (1, 1, 270.0),  # two wait, 100 s each; 70 s of the third remain
        (2, 1, 135.0),
        (8, 1, 90.0),  # only three jobs are left to run in parallel
        (8, 4, 135.0),
        (1, 4, 270.0),  # Snakemake runs a job with too many threads alone
    ],
)
def test_the_estimate_follows_from_mean_and_cores(cores, threads, left):
    board = board_of(*planned(cores=cores, finetune=4), started(1, "finetune", 0.0, threads), finished(1, 100.0))
    board.update(started(2, "finetune", 100.0, threads))
    assert board.state(board.stages["finetune"], 130.0) == f"1 running, about {format_estimate(left)} left"


def test_on_a_cluster_nodes_limit_parallel_jobs():
    board = board_of(record(LogEvent.RESOURCES_INFO, nodes=2), planned(finetune=5)[1])
    for each in (started(1, "finetune", 0.0, 16), finished(1, 100.0), started(2, "finetune", 100.0, 16)):
        board.update(each)
    assert line(board, "finetune", 100.0) == "1/5 1 running, about 3 min left"


def test_the_estimate_is_never_negative():
    board = board_of(*planned(finetune=2), started(1, "finetune", 0.0), finished(1, 10.0), started(2, "finetune", 10.0))
    assert line(board, "finetune", 500.0) == "1/2 1 running, about 5 s left"


def test_a_finished_stage_shows_the_mean_time():
    board = board_of(*planned(score=2), started(1, "score", 0.0), finished(1, 2.0), started(2, "score", 2.0))
    board.update(finished(2, 6.0))
    assert line(board, "score", 6.0) == "2/2 3.0 s each"


def test_a_failed_job_is_counted_once_and_not_while_it_is_retried():
    board = board_of(*planned(decode=2), started(1, "decode", 0.0, id="raw/general"), failed(1, "decode", 3.0, []))
    assert board.name(1) == "decode raw/general"
    assert line(board, "decode", 3.0) == "0/2 1 failed"
    board.update(started(1, "decode", 4.0, id="raw/general"))
    assert line(board, "decode", 4.0) == "0/2 1 running"
    board.update(failed(1, "decode", 5.0, []))
    board.update(started(2, "decode", 5.0, id="raw/a"))
    board.update(finished(2, 6.0))
    assert board.stages["decode"].finished
    assert line(board, "decode", 6.0) == "1/2 1 failed, 1.0 s each"


def test_rules_without_output_are_no_stages():
    board = board_of(*planned(score=1), *(started(9, rule, 1.0) for rule in TARGETS), finished(9, 2.0))
    assert list(board.stages) == ["score"]
    assert board.total(2.0).startswith("0 of 1 jobs")


def test_a_job_can_fail_without_having_begun():
    board = board_of(*planned(score=1), failed(7, "score", 1.0, []))
    assert board.name(7) == "score"
    assert line(board, "score", 1.0) == "0/1 1 failed"


@pytest.mark.parametrize(
    ("seconds", "exact", "rough"),
    [
        (0.04, "0.0 s", "5 s"),
        (9.96, "10 s", "10 s"),
        (59.4, "59 s", "1 min"),
        (59.6, "1 min 00 s", "1 min"),
        (3599.6, "1 h 00 min", "1 h 00 min"),
        (7500, "2 h 05 min", "2 h 00 min"),
    ],
)
def test_durations(seconds, exact, rough):
    assert (format_duration(seconds), format_estimate(seconds)) == (exact, rough)
