"""Proof that a GPU gives the CPU's tables: the stages of a tiny rare-word experiment, on both, from the same speech.

The speech is made beforehand (``prepare``), with the specifications of all jobs, where espeak-ng is. Each device then does
the other stages in one process, to which scripts/on_gpus.py gives one GPU or none. Without a GPU the second run is on the
CPU, too, with another number of threads.
"""

import csv
import json
import os
import shutil
import subprocess
import sys
from contextlib import chdir
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.numpy import load_file

from gpu_parts.setup import Report, Row, Setup, attempt
from tauspeech.runtime.job import Job
from tauspeech.runtime.stages import STAGES, spec_path

ROOT = Path(__file__).resolve().parents[2]
SCRIPTS = ROOT / "workflow" / "scripts"
NAME = "gpu_proof"
ROUNDING = 0.0101  # of numbers in tables, which have two decimals
ON_CPU, ON_GPU, EXACT, OTHER = "CPU", "GPU", "GPU without TF32", "CPU, other threads"
THREADS = {ON_CPU: 6, ON_GPU: 4, EXACT: 4, OTHER: 1}

SPLITS = ("train", "validation", "test", "general")
SIZES: dict[bool, dict[str, Any]] = {  # by whether it is to be quick
    False: {
        "text": {"counts": {"train": 96, "validation": 8, "test": 16, "general": 16}},
        "merging": {"grid": [0.3, 0.6]},
    },
    True: {
        "text": {"counts": dict.fromkeys(SPLITS, 2)},
        "merging": {"grid": [0.5], "methods": ["ta"]},
        "control_task": None,
    },
}
WORDS = {False: 2, True: 1}


def prepare(folder: Path, quick: bool = False) -> Path:
    """Write the plan into a folder, with its text and speech; return the folder of the results."""
    from tauspeech.plan.index import open_plan

    folder.mkdir(parents=True, exist_ok=True)
    lines = (ROOT / "config" / "words.tsv").read_text(encoding="utf-8").splitlines()
    (folder / "words.tsv").write_text("\n".join(lines[: WORDS[quick] + 1]) + "\n", encoding="utf-8")
    config = {
        "name": NAME,
        "experiment": "rare_words",
        "words": "words.tsv",
        "base": "foundation/small",
        "training": {"epochs": 1 if quick else 2, "batch": 8, "evaluations": 1, "learning_rate": 5e-4, "gpus": 1},
        "rarity": {"carriers": 3},
        "decoding": {"new_tokens": 40, "batch": 16, "gpus": 1},
    }
    with chdir(folder):
        open_plan(config | SIZES[quick], "the proof", main=True)
    work(folder / "results" / NAME, threads=1, target="speech")
    return folder / "results" / NAME


def work(results: Path, threads: int, target: str = "table", exact: bool = False) -> None:
    """Do all jobs of a stage in this process, after the jobs that they need; what exists is kept.

    ``exact`` turns off TF32, which cuDNN uses in float32 convolutions by default.
    """
    torch.set_num_threads(threads)
    torch.backends.cudnn.allow_tf32 = not exact
    if str(SCRIPTS) not in sys.path:
        sys.path.append(str(SCRIPTS))
    for file in in_order(results, target):
        job = Job(file, threads)
        if not job.done():
            print(f"{job.stage}/{job.id}", flush=True)
            import_module(Path(STAGES[job.stage].script).stem).main(job)


def in_order(results: Path, target: str) -> list[Path]:
    """Specifications of the jobs of a stage and of all that they need, inputs first."""
    found: dict[Path, None] = {}

    def add(file: Path) -> None:
        if file in found:
            return
        inputs = json.loads(file.read_text(encoding="utf-8"))["inputs"].values()
        for job in (job for jobs in inputs for job in (jobs if isinstance(jobs, list) else [jobs])):
            add(results / spec_path(job["stage"], job["id"]))
        found[file] = None

    for file in sorted((results / "plan" / target).rglob("*.json")):
        add(file)
    return list(found)


def run(setup: Setup, report: Report, isolated: bool = True) -> None:
    """``isolated`` runs are processes of their own; others share this one, which then sees its devices."""
    others = (ON_GPU, EXACT) if setup.device == "cuda" else (OTHER,)

    def proof() -> Row:
        fixture = speech_of(setup)
        for name in (ON_CPU, *others):
            shutil.copytree(fixture, place_of(setup, name))
        if isolated:
            for process in [started(setup, name) for name in (ON_CPU, *others)]:
                finish(process, setup)
        else:
            for name in (ON_CPU, *others):
                work(place_of(setup, name), THREADS[name])
        return {"stages": len(in_order(fixture, "table"))}

    attempt(setup, report, {"compared": "all"}, proof)
    for name in others:
        both = place_of(setup, ON_CPU), place_of(setup, name)
        if all((place / "tables").is_dir() for place in both):
            attempt(setup, report, {"compared": f"{ON_CPU} with {name}"}, lambda both=both: compared(*both))


def place_of(setup: Setup, name: str) -> Path:
    return setup.scratch / name.lower().replace(",", "").replace(" ", "-") / NAME


def speech_of(setup: Setup) -> Path:
    """Results with plan, text and speech: those made beforehand, or new ones where espeak-ng is installed."""
    if setup.fixture and (setup.fixture / "results" / NAME / "plan").is_dir():
        return setup.fixture / "results" / NAME
    return prepare(setup.scratch / "speech", setup.quick)


def started(setup: Setup, name: str) -> "subprocess.Popen[str]":
    """A process that does the stages, with one GPU or none."""
    results, environment = place_of(setup, name), dict(os.environ)
    command = [sys.executable, str(ROOT / "bench" / "gpu.py"), "--stages", str(results)]
    command += ["--threads", str(min(THREADS[name], os.cpu_count() or 1))]
    if name in (ON_CPU, OTHER):
        environment["CUDA_VISIBLE_DEVICES"] = ""
    elif name == EXACT:  # beside the other, whose lock it does not wait for
        command += ["--exact"]
    elif shutil.which("nvidia-smi"):
        command = [sys.executable, str(SCRIPTS / "on_gpus.py"), "1", *command]
    with (results.parent / "output.txt").open("w") as output:
        return subprocess.Popen(command, env=environment, stdout=output, stderr=subprocess.STDOUT, text=True)


def finish(process: "subprocess.Popen[str]", setup: Setup) -> None:
    try:
        status = process.wait(timeout=max(1.0, setup.left))
    except subprocess.TimeoutExpired:
        process.kill()
        raise TimeoutError(f"a process took too long: {outputs(setup)}") from None
    if status:
        raise RuntimeError(f"a process ended with status {status}: {outputs(setup)}")


def outputs(setup: Setup) -> str:
    """The last lines that each process has printed."""
    found = (
        " ".join(file.read_text(errors="replace").split())[-200:] for file in sorted(setup.scratch.glob("*/output.txt"))
    )
    return " ... ".join(found)


def compared(one: Path, other: Path) -> Row:
    """Differences between two runs: in tables and scores, in hypotheses, and in weights."""
    lines = [
        left == right
        for file in (path.relative_to(one) for path in one.glob("hypotheses/**/*.jsonl"))
        for left, right in zip(texts(one / file), texts(other / file), strict=True)
    ]
    apart = {
        "hypotheses": len(lines),
        "hypotheses_apart": lines.count(False),
        "weights_apart": weights_apart(one, other),
    }
    return table_differences(one, other) | apart


def table_differences(one: Path, other: Path) -> Row:
    """Cells of tables and scores that differ by more than rounding, and the largest difference."""
    files = sorted(path.relative_to(one) for path in [*one.glob("tables/*.tsv"), *one.glob("scores/**/*.tsv")])
    distances = [
        distance(left, right)
        for file in files
        for left, right in zip(cells(one / file), cells(other / file), strict=True)
    ]
    apart = sum(each > ROUNDING for each in distances)
    return {
        "tables": sum(file.parts[0] == "tables" for file in files),
        "cells": len(distances),
        "cells_apart": apart,
        "largest_difference": max(distances, default=0.0),
        "equal_within_rounding": bool(distances) and not apart,
    }


def cells(file: Path) -> list[str]:
    with file.open(encoding="utf-8", newline="") as handle:
        return [cell for line in csv.reader(handle, delimiter="\t") for cell in line]


def distance(left: str, right: str) -> float:
    """Between two numbers; infinite between other texts that differ."""
    if left == right:
        return 0.0
    try:
        return abs(float(left) - float(right))
    except ValueError:
        return float("inf")


def texts(file: Path) -> list[str]:
    return [json.loads(line)["hypothesis"] for line in file.read_text(encoding="utf-8").splitlines()]


def weights_apart(one: Path, other: Path) -> float:
    """Largest distance between fine-tuned weights, as a share of the largest change of a weight by the training."""
    base = load_file(next(one.glob("models/base/*.safetensors")))
    found = 0.0
    for file in one.glob("models/*/model.safetensors"):
        left, right = load_file(file), load_file(other / file.relative_to(one))
        changes = [np.abs(left[name] - base[name]).max() for name in left if name in base]
        if (change := max(map(float, changes))) > 0:
            found = max(found, max(float(np.abs(left[name] - right[name]).max()) for name in left) / change)
    return found
