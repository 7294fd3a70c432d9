"""What the project does on a GPU, measured: the CPU's tables, training, decoding, merges; without a GPU, tiny shapes of each.

    python bench/gpu.py --prepare                     # once, where make has installed everything: speech for the proof
    python bench/gpu.py                               # where the GPU is; needs no network
    python bench/gpu.py --parts training --seconds 240

It prints a table for each part and writes bench/results/<card>.json, or, without a GPU, .gpu/cpu.json. Each part is a
process with a share of --seconds: one that fails or takes longer costs the others nothing, and keeps the rows that it
reported. The speech is in .gpu/speech/; packages that the machine lacks are taken from wheels in .gpu/wheels/, which
gpu_wheels.txt lists. Copy .gpu/ to the machine with the project.
"""

import argparse
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

BENCH = Path(__file__).resolve().parent
OWN = BENCH.parent / ".gpu"  # what is made beforehand, and results without a GPU
sys.path[:0] = [str(BENCH), str(BENCH.parent / "workflow" / "scripts")]

# The share of the time that each part may take; what one leaves is the next one's.
SHARES = {"card": 0.06, "proof": 0.22, "training": 0.45, "decoding": 0.15, "merging": 0.12}
LEAST = 8.0  # seconds with which a part is begun
FIRST = 0.25  # of the time, which the first part may take: a machine that has just started may read torch for a minute
GRACE = 5.0  # seconds that a part has to end by itself
PACKAGES = ("torch", "transformers", "peft", "accelerate", "numpy", "safetensors", "triton")
OFFLINE = {"HF_HUB_OFFLINE": "1", "TOKENIZERS_PARALLELISM": "false"}


def main() -> None:
    arguments = parsed()
    if arguments.part:
        run_part(arguments.part, json.loads(arguments.setup))
    elif arguments.stages:
        import_module("gpu_parts.proof").work(arguments.stages, arguments.threads, exact=arguments.exact)
    elif arguments.prepare:
        shutil.rmtree(arguments.speech, ignore_errors=True)
        print(f"made {import_module('gpu_parts.proof').prepare(arguments.speech)}")
    else:
        with tempfile.TemporaryDirectory() as scratch:
            measure(arguments, Path(scratch))


def parsed() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=540, help="parts that would begin later are left out")
    parser.add_argument("--parts", nargs="+", choices=[name for name in SHARES if name != "card"])
    parser.add_argument("--out", type=Path, help="folder of the JSON file")
    parser.add_argument("--prepare", action="store_true", help="make the speech for the proof, with espeak-ng")
    parser.add_argument("--speech", type=Path, default=OWN / "speech", help="folder with that speech")
    parser.add_argument("--wheels", type=Path, default=OWN / "wheels", help="folder with wheels of missing packages")
    for internal in ("--part", "--setup"):
        parser.add_argument(internal, help=argparse.SUPPRESS)
    parser.add_argument("--stages", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--exact", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--threads", type=int, default=1, help=argparse.SUPPRESS)
    return parser.parse_args()


def measure(arguments: argparse.Namespace, scratch: Path) -> None:
    """All parts, each in a process of its own; print and write what they found."""
    begin = time.monotonic()
    if used := import_module("gpu_parts.wheels").unpack(arguments.wheels, scratch / "site"):
        os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, [sys.path[0], os.environ.get("PYTHONPATH")]))
    results = new_results(arguments.parts) | {"wheels": used}
    names = ["card", *(arguments.parts or [name for name in SHARES if name != "card"])]
    for place, name in enumerate(names):
        end = begin + arguments.seconds
        seconds = time_of(name, names[place + 1 :], end - time.monotonic(), arguments.seconds)
        if seconds < LEAST:
            results["skipped"].append(name)
            continue
        print(f"{name}, up to {seconds:.0f} s ...", flush=True)
        setup = setup_of(results["card"], scratch / name, seconds, arguments.speech)
        add(results, name, in_process(name, setup, seconds))
    report = import_module("gpu_parts.results")
    results["seconds"] = time.monotonic() - begin
    on_gpu = results["card"].get("device") == "cuda"
    results["goals"] = report.goals(results["parts"]) if on_gpu else []
    path = report.write(results, arguments.out or (BENCH / "results" if on_gpu else OWN))
    print(f"\n{report.shown(results)}\n{path}, after {results['seconds']:.0f} s", flush=True)


def new_results(parts: list[str] | None) -> dict[str, Any]:
    from tauspeech.runtime.code_version import code_version

    code = code_version().record()
    return {"chosen": parts or "all", "code": code, "card": {}, "versions": {}, "parts": {}, "skipped": []}


def time_of(name: str, later: list[str], left: float, total: float) -> float:
    """Seconds of a part: all that is left but the shares of later parts."""
    share = FIRST if name == "card" else SHARES[name]
    return min(left, max(share * total, left - sum(SHARES[each] * total for each in later)))


def setup_of(card: dict[str, Any], scratch: Path, seconds: float, speech: Path) -> dict[str, Any]:
    """What a part's process is given. If the card is not known it finds the device itself."""
    scratch.mkdir()
    return {
        "device": card.get("device"),
        "peak": card.get("peak_tflops"),
        "scratch": str(scratch),
        "seconds": seconds,
        "fixture": str(speech),
    }


def in_process(name: str, setup: dict[str, Any], seconds: float) -> dict[str, Any]:
    """Rows of a part that runs in a process of its own, with its time and the reason if it failed."""
    begin, log = time.monotonic(), Path(setup["scratch"], "log.txt")
    command = [sys.executable, str(BENCH / "gpu.py"), "--part", name, "--setup", json.dumps(setup)]
    error = None
    with log.open("w") as output:
        process = subprocess.Popen(
            command, env=environment(), stdout=output, stderr=subprocess.STDOUT, start_new_session=True
        )
        try:
            status = process.wait(timeout=seconds + GRACE)
        except subprocess.TimeoutExpired:
            status, error = 0, f"stopped after {seconds + GRACE:.0f} s: {last_lines(log)}"
        finally:
            end(process)
    if status:
        error = f"ended with status {status}: {last_lines(log)}"
    rows = Path(setup["scratch"], "rows.jsonl")
    found = [json.loads(line) for line in rows.read_text().splitlines()] if rows.exists() else []
    return {"rows": found, "error": error, "seconds": time.monotonic() - begin}


def environment() -> dict[str, str]:
    """That of a part, which sees one GPU at most: several would share a batch."""
    first = os.environ.get("CUDA_VISIBLE_DEVICES", "0").split(",")[0]
    return os.environ | OFFLINE | {"CUDA_VISIBLE_DEVICES": first}


def end(process: "subprocess.Popen[bytes]") -> None:
    """Stop the process with all that it has started."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def last_lines(log: Path, count: int = 12) -> str:
    return " / ".join(log.read_text(errors="replace").strip().splitlines()[-count:])[-1500:]


def add(results: dict[str, Any], name: str, part: dict[str, Any]) -> None:
    if name != "card":
        results["parts"][name] = part
        return
    found = {key: value for row in part["rows"] for key, value in row.items()}
    results["versions"] = found.pop("versions", {})
    results["card"] = found | ({"error": part["error"]} if part["error"] else {})


def run_part(name: str, setup: dict[str, Any]) -> None:
    """A part's process: rows go to a file as soon as they are known."""
    if name != "card":
        from transformers.utils import logging

        logging.set_verbosity_error()
        logging.disable_progress_bar()
    place = Path(setup["scratch"], "rows.jsonl")

    def report(row: dict[str, Any]) -> None:
        with place.open("a", encoding="utf-8") as file:
            file.write(json.dumps(row) + "\n")

    begin_part(name, setup, report)


def begin_part(name: str, setup: dict[str, Any], report: Any, **options: Any) -> None:
    end = time.monotonic() + setup["seconds"]
    import torch
    from gpu_parts.setup import Setup

    device = setup["device"] or ("cuda" if torch.cuda.is_available() else "cpu")
    if name == "card":
        report({"device": device, "versions": versions()})  # first, since other parts need it
        report(import_module("gpu_parts.card").card(device))
        return
    quick = device != "cuda"
    given = Setup(device, quick, Path(setup["scratch"]), end, None if quick else Path(setup["fixture"]))
    if name == "training":
        options["peak"] = setup["peak"]
    import_module(f"gpu_parts.{name}").run(given, report, **options)


def versions() -> dict[str, str]:
    found = {"python": sys.version.split()[0]}
    for package in PACKAGES:
        with suppress(PackageNotFoundError):
            found[package] = version(package)
    return found


if __name__ == "__main__":
    main()
