"""Which of Snakemake's messages reach a person, and as what."""

import logging
import os
import sys

import pytest
from snakemake.settings.enums import Quietness
from snakemake.settings.types import OutputSettings
from snakemake_interface_logger_plugins.common import LogEvent
from snakemake_interface_logger_plugins.registry import LoggerPluginRegistry
from snakemake_interface_logger_plugins.tests import TestLogHandlerBase

from snakemake_logger_plugin_tauspeech import LogHandler
from tests.progress.conftest import failed, finished, planned, record, started


class TestInterface(TestLogHandlerBase):
    """What Snakemake asks of every such class."""

    __test__ = True

    def get_log_handler_cls(self):
        return LogHandler

    def get_log_handler_settings(self):
        return None


def shown(capsys, *records: logging.LogRecord, **settings) -> str:
    handler = LogHandler(OutputSettings(**{"printshellcmds": False} | settings), None)
    assert handler.writes_to_stream
    for each in records:
        handler.handle(each)
    handler.close()
    return capsys.readouterr().err


def test_snakemake_finds_it_by_its_name():
    assert LoggerPluginRegistry().get_plugin("tauspeech").log_handler is LogHandler


@pytest.mark.parametrize("asked", [{"dryrun": True}, {"verbose": True}, {"printshellcmds": True}, {"debug_dag": True}])
def test_a_dry_run_and_who_asks_for_more_get_snakemakes_own_lines(capsys, asked):
    handler = LogHandler(OutputSettings(**{"printshellcmds": False} | asked), None)
    assert not handler.writes_to_stream  # so that Snakemake adds its own handler
    for each in (*planned(score=1), record(None, msg="Hello."), failed(1, "score", 1.0, [])):
        handler.handle(each)
    handler.close()
    assert capsys.readouterr() == ("", "")


def test_a_failed_job_is_told_by_the_end_of_its_log(capsys, tmp_path):
    log = tmp_path / "a.log"
    log.write_text(
        "".join(f"step {number}\n" for number in range(100)) + "Error in score 'a': it is broken.\n", "utf-8"
    )
    job = started(1, "score", 0.0, id="raw/a")
    told = shown(capsys, *planned(score=2), job, failed(1, "score", 1.0, [str(log)]))
    assert f"score raw/a failed.\n  The last lines of {log}:\n    step 86\n" in told
    assert "    Error in score 'a': it is broken.\n" in told
    assert "step 85" not in told


@pytest.mark.parametrize(
    ("content", "sentence"),
    [(None, "was not written."), ("", "is empty."), ("\xff\x00\n", ":\n    ")],
)
def test_any_log_can_be_told(capsys, tmp_path, content, sentence):
    log = tmp_path / "a.log"
    if content is not None:
        log.write_bytes(content.encode("latin-1"))
    assert f"  {log}{sentence if sentence[0] == ':' else ' ' + sentence}" in shown(
        capsys, *planned(score=1), failed(1, "score", 1.0, [str(log)])
    )


def test_what_snakemake_says_to_itself_is_left_out_and_the_rest_is_passed_on(capsys):
    left_out = ("Building DAG of jobs...", "Select jobs to execute...", "Execute 1 jobs...")
    passed = ("Nothing to be done (all requested files are present and up to date).", "A table\nof two lines")
    told = shown(capsys, *(record(None, msg=text) for text in (*left_out, *passed)))
    assert told.splitlines() == "\n".join(passed).splitlines()
    assert "Execute with care" in shown(capsys, record(None, level=logging.WARNING, msg="Execute with care"))


def test_a_rule_with_a_message_says_it(capsys):
    told = shown(capsys, *planned(environment=1), started(1, "environment", 0.0, rule_msg="Making the environment."))
    assert told == "Making the environment.\n"


@pytest.mark.parametrize(
    ("quiet", "progress", "errors"),
    [(set(), True, True), ({Quietness.PROGRESS}, False, True), ({Quietness.ALL}, False, False)],
)
def test_quiet_is_quiet(capsys, quiet, progress, errors):
    jobs = [started(1, "score", 0.0), finished(1, 1.0), started(2, "decode", 1.0), failed(2, "decode", 2.0, [])]
    told = shown(capsys, *planned(score=1, decode=1), *jobs, quiet=quiet)
    assert ("score 1/1" in told) is progress
    assert ("decode failed." in told) is errors


def test_a_job_that_speaks_itself_is_not_painted_over(monkeypatch, capsys):
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    monkeypatch.setattr(os, "get_terminal_size", lambda fileno: os.terminal_size((80, 24)))
    monkeypatch.setattr(sys.stderr, "fileno", lambda: 2, raising=False)
    monkeypatch.setenv("TERM", "xterm")
    handler = LogHandler(OutputSettings(printshellcmds=False), None)
    for each in (*planned(environment=1, score=1), started(1, "environment", 0.0, rule_msg="Making it.")):
        handler.handle(each)
    capsys.readouterr()
    handler.handle(started(2, "score", 0.0))
    assert capsys.readouterr().err == ""
    handler.handle(finished(1, 1.0))
    assert "environment  1/1" in capsys.readouterr().err
    handler.close()
    assert capsys.readouterr().err.startswith("\x1b[")  # nothing of it stays


def test_a_record_that_cannot_be_read_does_not_silence_those_that_follow(capsys):
    told = shown(capsys, record(LogEvent.JOB_FINISHED), record(None, msg="Hello."))
    assert "AttributeError" in told and told.endswith("Hello.\n")


def test_a_cluster_says_why_a_job_failed(capsys, tmp_path):
    log = tmp_path / "log"
    log.write_text("step 7\n", encoding="utf-8")
    error = failed(1, "score", 1.0, [str(log)])
    error.rule_msg = "SLURM-job '24' failed, SLURM status is: 'TIMEOUT'."
    told = shown(capsys, *planned(score=1), started(1, "score", 0.0, id="a"), error)
    assert f"score a failed. SLURM-job '24' failed, SLURM status is: 'TIMEOUT'.\n  {log}:\n    step 7\n" in told


def test_jobs_that_were_submitted_together_are_told_with_the_clusters_log(capsys, tmp_path):
    log = tmp_path / "24.log"
    log.write_text("slurmstepd: error: out of memory\n", encoding="utf-8")
    jobs = [{"rule_name": "make_text"}, {"rule_name": "make_speech"}, {"rule_name": "make_text"}]
    error = record(LogEvent.GROUP_ERROR, 1.0, logging.ERROR, groupid="sets", aux_logs=[str(log)], job_error_info=jobs)
    told = shown(capsys, *planned(make_text=2, make_speech=1), error)
    assert "Jobs that were submitted together failed (make_speech, make_text).\n" in told
    assert "slurmstepd: error: out of memory" in told


def test_that_a_command_failed_is_not_told_beside_what_it_said(capsys):
    text = 'RuleException:\nCalledProcessError in file "rules/report.smk", line 16:\nCommand ...'
    assert shown(capsys, record(LogEvent.ERROR, level=logging.ERROR, msg=text)) == ""


def test_the_error_that_ends_a_run_is_passed_on(capsys):
    end = record(LogEvent.ERROR, level=logging.ERROR, msg="WorkflowError:\nAt least one job did not complete.")
    assert "At least one job did not complete." in shown(capsys, end)
