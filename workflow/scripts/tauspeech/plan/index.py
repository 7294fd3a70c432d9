"""Index of the plan: what the Snakefile asks of it, and how its files are written and read again."""

import json
import sys
from collections.abc import Callable, Sequence
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any

from tauspeech.plan import run_lock
from tauspeech.plan.batches import Batches, batch_files, batches_of
from tauspeech.plan.config import complete
from tauspeech.plan.jobs import Plan, differing
from tauspeech.plan.notes import notes
from tauspeech.plan.own_finetunes import refuse_unknown
from tauspeech.plan.runtime_settings import runtime_settings_of
from tauspeech.runtime.errors import UserError
from tauspeech.runtime.files import canonical_json, canonical_lines, sha256_text, write_many, write_text
from tauspeech.runtime.stages import (
    PLAN_INDEX,
    PRIMARY_OUTPUT,
    RUNTIME_SETTINGS,
    STAGES,
    batch_record_path,
    batch_spec_path,
    receipt_path,
    spec_path,
)

Spec = dict[str, Any]


class PlanIndex:
    """Read-only view of the plan for the Snakefile; ``frozen`` is the index saved as plan/plan.json."""

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
        self.text_source: str = frozen["text_source"]
        self._specification = specification

    def _members(self, stage: str, name: str) -> list[str]:
        """Empty for an unknown name: Snakemake then reports the missing specification."""
        if STAGES[stage].batched:
            return self._batches[stage].get(name, [])
        return [name] if (stage, name) in self._known else []

    def done(self, stage: str, id: str) -> str:
        """The file that a rule writes last: for this job, or for the batch that it belongs to."""
        path = batch_record_path(stage, self._batch[stage, id]) if STAGES[stage].batched else receipt_path(stage, id)
        return f"{self.results}/{path}"

    def is_made(self, stage: str, name: str) -> bool:
        """True if a job or batch has been done as it is planned now, and its files are there."""
        batched = STAGES[stage].batched
        place = batch_spec_path(stage, name) if batched else spec_path(stage, name)
        record = batch_record_path(stage, name) if batched else receipt_path(stage, name)
        planned, made = Path(self.results, place), Path(self.results, record)
        if not (planned.is_file() and made.is_file()):
            return False
        try:
            found = json.loads(made.read_text(encoding="utf-8"))
        except ValueError:
            return False
        key = sha256_text(planned.read_text(encoding="utf-8"))
        # Where an output of a batch's member was deleted, the batch's file says so.
        return found.get("batch" if batched else "key") == key and all(
            (made.parent / file).is_file() for file in found.get("outputs", {})
        )

    def inputs_of(self, stage: str, name: str, roles: Sequence[str]) -> list[str]:
        """Files that a rule waits for: those written last by the inputs in some roles, of a job or of a batch."""
        return sorted({path for id in self._members(stage, name) for path in self._inputs_of_job(stage, id, roles)})

    def inputs_of_one(self, stage: str, id: str, roles: Sequence[str]) -> list[str]:
        """The same of one job of a batched stage."""
        return sorted(self._inputs_of_job(stage, id, roles)) if (stage, id) in self._known else []

    def _inputs_of_job(self, stage: str, id: str, roles: Sequence[str]) -> set[str]:
        inputs = self._specification(stage, id)["inputs"]
        if unnamed := inputs.keys() - set(roles):
            raise ValueError(f"the rule of stage {stage} does not name its input {min(unnamed)}")
        return {
            self.done(job["stage"], job["id"])
            for found in inputs.values()
            for job in (found if isinstance(found, list) else [found])
        }

    def has_input(self, stage: str, name: str, role: str) -> bool:
        return any(role in self._specification(stage, id)["inputs"] for id in self._members(stage, name))

    def synthesises_locally(self, name: str) -> bool:
        """True if a tts job may run a network on this machine that can use a GPU."""
        return self._specification("tts", name)["settings"]["model"]["engine"] not in ("espeak", "kokoro", "http")

    def threads(self, stage: str, name: str) -> int:
        return max((self._specification(stage, id)["threads"] for id in self._members(stage, name)), default=1)

    def common_threads(self, stage: str) -> int | None:
        """The number of threads of all jobs of a stage, if it is the same for all."""
        found = self._threads[stage]
        return found[0] if len(found) == 1 else None

    def gpus(self, section: str) -> int:
        return self._gpus.get(section, 0)

    def receipts(self, stage: str) -> list[str]:
        return [f"{self.results}/{receipt_path(stage, id)}" for found, id in self.jobs if found == stage]

    def wanted(self) -> list[str]:
        """All primary outputs, so that deleted ones are made again; those of batched stages by their batches' records."""
        single = [
            f"{self.results}/{PRIMARY_OUTPUT[stage].format(id=id)}"
            for stage, id in self.jobs
            if stage in PRIMARY_OUTPUT and not STAGES[stage].batched
        ]
        batched = [stage for stage in self._batches if stage in PRIMARY_OUTPUT]
        return single + [
            f"{self.results}/{batch_record_path(stage, name)}" for stage in batched for name in self._batches[stage]
        ]


def open_plan(config: dict[str, Any], origin: str, main: bool) -> PlanIndex:
    """The main process plans and writes; a job that runs elsewhere reads what was written for it."""
    results = Path("results") / str(config.get("name"))
    if not main:
        return _frozen(results)
    try:
        complete_config = complete(config, origin)
        plan = _plan_of(complete_config, results)
    except UserError as error:
        message = str(error)
        raise UserError(message if not message.startswith("key ") else f"{origin}: {message}") from None
    batches = batches_of(plan.jobs)
    frozen = _freeze(plan, batches, complete_config)
    stale = plan.stale(results) | differing(batch_files(batches, results))
    if stale and "--unlock" not in sys.argv and run_lock.in_use(results):
        raise UserError(
            f"another run of {results} is in progress and its plan has changed: wait until that run has ended. "
            "(If no run is in progress, `snakemake --unlock` removes the locks of a killed one.)"
        )
    for note in notes(plan):
        print(f"Note: {note}.", file=sys.stderr)
    about = {
        RUNTIME_SETTINGS: canonical_json(runtime_settings_of(complete_config)),
        PLAN_INDEX: canonical_lines(frozen),
    }
    write_many(stale)
    for file, text in differing({results / name: text for name, text in about.items()}).items():
        write_text(file, text)
    return PlanIndex(str(results), frozen, lambda stage, id: plan.jobs[stage, id].spec)


def _plan_of(config: dict[str, Any], results: Path) -> Plan:
    plan: Plan = import_module(f"tauspeech.experiments.{config['experiment']}.plan").plan(config, results)
    refuse_unknown(config, plan)
    return plan


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
        "text_source": config.get("text", {}).get("source", "template"),
        "main_table": plan.main_table,
        "complete": plan.unfinished is None,
    }


def _frozen(results: Path) -> PlanIndex:
    """The index as it was written; of thousands of specifications a job of a cluster reads its own only."""
    frozen = json.loads((results / PLAN_INDEX).read_text(encoding="utf-8"))

    @cache
    def specification(stage: str, id: str) -> Spec:
        found: Spec = json.loads((results / spec_path(stage, id)).read_text(encoding="utf-8"))
        return found

    return PlanIndex(str(results), frozen, specification)
