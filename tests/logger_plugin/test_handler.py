"""The messages that the log handler prints for Snakemake's records."""

import logging
import os
import subprocess
import sys

import pytest
from snakemake.settings.enums import Quietness
from snakemake.settings.types import OutputSettings
from snakemake_interface_logger_plugins.common import LogEvent
from snakemake_interface_logger_plugins.registry import LoggerPluginRegistry
from snakemake_interface_logger_plugins.tests import TestLogHandlerBase

from snakemake_logger_plugin_tauspeech import LogHandler
from tests.logger_plugin.records import failed, finished, planned, record, started


class TestInterface(TestLogHandlerBase):
    """Snakemake's own tests of the interface."""

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


def test_snakemake_finds_the_plugin_by_its_name():
    assert LoggerPluginRegistry().get_plugin("tauspeech").log_handler is LogHandler


@pytest.mark.parametrize(
    "options", [{"dryrun": True}, {"verbose": True}, {"printshellcmds": True}, {"debug_dag": True}]
)
def test_dry_runs_and_verbose_runs_have_snakemakes_own_output(capsys, options):
    handler = LogHandler(OutputSettings(**{"printshellcmds": False} | options), None)
    assert not handler.writes_to_stream  # so that Snakemake adds its own handler
    for each in (*planned(score=1), record(None, msg="Hello."), failed(1, "score", 1.0, [])):
        handler.handle(each)
    handler.close()
    assert capsys.readouterr() == ("", "")


def test_the_message_about_a_failed_job_has_the_end_of_its_log(capsys, tmp_path):
    log = tmp_path / "a.log"
    log.write_text(
        "".join(f"step {number}\n" for number in range(100)) + "Error in score 'a': it is broken.\n", "utf-8"
    )
    job = started(1, "score", 0.0, id="raw/a")
    printed = shown(capsys, *planned(score=2), job, failed(1, "score", 1.0, [str(log)]))
    assert f"score raw/a failed.\n  The last lines of {log}:\n    step 86\n" in printed
    assert "    Error in score 'a': it is broken.\n" in printed
    assert "step 85" not in printed


def test_a_message_that_is_repeated_is_printed_once(capsys):
    ending, other = record(None, msg="Will exit after finishing currently running jobs."), record(None, msg="Done.")
    printed = shown(capsys, *planned(score=2), ending, ending, finished(1, 1.0), ending, other, ending)
    assert printed.count("Will exit") == 2 and printed.count("Done.") == 1


@pytest.mark.parametrize(
    ("content", "sentence"),
    [(None, "was not written."), ("", "is empty."), ("\xff\x00\n", ":\n    ")],
)
def test_missing_empty_and_binary_logs(capsys, tmp_path, content, sentence):
    log = tmp_path / "a.log"
    if content is not None:
        log.write_bytes(content.encode("latin-1"))
    assert f"  {log}{sentence if sentence[0] == ':' else ' ' + sentence}" in shown(
        capsys, *planned(score=1), failed(1, "score", 1.0, [str(log)])
    )


def test_routine_messages_are_hidden_and_others_are_printed(capsys):
    hidden = ("Building DAG of jobs...", "Select jobs to execute...", "Execute 1 jobs...")
    shown_texts = ("Nothing to be done (all requested files are present and up to date).", "A table\nof two lines")
    printed = shown(capsys, *(record(None, msg=text) for text in (*hidden, *shown_texts)))
    assert printed.splitlines() == "\n".join(shown_texts).splitlines()
    assert "Execute with care" in shown(capsys, record(None, level=logging.WARNING, msg="Execute with care"))


def test_the_message_of_a_rule_is_printed(capsys):
    printed = shown(capsys, *planned(environment=1), started(1, "environment", 0.0, rule_msg="Making the environment."))
    assert printed == "Making the environment.\n"


@pytest.mark.parametrize(
    ("quiet", "progress", "errors"),
    [(set(), True, True), ({Quietness.PROGRESS}, False, True), ({Quietness.ALL}, False, False)],
)
def test_quiet_hides_progress_or_everything(capsys, quiet, progress, errors):
    jobs = [started(1, "score", 0.0), finished(1, 1.0), started(2, "decode", 1.0), failed(2, "decode", 2.0, [])]
    printed = shown(capsys, *planned(score=1, decode=1), *jobs, quiet=quiet)
    assert ("score 1/1" in printed) is progress
    assert ("decode failed." in printed) is errors


def test_the_display_pauses_while_a_job_writes_to_the_terminal(monkeypatch, capsys):
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
    assert capsys.readouterr().err.startswith("\x1b[")  # the display is removed


def test_messages_continue_after_a_malformed_record(capsys):
    printed = shown(capsys, record(LogEvent.JOB_FINISHED), record(None, msg="Hello."))
    assert "AttributeError" in printed and printed.endswith("Hello.\n")


def test_the_reason_of_a_cluster_is_printed(capsys, tmp_path):
    log = tmp_path / "log"
    log.write_text("step 7\n", encoding="utf-8")
    error = failed(1, "score", 1.0, [str(log)])
    error.rule_msg = "SLURM-job '24' failed, SLURM status is: 'TIMEOUT'."
    printed = shown(capsys, *planned(score=1), started(1, "score", 0.0, id="a"), error)
    assert f"score a failed. SLURM-job '24' failed, SLURM status is: 'TIMEOUT'.\n  {log}:\n    step 7\n" in printed


def test_the_message_about_a_failed_group_has_the_clusters_log(capsys, tmp_path):
    log = tmp_path / "24.log"
    log.write_text("slurmstepd: error: out of memory\n", encoding="utf-8")
    jobs = [{"rule_name": "make_text"}, {"rule_name": "make_speech"}, {"rule_name": "make_text"}]
    error = record(LogEvent.GROUP_ERROR, 1.0, logging.ERROR, groupid="sets", aux_logs=[str(log)], job_error_info=jobs)
    printed = shown(capsys, *planned(make_text=2, make_speech=1), error)
    assert "Jobs that were submitted together failed (make_speech, make_text).\n" in printed
    assert "slurmstepd: error: out of memory" in printed


def test_the_exit_status_of_a_command_is_hidden_since_the_error_of_its_job_follows(capsys):
    text = 'RuleException:\nCalledProcessError in file "rules/report.smk", line 16:\nCommand ...'
    assert shown(capsys, record(LogEvent.ERROR, level=logging.ERROR, msg=text)) == ""


def test_the_error_that_ends_a_run_is_printed(capsys):
    end = record(LogEvent.ERROR, level=logging.ERROR, msg="WorkflowError:\nAt least one job did not complete.")
    assert "At least one job did not complete." in shown(capsys, end)


def test_importing_the_plugin_does_not_import_the_package():
    """The package has to come from the project that is run: see the docstring of the plugin."""
    code = "import sys, snakemake_logger_plugin_tauspeech; print([name for name in sys.modules if name.startswith('tauspeech')])"
    environment = os.environ | {"PYTHONPATH": ":".join(filter(None, sys.path))}
    assert subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True).stdout == b"[]\n"
