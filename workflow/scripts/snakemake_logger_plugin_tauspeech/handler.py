"""Snakemake's messages, as people want them: progress by stage, what failed and why, and little else."""

import logging
import sys
import threading
import time

from snakemake.logging import ColorizingTextHandler, DefaultFilter, DefaultFormatter
from snakemake.settings.enums import Quietness
from snakemake_interface_logger_plugins.base import LogHandlerBase
from snakemake_interface_logger_plugins.common import LogEvent

from snakemake_logger_plugin_tauspeech.board import Board
from snakemake_logger_plugin_tauspeech.failure import failure, group_failure
from snakemake_logger_plugin_tauspeech.screen import Painted, screen_on

# What is told in lines of ours, or only to whoever looks at Snakemake's own log.
SILENT = set(LogEvent) - {LogEvent.ERROR, LogEvent.JOB_ERROR, LogEvent.GROUP_ERROR}
CHATTER = (
    "Assuming unrestricted shared filesystem usage",
    "Building DAG of jobs",
    "Conda environments: ignored",
    "Elapsed time: ",
    "Execute ",
    "Group jobs: inactive",
    "Select jobs to execute",
    "Singularity containers: ignored",
    "Using shell: ",
)


class LogHandler(LogHandlerBase):
    """Whoever asks Snakemake for a dry run, or for more than usual, gets Snakemake's own output.

    Snakemake that runs as a job of another one loads no such handler.
    """

    def __post_init__(self) -> None:
        asked, stream, quiet = self.common_settings, sys.stderr, set(self.common_settings.quiet or ())
        self._active = not (asked.dryrun or asked.verbose or asked.printshellcmds or asked.debug_dag)
        self._progress = self._active and not quiet & {Quietness.PROGRESS, Quietness.ALL}
        self._board, self._screen = Board(), screen_on(stream)
        self._messages = ColorizingTextHandler(
            asked.nocolor,
            stream,
            DefaultFormatter(quiet, asked.show_failed_logs),
            DefaultFilter(quiet, asked.debug_dag, asked.verbose, asked.dryrun, asked.printshellcmds),
        )
        self._ended = threading.Event()
        if self._progress and isinstance(self._screen, Painted):
            threading.Thread(target=self._tick, daemon=True).start()

    def emit(self, record: logging.LogRecord) -> None:
        if not self._active:
            return
        try:
            self._board.take(record)
            if message := self._message(record):
                self._screen.clear()
                self._messages.handle(message)
            self._show()
        except Exception:
            self.handleError(record)  # left to itself it would end the thread, and no message would come any more

    def _message(self, record: logging.LogRecord) -> logging.LogRecord | None:
        """What of a record is to be read now."""
        event = getattr(record, "event", None)
        if event == LogEvent.JOB_ERROR:
            return _plain(record, failure(record, self._board.name(record.jobid)))
        if event == LogEvent.GROUP_ERROR:
            return _plain(record, group_failure(record))
        if event == LogEvent.ERROR and "CalledProcessError in " in record.getMessage():
            return None  # the job's own error comes next
        if event == LogEvent.JOB_INFO and record.rule_msg:
            return _plain(record, record.rule_msg)
        chatter = record.levelno < logging.WARNING and str(record.msg).startswith(CHATTER)
        return None if event in SILENT or chatter else record

    def _show(self) -> None:
        if not self._progress:
            return
        if self._board.speaking or self._ended.is_set():
            self._screen.clear()
        else:
            self._screen.update(self._board, time.time())

    def _tick(self) -> None:
        """Times go on while no job ends."""
        while not self._ended.wait(1.0):
            with self.lock:
                self._show()

    def close(self) -> None:
        with self.lock:
            self._ended.set()
            self._show()
        super().close()

    @property
    def writes_to_stream(self) -> bool:
        return self._active  # otherwise Snakemake adds its own

    @property
    def writes_to_file(self) -> bool:
        return False

    @property
    def has_filter(self) -> bool:
        return True

    @property
    def has_formatter(self) -> bool:
        return True

    @property
    def needs_rulegraph(self) -> bool:
        return False


def _plain(record: logging.LogRecord, text: str) -> logging.LogRecord:
    """A record of the same level that says only this."""
    return logging.LogRecord(record.name, record.levelno, record.pathname, record.lineno, text, None, None)
