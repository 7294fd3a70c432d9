"""Batches: jobs of one stage that one process runs in turn, since each is short compared with the start of a process.

For Snakemake a batch is a job; its members keep their own specifications, keys and receipts. So a batch that runs again
runs only the members that are not finished.
"""

import json
from collections.abc import Iterable, Mapping
from pathlib import Path

from tauspeech.plan.jobs import PlannedJob
from tauspeech.runtime.files import canonical_json, sha256_text
from tauspeech.runtime.stages import PRIMARY_OUTPUT, STAGES, batch_record_path, batch_spec_path, receipt_path

Batches = dict[str, dict[str, list[PlannedJob]]]  # by stage and name


def batches_of(jobs: Mapping[tuple[str, str], PlannedJob]) -> Batches:
    found: Batches = {stage: {} for stage, about in STAGES.items() if about.batched}
    for job in jobs.values():
        if job.stage in found:
            found[job.stage].setdefault(job.batch_name, []).append(job)
    return found


def batch_files(batches: Batches, results: Path) -> dict[Path, str]:
    """Batch files: the members that one process has to run."""
    return {
        results / batch_spec_path(stage, name): _text(stage, name, jobs, results)
        for stage, named in batches.items()
        for name, jobs in named.items()
    }


def _text(stage: str, name: str, jobs: list[PlannedJob], results: Path) -> str:
    """Content of a batch file. Its counter ``requests`` rises where an output of a member was deleted: Snakemake then runs it."""
    members = {job.id: job.key for job in sorted(jobs, key=lambda job: job.id)}
    file, record = results / batch_spec_path(stage, name), results / batch_record_path(stage, name)
    before = file.read_text(encoding="utf-8") if file.is_file() else ""
    requests = json.loads(before)["requests"] if before else 0
    text = canonical_json({"stage": stage, "id": name, "members": members, "requests": requests})
    done = text == before and record.is_file() and json.loads(record.read_text(encoding="utf-8"))["batch"]
    if done == sha256_text(text) and _any_output_missing(stage, members, results):
        return canonical_json({"stage": stage, "id": name, "members": members, "requests": requests + 1})
    return text


def _any_output_missing(stage: str, ids: Iterable[str], results: Path) -> bool:
    paths = [receipt_path(stage, id) for id in ids] + [
        PRIMARY_OUTPUT[stage].format(id=id) for id in ids if stage in PRIMARY_OUTPUT
    ]
    return any(not (results / path).is_file() for path in paths)
