"""What lies in a results folder that no plan names any more."""

import json
from collections.abc import Iterable
from pathlib import Path

from tauspeech.plan.index import FROZEN, locked
from tauspeech.plan.runtime_settings import RUNTIME_SETTINGS
from tauspeech.runtime.errors import UserError
from tauspeech.runtime.files import hash_notes, sha256_file
from tauspeech.runtime.receipts import Receipt
from tauspeech.runtime.stages import STAGES, TTS_CACHE, batch_record_path, batch_spec_path, receipt_path, spec_path


def planned_receipts(results: Path) -> list[Path]:
    """Of all jobs of the plan that was written last, as far as they are done."""
    jobs = json.loads((results / FROZEN).read_text(encoding="utf-8"))["jobs"]
    paths = (results / receipt_path(stage, id) for stage, id in jobs)
    return [path for path in paths if path.is_file()]


def orphans(results: Path) -> Iterable[Path]:
    """Files below a results folder that the plan written last does not name."""
    frozen = json.loads((results / FROZEN).read_text(encoding="utf-8"))
    if locked():
        raise UserError("a run is going in this folder: wait until it is through.")
    if not frozen["whole"]:
        raise UserError(
            f"the plan of {results} is not whole before the rarity of its words is checked: run snakemake first."
        )
    named = {results / FROZEN, results / RUNTIME_SETTINGS}
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
