"""A results folder with small models, in which planned jobs run as the workflow's scripts run them."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

import extract_vector
import merge_vectors
from tauspeech.plan.builder import Builder
from tauspeech.plan.jobs import PlannedJob
from tauspeech.plan.merges import MergeSpec
from tauspeech.runtime.job import Job
from tauspeech.runtime.receipts import write_receipt
from tauspeech.runtime.stages import receipt_path, spec_path
from tests.vectors import references
from tests.vectors.lab import Lab, Output

SHAPES = {"tall": (40, 11), "wide": (9, 30), "conv": (5, 4, 3), "bias": (13,), "norm.weight": (6,)}
DECODING = {"beams": 1, "batch": 4, "new_tokens": 8, "precision": "fp32", "threads": 1}

Tensors = dict[str, np.ndarray]


class Results:
    """A results folder with a base; fine-tunes, vectors and searches are added to it."""

    def __init__(self, folder: Path):
        self.folder = folder / "results" / "t"
        self.lab = Lab(self.folder / "models")
        self.lab.folder.mkdir(parents=True)
        self._numbers = np.random.default_rng(5)
        self.tensors: dict[str, Tensors] = {}
        base = {name: self._numbers.standard_normal(shape) for name, shape in SHAPES.items()}
        self._write_model("base", base)
        config = {"seed": 1, "base": str(self.lab.folder / "base"), "retrain_foundation": False, "decoding": DECODING}
        self.build = Builder(config, ("ca",), ("en",))
        self.made(self.build.base, "config.json", "model.safetensors")

    def _write_model(self, id: str, tensors: Mapping[str, np.ndarray]) -> None:
        self.tensors[id] = {name: np.asarray(values, np.float32) for name, values in tensors.items()}
        self.lab.model(id, self.tensors[id])

    def path(self, *parts: str) -> Path:
        path = self.folder.joinpath(*parts)
        path.parent.mkdir(parents=True, exist_ok=True)
        return path

    def made(self, job: PlannedJob, *files: str) -> PlannedJob:
        """A job whose files exist already, with its receipt."""
        receipt = self.folder / receipt_path(job.stage, job.id)
        write_receipt(receipt, job.key, job.spec, {}, [receipt.parent / file for file in files], seconds=0)
        return job

    def finetune(self, id: str, of: str = "base") -> PlannedJob:
        """A model that differs from another one a little."""
        moved = {
            name: values + 0.1 * self._numbers.standard_normal(values.shape)
            for name, values in self.tensors[of].items()
        }
        self._write_model(id, moved)
        return self.made(PlannedJob("finetune", id, {}), "config.json", "model.safetensors")

    def vector(self, finetuned: PlannedJob, reference: PlannedJob | None = None, id: str | None = None) -> PlannedJob:
        job = self.build.vector(finetuned, reference, id)
        extract_vector.main(self.at_run_time(job))
        return job

    def tau(self, finetuned: str, reference: str = "base") -> Tensors:
        """Difference of two models, in float64."""
        return references.difference(self.tensors[finetuned], self.tensors[reference])

    def search(self, id: str, chosen: dict[str, Any]) -> PlannedJob:
        """A finished search."""
        self.path("search", f"{id}.json").write_text(json.dumps({"points": [], "chosen": chosen}), encoding="utf-8")
        return self.made(PlannedJob("search", id, {}), f"{id}.json")

    def at_run_time(self, job: PlannedJob) -> Job:
        """The job as its script sees it: read from its specification."""
        spec = self.path(spec_path(job.stage, job.id))
        spec.write_text(job.text, encoding="utf-8")
        return Job(spec, 1)

    def merge_job(self, spec: MergeSpec, base: PlannedJob | None = None) -> Job:
        return self.at_run_time(self.build.merge("mix", spec, base=base))

    def merged(self, spec: MergeSpec, base: PlannedJob | None = None) -> Output:
        job = self.merge_job(spec, base)
        merge_vectors.main(job)
        return Output(job.path(), json.loads(job.path("merge_receipt.json").read_text(encoding="utf-8")))
