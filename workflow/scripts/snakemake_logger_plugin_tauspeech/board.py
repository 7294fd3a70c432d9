"""How far each stage of a run is, from what Snakemake tells its loggers."""

from collections.abc import Callable
from dataclasses import dataclass, field
from logging import LogRecord

from snakemake_interface_logger_plugins.common import LogEvent

from snakemake_logger_plugin_tauspeech.durations import roughly, spoken

# Rules that only name what others make.
TARGETS = {"all", "candidates", "environments", "rarity"}


@dataclass
class Stage:
    """The jobs of one rule; times are those of Snakemake's records."""

    rule: str
    total: int
    threads: int = 1
    done: int = 0
    seconds: float = 0.0  # of all that are done
    running: dict[int, float] = field(default_factory=dict)  # job -> when it began
    failed: set[int] = field(default_factory=set)

    @property
    def over(self) -> bool:
        return self.done + len(self.failed) >= self.total

    def left(self, now: float, abreast: int) -> float | None:
        """Seconds, if so many jobs at a time are of this stage, and like those that are done."""
        if not self.done:
            return None
        mean = self.seconds / self.done
        waiting = self.total - self.done - len(self.failed) - len(self.running)
        work = waiting * mean + sum(max(0.0, mean - (now - begun)) for begun in self.running.values())
        return work / max(1, min(abreast, waiting + len(self.running)))

    @property
    def count(self) -> str:
        return f"{self.done}/{self.total}"

    def state(self, now: float, abreast: int) -> str:
        told = [f"{len(self.running)} running"] if self.running else []
        told += [f"{len(self.failed)} failed"] if self.failed else []
        if self.over:
            told += [f"{spoken(self.seconds / self.done)} each"] if self.done else []
        elif self.running and (left := self.left(now, abreast)) is not None:
            told.append(f"about {roughly(left)} left")
        return ", ".join(told)


class Board:
    """All stages of a run, in the order in which they are worked on."""

    def __init__(self) -> None:
        self.stages: dict[str, Stage] = {}
        self._cores = 1
        self._nodes = 0
        self.begun = 0.0
        self._jobs: dict[int, tuple[Stage, str]] = {}
        self._speaking: set[int] = set()
        self._events: dict[LogEvent, Callable[[LogRecord], None]] = {
            LogEvent.RESOURCES_INFO: self._resources,
            LogEvent.RUN_INFO: self._begin,
            LogEvent.JOB_INFO: self._start,
            LogEvent.JOB_FINISHED: self._finish,
            LogEvent.JOB_ERROR: self._fail,
        }

    def take(self, record: LogRecord) -> None:
        """Note what a record says; those that are not about jobs say nothing here."""
        if note := self._events.get(getattr(record, "event", None)):
            note(record)

    def name(self, job: int) -> str:
        """Of a job that has begun: its rule and what its wildcards are."""
        return self._jobs[job][1]

    @property
    def speaking(self) -> bool:
        """Whether a job is running that writes to the terminal itself; such rules have a message."""
        return bool(self._speaking)

    def state(self, stage: Stage, now: float) -> str:
        """What a line says behind the stage's count; of a cluster Snakemake counts the jobs, here the cores."""
        return stage.state(now, self._nodes or self._cores // stage.threads)

    def whole(self, now: float) -> str:
        done, total = (sum(getattr(stage, key) for stage in self.stages.values()) for key in ("done", "total"))
        return f"{done} of {total} jobs, {spoken(now - self.begun)} so far"

    def _resources(self, record: LogRecord) -> None:
        self._cores = getattr(record, "cores", self._cores)
        self._nodes = getattr(record, "nodes", self._nodes)

    def _begin(self, record: LogRecord) -> None:
        self.begun = record.created
        self.stages = {
            rule: Stage(rule, count) for rule, count in record.stats.items() if rule not in {*TARGETS, "total"}
        }

    def _start(self, record: LogRecord) -> None:
        if record.rule_name in TARGETS:
            return
        stage = self._stage(record.rule_name)
        stage.threads = record.threads
        stage.failed.discard(record.jobid)  # where Snakemake tries it again
        stage.running[record.jobid] = record.created
        id = "/".join(map(str, record.wildcards.values()))
        self._jobs[record.jobid] = stage, f"{record.rule_name} {id}".rstrip()
        if record.rule_msg:
            self._speaking.add(record.jobid)

    def _finish(self, record: LogRecord) -> None:
        if record.job_id in self._jobs:
            stage, _ = self._jobs[record.job_id]
            stage.done += 1
            stage.seconds += record.created - stage.running.pop(record.job_id, record.created)
            self._speaking.discard(record.job_id)

    def _fail(self, record: LogRecord) -> None:
        stage, _ = self._jobs.setdefault(record.jobid, (self._stage(record.rule_name), record.rule_name))
        stage.running.pop(record.jobid, None)
        stage.failed.add(record.jobid)
        self._speaking.discard(record.jobid)

    def _stage(self, rule: str) -> Stage:
        """A rule that was not announced gets a line when its first job begins."""
        return self.stages.setdefault(rule, Stage(rule, 1))
