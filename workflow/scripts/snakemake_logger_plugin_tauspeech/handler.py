"""The log handler: progress by stage and failed jobs with their reasons, in place of most of Snakemake's messages."""

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
from snakemake_logger_plugin_tauspeech.screen import TerminalScreen, screen_on

# Events that the progress display covers, or that only appear in Snakemake's own log.
SILENT = set(LogEvent) - {LogEvent.ERROR, LogEvent.JOB_ERROR, LogEvent.GROUP_ERROR}
HIDDEN = (  # beginnings of messages
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
    """Snakemake's log handler. For a dry run and for verbose output it stays inactive, and Snakemake uses its own.

    A Snakemake process that runs as a job of another one loads no log handler.
    """

    def __post_init__(self) -> None:
        options, stream, quiet = self.common_settings, sys.stderr, set(self.common_settings.quiet or ())
        self._active = not (options.dryrun or options.verbose or options.printshellcmds or options.debug_dag)
        self._progress = self._active and not quiet & {Quietness.PROGRESS, Quietness.ALL}
        self._board, self._screen = Board(), screen_on(stream)
        self._last = ""  # message that was not about a job
        self._messages = ColorizingTextHandler(
            options.nocolor,
            stream,
            DefaultFormatter(quiet, options.show_failed_logs),
            DefaultFilter(quiet, options.debug_dag, options.verbose, options.dryrun, options.printshellcmds),
        )
        self._ended = threading.Event()
        assert self.lock is not None  # logging made it
        self._lock = self.lock
        if self._progress and isinstance(self._screen, TerminalScreen):
            threading.Thread(target=self._tick, daemon=True).start()

    def emit(self, record: logging.LogRecord) -> None:
        if not self._active:
            return
        try:
            self._board.update(record)
            if message := self._message(record):
                self._screen.clear()
                self._messages.handle(message)
            self._show()
        except Exception:
            self.handleError(record)  # an exception would end the logging thread, and with it all messages

    def _message(self, record: logging.LogRecord) -> logging.LogRecord | None:
        """The record to print for a record of Snakemake, or None."""
        event = getattr(record, "event", None)
        if event == LogEvent.JOB_ERROR:
            return _plain(record, failure(record, self._board.name(record.jobid)))
        if event == LogEvent.GROUP_ERROR:
            return _plain(record, group_failure(record))
        if event == LogEvent.ERROR and "CalledProcessError in " in record.getMessage():
            return None  # the error of the job follows
        if event == LogEvent.JOB_INFO and record.rule_msg:
            return _plain(record, record.rule_msg)
        if event in SILENT or (record.levelno < logging.WARNING and self._is_hidden(str(record.msg))):
            return None
        return record

    def _is_hidden(self, message: str) -> bool:
        """True for details, and for a message that Snakemake repeats, such as that it exits after the running jobs."""
        is_repeated, self._last = message == self._last, message
        return is_repeated or message.startswith(HIDDEN)

    def _show(self) -> None:
        if not self._progress:
            return
        if self._board.terminal_in_use or self._ended.is_set():
            self._screen.clear()
        else:
            self._screen.update(self._board, time.time())

    def _tick(self) -> None:
        """Update the times while no job ends."""
        while not self._ended.wait(1.0):
            with self._lock:
                self._show()

    def close(self) -> None:
        with self._lock:
            self._ended.set()
            self._show()
        super().close()

    @property
    def writes_to_stream(self) -> bool:
        return self._active  # if False, Snakemake adds its own handler

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
    """A record of the same level with another text."""
    return logging.LogRecord(record.name, record.levelno, record.pathname, record.lineno, text, None, None)
