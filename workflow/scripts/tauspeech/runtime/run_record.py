"""What a run did: which jobs, for how long, with how much memory.

It is told by the files that the run left, not by messages: so it holds for jobs of a cluster, too, and for a run that failed.
"""

import json
import time
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from tauspeech.runtime.errors import UserError
from tauspeech.runtime.files import sha256_file
from tauspeech.runtime.receipts import Receipt
from tauspeech.runtime.stages import PLAN_INDEX, STAGES, receipt_path, spec_path

Stamps = dict[Path, int]


@dataclass(frozen=True)
class Measured:
    """One of Snakemake's benchmarks; very short processes have no memory there."""

    seconds: float
    megabytes: float | None


@dataclass(frozen=True)
class StageAccount:
    """Jobs of one stage; ``measured`` are the processes that did them, and one may do several."""

    rule: str
    ran: int
    there: int
    left: int
    measured: tuple[Measured, ...]

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
class Account:
    results: Path
    ended: datetime
    seconds: float  # by the clock
    succeeded: bool
    stages: tuple[StageAccount, ...]

    def count(self, what: str) -> int:
        """Of ``ran``, ``there`` or ``left``, over all stages."""
        return sum(getattr(stage, what) for stage in self.stages)


class Ledger:
    """Opened when a run begins: what has another time stamp at its end is this run's."""

    def __init__(self, results: Path):
        self.results = results

    def open(self) -> None:
        self._begun = time.monotonic()
        jobs = json.loads((self.results / PLAN_INDEX).read_text(encoding="utf-8"))["jobs"]
        self._jobs = {stage: [id for other, id in jobs if other == stage] for stage in STAGES}
        self._before = self._stamps()

    def close(self, succeeded: bool) -> Account:
        now = self._stamps()
        changed = {file for file, stamp in now.items() if self._before.get(file) != stamp}
        stages = tuple(self._stage(stage, ids, changed) for stage, ids in self._jobs.items() if ids)
        seconds = time.monotonic() - self._begun
        return Account(self.results, datetime.now().astimezone(), seconds, succeeded, stages)

    def _stage(self, stage: str, ids: list[str], changed: set[Path]) -> StageAccount:
        receipts = [self.results / receipt_path(stage, id) for id in ids if self._current(stage, id)]
        ran = len(changed.intersection(receipts))
        measured = (measurement(file) for file in self._benchmarks(stage) if file in changed)
        rule = Path(STAGES[stage].script).stem
        return StageAccount(rule, ran, len(receipts) - ran, len(ids) - len(receipts), tuple(measured))

    def _current(self, stage: str, id: str) -> bool:
        """Whether a job's result is there, of the specification that the plan has now."""
        try:
            made = Receipt.read(self.results / receipt_path(stage, id))
        except UserError:  # it is not there, or damaged
            return False
        return made.key == sha256_file(self.results / spec_path(stage, id))

    def _stamps(self) -> Stamps:
        receipts = (self.results / receipt_path(stage, id) for stage, ids in self._jobs.items() for id in ids)
        benchmarks = (file for stage in self._jobs for file in self._benchmarks(stage))
        return {file: file.stat().st_mtime_ns for file in (*receipts, *benchmarks) if file.is_file()}

    def _benchmarks(self, stage: str) -> Iterable[Path]:
        return sorted((self.results / "benchmarks" / stage).rglob("*.tsv"))


def measurement(benchmark: Path) -> Measured:
    names, values = (line.split("\t") for line in benchmark.read_text(encoding="utf-8").splitlines()[:2])
    found = dict(zip(names, values, strict=True))
    memory = found["max_rss"]
    return Measured(float(found["s"]), float(memory) if memory not in ("NA", "-") else None)
