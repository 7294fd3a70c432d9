"""Record of a run: which jobs it ran, for how long, and with how much memory.

It is taken from the files of the results folder, not from log messages, so it also covers jobs on a cluster and runs that
failed.
"""

import json
import time
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from tauspeech.runtime.code_version import CodeVersion, code_version
from tauspeech.runtime.errors import UserError
from tauspeech.runtime.files import sha256_file
from tauspeech.runtime.receipts import Receipt
from tauspeech.runtime.stages import PLAN_INDEX, STAGES, receipt_path, spec_path

Stamps = dict[Path, int]


@dataclass(frozen=True)
class Measurement:
    """Time and peak memory of a process, from its benchmark file; memory is missing for very short processes."""

    seconds: float
    megabytes: float | None


@dataclass(frozen=True)
class StageSummary:
    """Counts of the jobs of a stage, and measurements of the processes that ran them; a process may run several jobs."""

    rule: str
    ran: int
    up_to_date: int  # not run, since their results are current
    pending: int  # without a current result
    measured: tuple[Measurement, ...]

    @property
    def seconds(self) -> float | None:
        return sum(each.seconds for each in self.measured) if self.measured else None

    @property
    def mean(self) -> float | None:
        return self.seconds / len(self.measured) if self.seconds is not None else None

    @property
    def longest(self) -> float | None:
        return max((each.seconds for each in self.measured), default=None)

    @property
    def peak(self) -> float | None:
        return max((each.megabytes for each in self.measured if each.megabytes is not None), default=None)


@dataclass(frozen=True)
class RunSummary:
    """Summary of a run, with its stages in the order of the workflow."""

    results: Path
    ended: datetime
    seconds: float  # wall-clock time
    succeeded: bool
    stages: tuple[StageSummary, ...]
    code: CodeVersion

    def count(self, state: str) -> int:
        """Number of jobs in a state, ``ran``, ``up_to_date`` or ``pending``, over all stages."""
        return sum(getattr(stage, state) for stage in self.stages)


class RunRecord:
    """Record of a run, opened when it begins and closed when it ends.

    Receipts and benchmarks whose time stamp changes in between are those of this run.
    """

    def __init__(self, results: Path):
        self.results = results

    def open(self) -> None:
        self._begun = time.monotonic()
        code_version()
        jobs = json.loads((self.results / PLAN_INDEX).read_text(encoding="utf-8"))["jobs"]
        self._jobs = {stage: [id for other, id in jobs if other == stage] for stage in STAGES}
        self._before = self._stamps()

    def close(self, succeeded: bool) -> RunSummary:
        now = self._stamps()
        changed = {file for file, stamp in now.items() if self._before.get(file) != stamp}
        stages = tuple(self._stage(stage, ids, changed) for stage, ids in self._jobs.items() if ids)
        seconds = time.monotonic() - self._begun
        return RunSummary(self.results, datetime.now().astimezone(), seconds, succeeded, stages, code_version())

    def _stage(self, stage: str, ids: list[str], changed: set[Path]) -> StageSummary:
        receipts = [self.results / receipt_path(stage, id) for id in ids if self._is_current(stage, id)]
        ran = len(changed.intersection(receipts))
        measured = (read_benchmark(file) for file in self._benchmarks(stage) if file in changed)
        rule = Path(STAGES[stage].script).stem
        return StageSummary(rule, ran, len(receipts) - ran, len(ids) - len(receipts), tuple(measured))

    def _is_current(self, stage: str, id: str) -> bool:
        """True if the job has a result that was made from its present specification."""
        try:
            made = Receipt.read(self.results / receipt_path(stage, id))
        except UserError:  # missing or damaged
            return False
        return made.key == sha256_file(self.results / spec_path(stage, id))

    def _stamps(self) -> Stamps:
        receipts = (self.results / receipt_path(stage, id) for stage, ids in self._jobs.items() for id in ids)
        benchmarks = (file for stage in self._jobs for file in self._benchmarks(stage))
        return {file: file.stat().st_mtime_ns for file in (*receipts, *benchmarks) if file.is_file()}

    def _benchmarks(self, stage: str) -> Iterable[Path]:
        return sorted((self.results / "benchmarks" / stage).rglob("*.tsv"))


def read_benchmark(file: Path) -> Measurement:
    """Measurement in a benchmark file of Snakemake."""
    names, values = (line.split("\t") for line in file.read_text(encoding="utf-8").splitlines()[:2])
    found = dict(zip(names, values, strict=True))
    memory = found["max_rss"]
    return Measurement(float(found["s"]), float(memory) if memory not in ("NA", "-") else None)
