"""What the Snakefile asks: the plan of a configuration, its specification files, and what rules need of both."""

import json
import sys
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

from tauspeech.plan import foundation
from tauspeech.plan.batches import Batches, batch_files, batches_of
from tauspeech.plan.config import complete
from tauspeech.plan.jobs import Plan, differing
from tauspeech.plan.runtime_settings import RUNTIME_SETTINGS, runtime_settings_of
from tauspeech.runtime.errors import UserError
from tauspeech.runtime.files import canonical_json, canonical_lines, write_many, write_text
from tauspeech.runtime.stages import PRIMARY_OUTPUT, STAGES, batch_record_path, receipt_path, spec_path

EXPERIMENTS = {"rare_words": rare_words, "lors": lors, "foundation": foundation}
FROZEN = "plan/plan.json"  # what rules need of the plan that was written last, beside its specifications


Spec = dict[str, Any]


class OpenPlan:
    """What rules ask of the jobs, which all lie below one folder. ``frozen`` is what is kept of it in a file."""

    def __init__(self, results: str, frozen: dict[str, Any], specification: Callable[[str, str], Spec]):
        self.results = results
        self.jobs = [(stage, id) for stage, id in frozen["jobs"]]
        self._known = set(self.jobs)
        self._batches: dict[str, dict[str, list[str]]] = frozen["batches"]
        self._batch = {
            (stage, id): name for stage, named in self._batches.items() for name, ids in named.items() for id in ids
        }
        self._gpus: dict[str, int] = frozen["gpus"]
        self._threads: dict[str, list[int]] = frozen["threads"]
        self._specification = specification

    def _members(self, stage: str, name: str) -> list[str]:
        """None for a name that no plan asks for: the missing specification then tells Snakemake's user so."""
        if STAGES[stage].batched:
            return self._batches[stage].get(name, [])
        return [name] if (stage, name) in self._known else []

    def done(self, stage: str, id: str) -> str:
        """The file that a rule writes last, for this job or for the batch that it is in."""
        path = batch_record_path(stage, self._batch[stage, id]) if STAGES[stage].batched else receipt_path(stage, id)
        return f"{self.results}/{path}"

    def inputs_of(self, stage: str, name: str) -> list[str]:
        return sorted({path for id in self._members(stage, name) for path in self._inputs_of_job(stage, id)})

    def inputs_of_one(self, stage: str, id: str) -> list[str]:
        """Of one job of a stage that is done in batches."""
        return sorted(self._inputs_of_job(stage, id)) if (stage, id) in self._known else []

    def _inputs_of_job(self, stage: str, id: str) -> set[str]:
        roles = self._specification(stage, id)["inputs"].values()
        return {
            self.done(job["stage"], job["id"]) for role in roles for job in (role if isinstance(role, list) else [role])
        }

    def has_input(self, stage: str, name: str, role: str) -> bool:
        return any(role in self._specification(stage, id)["inputs"] for id in self._members(stage, name))

    def runs_a_network(self, share: str) -> bool:
        """Whether an engine's share of a set may be said by a network on this machine."""
        return self._specification("voiced", share)["settings"]["model"]["engine"] not in ("espeak", "http")

    def threads(self, stage: str, name: str) -> int:
        return max((self._specification(stage, id)["threads"] for id in self._members(stage, name)), default=1)

    def common_threads(self, stage: str) -> int | None:
        """The number that all jobs of a stage have, if they have the same."""
        found = self._threads[stage]
        return found[0] if len(found) == 1 else None

    def gpus(self, section: str) -> int:
        return self._gpus.get(section, 0)

    def receipts(self, stage: str) -> list[str]:
        return [f"{self.results}/{receipt_path(stage, id)}" for found, id in self.jobs if found == stage]

    def wanted(self) -> list[str]:
        """All files that a person may keep, so that a deleted one is made again; a batch sees to its own."""
        single = [
            f"{self.results}/{PRIMARY_OUTPUT[stage].format(id=id)}"
            for stage, id in self.jobs
            if stage in PRIMARY_OUTPUT and not STAGES[stage].batched
        ]
        kept = [stage for stage in self._batches if stage in PRIMARY_OUTPUT]
        return single + [
            f"{self.results}/{batch_record_path(stage, name)}" for stage in kept for name in self._batches[stage]
        ]


def open_plan(config: dict[str, Any], origin: str, main: bool) -> OpenPlan:
    """The main process plans and writes; a job that runs elsewhere reads what was written for it."""
    results = Path("results") / str(config.get("name"))
    if not main:
        return _frozen(results)
    try:
        complete_config = complete(config, origin)
        plan = EXPERIMENTS[complete_config["experiment"]].plan(complete_config, results)
    except UserError as error:
        message = str(error)
        raise UserError(message if not message.startswith("key ") else f"{origin}: {message}") from None
    batches = batches_of(plan.jobs)
    frozen = _freeze(plan, batches, complete_config)
    stale = plan.stale(results) | differing(batch_files(batches, results))
    if stale and locked() and "--unlock" not in sys.argv:
        raise UserError(
            f"another run is going in this folder and the plan for {results} has changed: wait until it is through. "
            "(If no run is going, `snakemake --unlock` clears what a killed one left.)"
        )
    if plan.unfinished:
        print(f"Note: {plan.unfinished}.", file=sys.stderr)
    about = {RUNTIME_SETTINGS: canonical_json(runtime_settings_of(complete_config)), FROZEN: canonical_lines(frozen)}
    write_many(stale)
    for file, text in differing({results / name: text for name, text in about.items()}).items():
        write_text(file, text)
    return OpenPlan(str(results), frozen, lambda stage, id: plan.jobs[stage, id].spec)


def _freeze(plan: Plan, batches: Batches, config: dict[str, Any]) -> dict[str, Any]:
    threads: dict[str, set[int]] = {stage: set() for stage in STAGES}
    for job in plan.jobs.values():
        threads[job.stage].add(job.threads)
    return {
        "jobs": list(map(list, sorted(plan.jobs))),
        "batches": {
            stage: {name: [job.id for job in jobs] for name, jobs in of.items()} for stage, of in batches.items()
        },
        "gpus": {section: config.get(section, {}).get("gpus", 0) for section in ("training", "decoding")},
        "threads": {stage: sorted(found) for stage, found in threads.items()},
        "whole": plan.unfinished is None,
    }


def locked() -> bool:
    """Whether a run holds Snakemake's lock on this folder; its jobs must not find other specifications."""
    locks = Path(".snakemake/locks")
    return locks.is_dir() and any(locks.iterdir())


def _frozen(results: Path) -> OpenPlan:
    """Of thousands of specifications a job of a cluster reads its own."""
    frozen = json.loads((results / FROZEN).read_text(encoding="utf-8"))

    @cache
    def specification(stage: str, id: str) -> Spec:
        return json.loads((results / spec_path(stage, id)).read_text(encoding="utf-8"))

    return OpenPlan(str(results), frozen, specification)
