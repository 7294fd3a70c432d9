"""Messages about failed jobs."""

from logging import LogRecord
from pathlib import Path

LAST = 15  # lines of a log that are shown: the error message is at its end


def failure(record: LogRecord, name: str) -> str:
    """Message about a failed job: its name, the reason if a cluster gave one, and its log with the last lines."""
    reason = record.rule_msg or ("" if record.log else "It has no log file; its output is above.")
    return "\n".join([f"{name} failed. {reason}".rstrip(), *(_end_of(Path(log)) for log in record.log)])


def group_failure(record: LogRecord) -> str:
    """Message about a failed group of jobs, with the cluster's log; each job also has a message of its own."""
    jobs = sorted({job["rule_name"] for job in record.job_error_info})
    logs = [_end_of(Path(log)) for log in record.aux_logs]
    return "\n".join([f"Jobs that were submitted together failed ({', '.join(jobs)}).", *logs])


def _end_of(log: Path) -> str:
    if not log.is_file():
        return f"  {log} was not written."
    lines = log.read_text(encoding="utf-8", errors="replace").splitlines()
    if not lines:
        return f"  {log} is empty."
    beginning = f"  The last lines of {log}:" if len(lines) > LAST else f"  {log}:"
    return "\n".join([beginning, *(f"    {line}" for line in lines[-LAST:])])
