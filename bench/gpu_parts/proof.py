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
from collections.abc import Iterator
from contextlib import chdir
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
from gpu_parts.setup import Report, Row, Setup, attempt
from safetensors.numpy import load_file

from tauspeech.runtime.job import Job
from tauspeech.runtime.stages import STAGES

ROOT = Path(__file__).resolve().parents[2]
SCRIPTS = ROOT / "workflow" / "scripts"
NAME = "gpu_proof"
BEFORE = ("text", "speech")  # stages that are done beforehand
LEFT_OUT = ("candidates", "claims", "figure", "report", "voice_samples")
ROUNDING = 0.0101  # of numbers in tables, which have two decimals
THREADS = {"cpu": 4, "cuda": 4, "cpu, other threads": 1}

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
    work(folder / "results" / NAME, threads=1, beforehand=True)
    return folder / "results" / NAME


def work(results: Path, threads: int, beforehand: bool = False) -> None:
    """Do the stages of a plan in this process, each after its inputs: those made beforehand, or all up to the tables."""
    import torch

    torch.set_num_threads(threads)
    if str(SCRIPTS) not in sys.path:
        sys.path.append(str(SCRIPTS))
    for file in in_order(results):
        job = Job(file, threads)
        if (beforehand and job.stage not in BEFORE) or job.done():
            continue
        print(f"{job.stage}/{job.id}", flush=True)
        import_module(Path(STAGES[job.stage].script).stem).main(job)


def in_order(results: Path) -> Iterator[Path]:
    """Specifications of the jobs, inputs first."""
    folder = results / "plan"
    left: dict[tuple[str, str], tuple[Path, set[tuple[str, str]]]] = {}
    for stage in STAGES.keys() - set(LEFT_OUT):
        for file in sorted((folder / stage).rglob("*.json")):
            specification = json.loads(file.read_text(encoding="utf-8"))
            inputs = [
                each
                for found in specification["inputs"].values()
                for each in (found if isinstance(found, list) else [found])
            ]
            left[stage, specification["id"]] = file, {(each["stage"], each["id"]) for each in inputs}
    while left:
        ready = [place for place, (_, inputs) in sorted(left.items()) if not inputs & left.keys()]
        for place in ready:
            yield left.pop(place)[0]


def run(setup: Setup, report: Report, isolated: bool = True) -> None:
    """``isolated`` runs are processes of their own; others share this one, which then sees its devices."""

    def proof() -> Row:
        fixture = speech_of(setup)
        places = {"cpu": setup.scratch / "on-cpu", "other": setup.scratch / "on-the-other"}
        for place in places.values():
            shutil.copytree(fixture, place / NAME)
        results = {device: place / NAME for device, place in places.items()}
        other = "cuda" if setup.device == "cuda" else "cpu, other threads"
        if isolated:
            both = [started(results["cpu"], "cpu"), started(results["other"], other)]
            for process in both:
                finish(process, setup)
        else:
            work(results["cpu"], THREADS["cpu"])
            work(results["other"], THREADS[other])
        return {"compared": f"cpu with {other}"} | compared(results["cpu"], results["other"])

    attempt(setup, report, {"experiment": NAME}, proof)


def speech_of(setup: Setup) -> Path:
    """Results with plan, text and speech: those made beforehand, or new ones where espeak-ng is installed."""
    if setup.fixture and (setup.fixture / "results" / NAME / "plan").is_dir():
        return setup.fixture / "results" / NAME
    return prepare(setup.scratch / "speech", setup.quick)


def started(results: Path, device: str) -> "subprocess.Popen[str]":
    """A process that does the stages, with one GPU or none."""
    command = [sys.executable, str(ROOT / "bench" / "gpu.py"), "--stages", str(results)]
    command += ["--threads", str(min(THREADS[device], os.cpu_count() or 1))]
    environment = dict(os.environ)
    if device != "cuda":
        environment["CUDA_VISIBLE_DEVICES"] = ""
    elif shutil.which("nvidia-smi"):
        command = [sys.executable, str(SCRIPTS / "on_gpus.py"), "1", *command]
    output = (results.parent / "output.txt").open("w")
    return subprocess.Popen(command, env=environment, stdout=output, stderr=subprocess.STDOUT, text=True)


def finish(process: "subprocess.Popen[str]", setup: Setup) -> None:
    try:
        status = process.wait(timeout=max(1.0, setup.left))
    except subprocess.TimeoutExpired:
        process.kill()
        raise
    if status:
        outputs = (path.read_text(errors="replace")[-1500:] for path in setup.scratch.glob("on-*/output.txt"))
        raise RuntimeError("a process failed: " + " ... ".join(outputs))


def compared(one: Path, other: Path) -> Row:
    """Numbers in tables and scores that differ, hypotheses that differ, and how far fine-tuned weights are apart."""
    files = sorted(path.relative_to(one) for path in [*one.glob("tables/*.tsv"), *one.glob("scores/**/*.tsv")])
    numbers, apart, largest = 0, 0, 0.0
    for file in files:
        for left, right in zip(cells(one / file), cells(other / file), strict=True):
            numbers += 1
            difference = distance(left, right)
            largest, apart = max(largest, difference), apart + (difference > ROUNDING)
    hypotheses = [path.relative_to(one) for path in one.glob("hypotheses/**/*.jsonl")]
    lines = [
        left == right
        for file in hypotheses
        for left, right in zip(texts(one / file), texts(other / file), strict=True)
    ]
    return {
        "tables": len([file for file in files if file.parts[0] == "tables"]),
        "cells": numbers,
        "cells_apart": apart,
        "largest_difference": largest,
        "hypotheses": len(lines),
        "hypotheses_apart": lines.count(False),
        "weights_apart": weights_apart(one, other),
        "equal_within_rounding": bool(numbers) and not apart,
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
