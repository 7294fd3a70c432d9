"""Log records as Snakemake sends them to its loggers."""

import logging
from typing import Any

from snakemake_interface_logger_plugins.common import LogEvent


def record(event: LogEvent | None, at: float = 0.0, level: int = logging.INFO, **content: Any) -> logging.LogRecord:
    made = logging.LogRecord("snakemake.logging", level, "", 0, content.pop("msg", None), None, None)
    made.created = at
    made.__dict__.update(content, **({"event": event} if event else {}))
    return made


def started(job: int, rule: str, at: float, threads: int = 1, rule_msg: str | None = None, **wildcards: str):
    return record(
        LogEvent.JOB_INFO, at, jobid=job, rule_name=rule, rule_msg=rule_msg, threads=threads, wildcards=wildcards
    )


def finished(job: int, at: float) -> logging.LogRecord:
    return record(LogEvent.JOB_FINISHED, at, job_id=job)


def failed(job: int, rule: str, at: float, log: list[str]) -> logging.LogRecord:
    return record(LogEvent.JOB_ERROR, at, logging.ERROR, jobid=job, rule_name=rule, rule_msg=None, log=log)


def planned(at: float = 0.0, cores: int = 2, **counts: int) -> list[logging.LogRecord]:
    """Records at the begin of a run."""
    stats = {**counts, "all": 1, "total": sum(counts.values()) + 1}
    return [record(LogEvent.RESOURCES_INFO, at, cores=cores), record(LogEvent.RUN_INFO, at, stats=stats)]
