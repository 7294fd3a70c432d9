"""What is said of a job that failed."""

from logging import LogRecord
from pathlib import Path

LAST = 15  # lines of a log: the sentence that names the mistake stands at its end


def failure(record: LogRecord, name: str) -> str:
    """Which job, where its log lies, and how it ends; a cluster's executor says why in the record's own message."""
    reason = record.rule_msg or ("" if record.log else "It keeps no log; what it wrote stands above.")
    return "\n".join([f"{name} failed. {reason}".rstrip(), *(_end_of(Path(log)) for log in record.log)])


def group_failure(record: LogRecord) -> str:
    """Its jobs are told one by one; what the cluster has written is told of the whole."""
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
