"""Progress of each stage of a run, from the records that Snakemake sends to its loggers."""

from collections.abc import Callable
from dataclasses import dataclass, field
from logging import LogRecord
from types import ModuleType

from snakemake_interface_logger_plugins.common import LogEvent

# Rules without an output, which only collect the files of other rules.
TARGETS = {"all", "candidates", "environments", "rarity"}


def durations() -> ModuleType:
    """Module with the formats of durations, imported at first use for the reason in the docstring of the package."""
    from tauspeech.runtime import durations

    return durations


@dataclass
class StageProgress:
    """Progress of the jobs of a rule; times are those of Snakemake's records."""

    rule: str
    total: int
    threads: int = 1
    done: int = 0
    seconds: float = 0.0  # of all finished jobs together
    running: dict[int, float] = field(default_factory=dict)  # start time by job
    failed: set[int] = field(default_factory=set)

    @property
    def finished(self) -> bool:
        return self.done + len(self.failed) >= self.total

    def seconds_left(self, now: float, parallel: int) -> float | None:
        """Estimate from the mean of the finished jobs and the number of jobs that run in parallel; None without any."""
        if not self.done:
            return None
        mean = self.seconds / self.done
        waiting = self.total - self.done - len(self.failed) - len(self.running)
        work = waiting * mean + sum(max(0.0, mean - (now - begun)) for begun in self.running.values())
        return work / max(1, min(parallel, waiting + len(self.running)))

    @property
    def count(self) -> str:
        return f"{self.done}/{self.total}"

    def state(self, now: float, parallel: int) -> str:
        """Running and failed jobs, and the time left or, for a finished stage, the mean time of a job."""
        parts = [f"{len(self.running)} running"] if self.running else []
        parts += [f"{len(self.failed)} failed"] if self.failed else []
        if self.finished:
            parts += [f"{durations().format_duration(self.seconds / self.done)} each"] if self.done else []
        elif self.running and (left := self.seconds_left(now, parallel)) is not None:
            parts.append(f"about {durations().format_estimate(left)} left")
        return ", ".join(parts)


class Board:
    """Progress of all stages of a run, in the order in which their jobs begin."""

    def __init__(self) -> None:
        self.stages: dict[str, StageProgress] = {}
        self._cores = 1
        self._nodes = 0
        self.begun = 0.0
        self._jobs: dict[int, tuple[StageProgress, str]] = {}
        self._with_terminal: set[int] = set()
        self._events: dict[LogEvent, Callable[[LogRecord], None]] = {
            LogEvent.RESOURCES_INFO: self._resources,
            LogEvent.RUN_INFO: self._begin,
            LogEvent.JOB_INFO: self._start,
            LogEvent.JOB_FINISHED: self._finish,
            LogEvent.JOB_ERROR: self._fail,
        }

    def update(self, record: LogRecord) -> None:
        """Update the counts from a record; records that are not about jobs are ignored."""
        event = getattr(record, "event", None)
        if event in self._events:
            self._events[event](record)

    def name(self, job: int) -> str:
        """Rule and wildcards of a job that has begun."""
        return self._jobs[job][1]

    @property
    def terminal_in_use(self) -> bool:
        """True while a job runs that writes to the terminal itself; the rules of such jobs have a message."""
        return bool(self._with_terminal)

    def state(self, stage: StageProgress, now: float) -> str:
        """Text behind the stage's count. Parallel jobs are limited by nodes on a cluster, by cores on one machine."""
        return stage.state(now, self._nodes or self._cores // stage.threads)

    def total(self, now: float) -> str:
        """Jobs of all stages, and the time since the run began."""
        done, total = (sum(getattr(stage, key) for stage in self.stages.values()) for key in ("done", "total"))
        return f"{done} of {total} jobs, {durations().format_duration(now - self.begun)} so far"

    def _resources(self, record: LogRecord) -> None:
        self._cores = getattr(record, "cores", self._cores)
        self._nodes = getattr(record, "nodes", self._nodes)

    def _begin(self, record: LogRecord) -> None:
        self.begun = record.created
        self.stages = {
            rule: StageProgress(rule, count) for rule, count in record.stats.items() if rule not in {*TARGETS, "total"}
        }

    def _start(self, record: LogRecord) -> None:
        if record.rule_name in TARGETS:
            return
        stage = self._stage(record.rule_name)
        stage.threads = record.threads
        stage.failed.discard(record.jobid)  # Snakemake retries a failed job
        stage.running[record.jobid] = record.created
        id = "/".join(map(str, record.wildcards.values()))
        self._jobs[record.jobid] = stage, f"{record.rule_name} {id}".rstrip()
        if record.rule_msg:
            self._with_terminal.add(record.jobid)

    def _finish(self, record: LogRecord) -> None:
        if record.job_id in self._jobs:
            stage, _ = self._jobs[record.job_id]
            stage.done += 1
            stage.seconds += record.created - stage.running.pop(record.job_id, record.created)
            self._with_terminal.discard(record.job_id)

    def _fail(self, record: LogRecord) -> None:
        stage, _ = self._jobs.setdefault(record.jobid, (self._stage(record.rule_name), record.rule_name))
        stage.running.pop(record.jobid, None)
        stage.failed.add(record.jobid)
        self._with_terminal.discard(record.jobid)

    def _stage(self, rule: str) -> StageProgress:
        """Stage of a rule; one that was not announced at the begin of the run is added."""
        return self.stages.setdefault(rule, StageProgress(rule, 1))
