"""Orphans: files in a results folder that its plan does not name any more."""

import json
from collections.abc import Iterable
from pathlib import Path

from tauspeech.plan.run_lock import LOCK_FILE, in_use
from tauspeech.runtime.errors import UserError
from tauspeech.runtime.files import hash_notes, sha256_file
from tauspeech.runtime.receipts import Receipt
from tauspeech.runtime.stages import (
    PLAN_INDEX,
    RUNTIME_SETTINGS,
    STAGES,
    TTS_CACHE,
    batch_record_path,
    batch_spec_path,
    receipt_path,
    spec_path,
)


def planned_receipts(results: Path) -> list[Path]:
    """Receipts of the finished jobs of the plan that was written last."""
    jobs = json.loads((results / PLAN_INDEX).read_text(encoding="utf-8"))["jobs"]
    paths = (results / receipt_path(stage, id) for stage, id in jobs)
    return [path for path in paths if path.is_file()]


def orphans(results: Path) -> Iterable[Path]:
    """Files below a results folder that the plan written last does not name."""
    frozen = json.loads((results / PLAN_INDEX).read_text(encoding="utf-8"))
    if in_use(results):
        raise UserError(f"a run of {results} is in progress: wait until it has ended.")
    if not frozen["complete"]:
        raise UserError(f"the plan of {results} is incomplete until its first checks are done: run snakemake first.")
    named = {results / PLAN_INDEX, results / RUNTIME_SETTINGS, results / LOCK_FILE}
    working = []
    for stage, id in frozen["jobs"]:
        specification = results / spec_path(stage, id)
        named.add(specification)
        working.append(results / "checkpoints" / id / sha256_file(specification)[:16])
        working.append(results / TTS_CACHE / id)
        receipt = results / receipt_path(stage, id)
        named.add(receipt)
        if receipt.is_file():
            named |= {receipt.parent / name for name in Receipt.read(receipt).content["outputs"]}
    for stage, batches in frozen["batches"].items():
        named |= {results / path(stage, name) for name in batches for path in (batch_spec_path, batch_record_path)}
    named |= {hash_notes(file) for file in named}
    places = {Path(stage.receipt).parts[0] for stage in STAGES.values() if len(Path(stage.receipt).parts) > 1} | {
        "plan",
        "batches",
        "checkpoints",
        TTS_CACHE,
    }
    for place in sorted(places):
        yield from (
            file
            for file in sorted((results / place).rglob("*"))
            if file.is_file() and file not in named and not any(folder in file.parents for folder in working)
        )
