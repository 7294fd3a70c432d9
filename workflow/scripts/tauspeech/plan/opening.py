"""What the Snakefile asks: the plan of a configuration, its specification files, and what rules need of both."""

import json
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from tauspeech.errors import UserError
from tauspeech.files import canonical_json, hash_notes, sha256_file, write_text
from tauspeech.plan import foundation, lors, rare_words
from tauspeech.plan.config import complete
from tauspeech.plan.operation import OPERATION, operation_of
from tauspeech.plan.stages import STAGES, receipt_path

EXPERIMENTS = {"rare_words": rare_words, "lors": lors, "foundation": foundation}
FROZEN = "plan/plan.json"  # names of the targets and the files of the plan that was written last

# The file of each stage that a person may look for, beside the receipt that the rules go by.
KEPT = {
    "base": "models/base/config.json",
    "vector": "vectors/{id}.safetensors",
    "merge": "merged/{id}/model.safetensors",
    "score": "scores/{id}.tsv",
    "rarity": "rarity/{id}.json",
    "table": "tables/{id}.tsv",
    "figure": "figures/{id}.svg",
    "claims": "claims.tsv",
    "report": "report.html",
}


class OpenPlan:
    """Specifications by stage and id, and the folder that they and all results lie in."""

    def __init__(self, results: str, specs: dict[tuple[str, str], dict[str, Any]], gpus: dict[str, int]):
        self.results = results
        self._specs = specs
        self._gpus = gpus

    def inputs_of(self, stage: str, id: str) -> list[str]:
        if (stage, id) not in self._specs:
            return []  # the missing specification tells Snakemake's user that no plan asks for this file
        roles = self._specs[stage, id]["inputs"].values()
        jobs = [job for role in roles for job in (role if isinstance(role, list) else [role])]
        return sorted({f"{self.results}/{receipt_path(job['stage'], job['id'])}" for job in jobs})

    def threads(self, stage: str, id: str) -> int:
        return self._specs[stage, id]["threads"] if (stage, id) in self._specs else 1

    def gpus(self, section: str) -> int:
        return self._gpus.get(section, 0)

    def receipts(self, stage: str) -> list[str]:
        return [f"{self.results}/{receipt_path(stage, id)}" for found, id in self._specs if found == stage]

    def wanted(self) -> list[str]:
        """All files that a person may keep, so that a deleted one is made again."""
        kept = (KEPT[stage].format(id=id) for stage, id in self._specs if stage in KEPT)
        return [f"{self.results}/{path}" for path in kept]


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
    gpus = {section: complete_config.get(section, {}).get("gpus", 0) for section in ("training", "decoding")}
    stale = plan.stale(results)
    if stale and locked() and "--unlock" not in sys.argv:
        raise UserError(
            f"another run is going in this folder and the plan for {results} has changed: wait until it is through. "
            "(If no run is going, `snakemake --unlock` clears what a killed one left.)"
        )
    if plan.unfinished:
        print(f"Note: {plan.unfinished}.", file=sys.stderr)
    for file, text in stale.items():
        write_text(file, text)
    operation = canonical_json(operation_of(complete_config))
    if not (results / OPERATION).is_file() or (results / OPERATION).read_text(encoding="utf-8") != operation:
        write_text(results / OPERATION, operation)
    frozen = canonical_json({"jobs": sorted(map(list, plan.jobs)), "gpus": gpus, "whole": plan.unfinished is None})
    if stale or not (results / FROZEN).is_file() or (results / FROZEN).read_text(encoding="utf-8") != frozen:
        write_text(results / FROZEN, frozen)
    return OpenPlan(str(results), {place: job.spec for place, job in plan.jobs.items()}, gpus)


def locked() -> bool:
    """Whether a run holds Snakemake's lock on this folder; its jobs must not find other specifications."""
    locks = Path(".snakemake/locks")
    return locks.is_dir() and any(locks.iterdir())


def _frozen(results: Path) -> OpenPlan:
    frozen = json.loads((results / FROZEN).read_text(encoding="utf-8"))
    specs = {}
    for stage, id in frozen["jobs"]:
        specs[stage, id] = json.loads((results / "plan" / stage / f"{id}.json").read_text(encoding="utf-8"))
    return OpenPlan(str(results), specs, frozen["gpus"])


def orphans(results: Path) -> Iterable[Path]:
    """Files below a results folder that the plan written last does not name."""
    frozen = json.loads((results / FROZEN).read_text(encoding="utf-8"))
    if locked():
        raise UserError("a run is going in this folder: wait until it is through.")
    if not frozen["whole"]:
        raise UserError(
            f"the plan of {results} is not whole before the rarity of its words is checked: run snakemake first."
        )
    named = {results / FROZEN, results / OPERATION}
    training = []
    for stage, id in frozen["jobs"]:
        specification = results / "plan" / stage / f"{id}.json"
        named.add(specification)
        training.append(results / "checkpoints" / id / sha256_file(specification)[:16])
        receipt = results / receipt_path(stage, id)
        named.add(receipt)
        if receipt.is_file():
            named |= {receipt.parent / name for name in json.loads(receipt.read_text(encoding="utf-8"))["outputs"]}
    named |= {hash_notes(file) for file in named}
    places = {Path(stage.receipt).parts[0] for stage in STAGES.values() if len(Path(stage.receipt).parts) > 1} | {
        "plan",
        "checkpoints",
    }
    for place in sorted(places):
        yield from (
            file
            for file in sorted((results / place).rglob("*"))
            if file.is_file() and file not in named and not any(folder in file.parents for folder in training)
        )
