"""A plan is a set of jobs; a job knows everything that its result depends on.

The key of a job is the hash of its specification, and the specification names the keys of its inputs. So
whatever changes anywhere changes the specifications below it, and nothing else does.
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
    module: str | None = None  # that the stage's script imports for this job alone
    together: str | None = (
        None  # with which jobs of its stage it is done, if the stage is batched; no result depends on it
    )

    @property
    def batch(self) -> str:
        return self.together or self.id

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
            "code": fingerprint(STAGES[self.stage].script, chosen=self.module),
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
    """A method that makes a job makes it once, however many others ask for it; arguments are compared as objects."""

    @wraps(method)
    def remembered(self: Any, *args: Any) -> PlannedJob:
        key = (method.__name__, *args)
        if key not in self._made:
            self._made[key] = method(self, *args)
        return self._made[key]

    return remembered


class Plan:
    """All jobs that the targets need, by stage and id."""

    def __init__(self, targets: Iterable[PlannedJob], unfinished: str | None = None):
        """``unfinished`` says why there will be more to do after these targets."""
        self.targets = list(targets)
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
        """Path below results/<name>/ -> content."""
        return {spec_path(*place): job.text for place, job in self.jobs.items()}

    def stale(self, results: Path) -> dict[Path, str]:
        """Specification files that are not yet as they must be. An unchanged one keeps its time stamp."""
        return differing({results / path: text for path, text in self.specs().items()})


def differing(files: dict[Path, str]) -> dict[Path, str]:
    return {file: text for file, text in files.items() if _bytes(file) != text.encode()}


def _bytes(file: Path) -> bytes | None:
    try:
        with open(file, "rb") as handle:
            return handle.read()
    except FileNotFoundError:
        return None
