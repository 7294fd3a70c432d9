"""Planned jobs, and the plan: the set of all jobs that some targets need.

A job's specification holds everything that its result depends on, and its key is the hash of that. It names the keys of
its inputs, so a change anywhere changes the specifications downstream of it, and no others.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property, wraps
from pathlib import Path
from typing import Any

from tauspeech.plan.fingerprint import fingerprint
from tauspeech.runtime.files import canonical_lines, sha256_text
from tauspeech.runtime.stages import STAGES, spec_path

Inputs = Mapping[str, "PlannedJob | list[PlannedJob] | None"]


@dataclass(frozen=True, eq=False)
class PlannedJob:
    stage: str
    id: str
    settings: dict[str, Any]
    inputs: Inputs = field(default_factory=dict)
    seed: int = 0
    threads: int = 1  # 0 where the result does not depend on it
    modules: tuple[str, ...] = ()  # modules of tauspeech that the stage's script imports for this job
    batch: str | None = None  # jobs of a batched stage with the same batch share a process; no result depends on it

    @property
    def batch_name(self) -> str:
        return self.batch or self.id

    @cached_property
    def spec(self) -> dict[str, Any]:
        def reference(job: "PlannedJob") -> dict[str, str]:
            return {"stage": job.stage, "id": job.id, "key": job.key}

        inputs = {
            role: [reference(job) for job in jobs] if isinstance(jobs, list) else reference(jobs)
            for role, jobs in self.inputs.items()
            if jobs is not None
        }
        return {
            "stage": self.stage,
            "id": self.id,
            "code": fingerprint(STAGES[self.stage].script, self.modules),
            "modules": list(self.modules),
            "settings": self.settings,
            "inputs": inputs,
            "seed": self.seed,
            "threads": self.threads,
        }

    @cached_property
    def text(self) -> str:
        return canonical_lines(self.spec)

    @cached_property
    def key(self) -> str:
        return sha256_text(self.text)

    @property
    def parents(self) -> list["PlannedJob"]:
        groups = (jobs if isinstance(jobs, list) else [jobs] for jobs in self.inputs.values() if jobs is not None)
        return [job for group in groups for job in group]


def once(method: Callable[..., PlannedJob]) -> Callable[..., PlannedJob]:
    """Decorator that caches a method of a builder by its arguments, so that each job is created once."""

    @wraps(method)
    def remembered(self: Any, *args: Any) -> PlannedJob:
        made: dict[tuple[Any, ...], PlannedJob] = self.made
        key = (method.__qualname__, *args)
        if key not in made:
            made[key] = method(self, *args)
        return made[key]

    return remembered


class Plan:
    """All jobs that the targets need, by stage and id.

    ``main_table`` is the id of the table that a finished run shows; ``unfinished`` says why more jobs follow these.
    """

    def __init__(self, targets: Iterable[PlannedJob], main_table: str | None = None, unfinished: str | None = None):
        self.targets = list(targets)
        self.main_table = main_table
        self.unfinished = unfinished
        self.jobs: dict[tuple[str, str], PlannedJob] = {}
        queue = list(self.targets)
        while queue:
            job = queue.pop()
            known = self.jobs.get((job.stage, job.id))
            if known is None:
                self.jobs[job.stage, job.id] = job
                queue += job.parents
            elif known is not job and known.key != job.key:
                raise ValueError(f"two different jobs are called {job.stage}/{job.id}")

    def specs(self) -> dict[str, str]:
        """Content of each specification, by its path below results/<name>/."""
        return {spec_path(*place): job.text for place, job in self.jobs.items()}

    def stale(self, results: Path) -> dict[Path, str]:
        """Specification files that have to be written; unchanged ones keep their time stamps."""
        return differing({results / path: text for path, text in self.specs().items()})


def differing(files: dict[Path, str]) -> dict[Path, str]:
    return {file: text for file, text in files.items() if _bytes(file) != text.encode()}


def _bytes(file: Path) -> bytes | None:
    try:
        with open(file, "rb") as handle:
            return handle.read()
    except FileNotFoundError:
        return None
