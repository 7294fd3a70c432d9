"""Cost of a merge of Whisper-small compared with mergekit: processor time, wall time, memory.

The checkpoints are random, of Whisper-small's shape (242 M parameters, float32), and are written to a temporary folder:
about 8 GB of disk in all. Every row is a process of its own on one thread, with its inputs in the page cache. Three
tables: (a) methods compared with mergekit, with the targets; (b) the curve over the number of vectors; (c) threads.
"""

import argparse
import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import measure
import mergekit_env
from measure import Cost

ROOT = Path(__file__).resolve().parents[1]
TUNED = ("ft1", "ft2", "ft3", "ft4")
WEIGHTS = "model.safetensors"
NEEDED = 9e9  # bytes of disk

TA, TIES, TIES_GLOBAL = "task arithmetic", "TIES keep 0.5, per tensor", "TIES keep 0.5, global"
DARE, LORS = "DARE keep 0.5", "LoRS rank 3% keep 20%"
METHODS: dict[str, tuple[str, dict[str, Any]]] = {
    TA: ("task_arithmetic", {}),
    TIES: ("ties", {"keep": 0.5, "scope": "tensor"}),
    TIES_GLOBAL: ("ties", {"keep": 0.5, "scope": "global"}),
    DARE: ("dare", {"keep": 0.5}),
    LORS: ("lors", {"rank": 0.03, "keep": 0.2}),
}


@dataclass(frozen=True)
class Bench:
    """A folder with the checkpoints, another for outputs, and the number of runs of a row."""

    folder: Path
    work: Path
    quick: bool
    runs: int

    @property
    def out(self) -> Path:
        return self.work / "out"

    def mergekit_output(self, method: str) -> Path:
        """Path of mergekit's result until it is compared with ours."""
        return self.work / f"mergekit-{METHODS[method][0]}"

    def ours(
        self, method: str, count: int, threads: int = 1, hashed: bool = True, tuned: tuple[str, ...] = TUNED
    ) -> Cost:
        """A merge with or without cached hashes of its inputs, which the engine stores beside them."""
        command = [sys.executable, "-m", "tauspeech", "merge", str(self._recipe(method, count, tuned))]
        command += ["-o", str(self.out), "--threads", str(threads)]
        environment = limits(threads) | {"PYTHONPATH": str(ROOT / "workflow" / "scripts")}
        if hashed and not all((self.folder / name / f".{WEIGHTS}.hashes.json").exists() for name in self._used(count)):
            self._prepare()
            measure.once(command, environment)
        return measure.typical(
            command, environment, self._prepare if hashed else self._prepare_without_hashes, self.runs
        )

    def mergekit(self, method: str, density: float = 1.0) -> Cost:
        tuned = [self.folder / name for name in TUNED]
        command = mergekit_env.command(method, self.folder / "base", tuned, self.out, density)
        return measure.typical(command, limits(1) | {"HF_HUB_OFFLINE": "1"}, self._prepare, self.runs)

    def _recipe(self, method: str, count: int, tuned: tuple[str, ...]) -> Path:
        """A recipe with ``count`` vectors; if there are fewer fine-tunes, they are listed again under other ids."""
        name, options = METHODS[method]
        vectors = [
            {"path": str(self.folder / tuned[i % len(tuned)]), "id": f"vector-{i + 1:02}", "weight": 1 / count}
            for i in range(count)
        ]
        content = {"base": str(self.folder / "base"), "method": name, "options": options, "vectors": vectors, "seed": 1}
        path = self.work / "recipe.yaml"
        path.write_text(json.dumps(content), encoding="utf-8")  # which is YAML
        return path

    def _used(self, count: int) -> tuple[str, ...]:
        return ("base", *TUNED[:count])

    def _prepare(self) -> None:
        """Remove the output of the previous run and read the inputs into the page cache."""
        shutil.rmtree(self.out, ignore_errors=True)
        for name in self._used(len(TUNED)):
            with open(self.folder / name / WEIGHTS, "rb", buffering=0) as file:
                while file.read(1 << 20):
                    pass

    def _prepare_without_hashes(self) -> None:
        self._prepare()
        for file in self.folder.glob("*/.*.hashes.json"):
            file.unlink()


def limits(threads: int) -> dict[str, str]:
    return {name: str(threads) for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")}


Columns = list[tuple[str, int]]  # headings with widths


class Table:
    """A table that is printed row by row, as soon as the numbers are known."""

    def __init__(self, title: str, columns: Columns):
        self._widths = [width for _, width in columns]
        print(f"\n{title}\n")
        self.row(*(name for name, _ in columns))

    def row(self, *cells: object) -> None:
        shown = [f"{cell:.2f}" if isinstance(cell, float) else str(cell) for cell in cells]
        first, *others = (f"{cell:>{width}}" for cell, width in zip(shown, self._widths, strict=True))
        print(first.lstrip().ljust(len(first)), *others, sep="  ", flush=True)


NAME: Columns = [("", 46)]
COST: Columns = [("CPU s", 7), ("wall s", 7), ("RSS MB", 6), ("others", 6), ("runs", 4)]


def cells(cost: Cost) -> tuple[object, ...]:
    return cost.cpu, cost.wall, round(cost.rss), cost.others, cost.runs


# (a)


def beside_mergekit(bench: Bench, with_mergekit: bool) -> None:
    title = (
        "(a) Methods, K vectors (10: four fine-tunes, listed again). In brackets: mergekit's CPU s and RSS, over ours.\n"
        "CPU s excludes the hashing of the inputs, whose hashes are cached, and of the output, for the receipt."
    )
    table = Table(title, NAME + COST + [("hashing CPU s", 13), ("(CPU)", 6), ("(with hashing)", 14), ("(RSS)", 6)])
    theirs: dict[str, Cost] = {}
    notes = []
    if with_mergekit:
        for method, name in ((TA, "task_arithmetic"), (TIES, "ties")):
            theirs[method] = bench.mergekit(name, 0.5)
            table.row(f"mergekit 0.1.5 {method}, K=4", *cells(theirs[method]), "", "", "", "")
            bench.out.rename(bench.mergekit_output(method))
    ours: dict[tuple[str, int], Cost] = {}
    for method, count in ((TA, 4), (TA, 10), (TIES, 4), (TIES_GLOBAL, 4), (DARE, 4), (LORS, 1)):
        unhashed = bench.ours(method, count, hashed=False)
        hashed = bench.ours(method, count)
        output = hashing_seconds((bench.out / WEIGHTS).stat().st_size)
        cost = ours[method, count] = replace(hashed, cpu=hashed.cpu - output)
        hashing = max(0.0, unhashed.cpu - hashed.cpu) + output
        anchor = theirs.get({TIES_GLOBAL: TIES}.get(method, method)) if count == 4 else None
        ratios: tuple[object, ...] = ("", "", "")
        if anchor:
            ratios = (anchor.cpu / cost.cpu, anchor.cpu / unhashed.cpu, anchor.rss / cost.rss)
        table.row(f"{method}, K={count}", *cells(cost), hashing, *ratios)
        if anchor and method in theirs:
            notes.append(f"{method}, K=4, compared with mergekit's result: {difference(bench, method)}.")
    print("", *notes, sep="\n")
    if theirs:
        print("TIES may differ where a change lies on the trim threshold, or where the elected sign is a tie.")
        print("mergekit maps its inputs into memory: the kernel can reclaim most of those pages of its RSS.")
    if not bench.quick:
        print_targets(ours, theirs)


def hashing_seconds(size: int) -> float:
    """CPU seconds to hash ``size`` bytes, as the engine does with its output while it is written."""
    digest, piece = hashlib.sha256(), bytes(1 << 20)
    begin = time.process_time()
    for _ in range(size >> 20):
        digest.update(piece)
    return time.process_time() - begin


def difference(bench: Bench, method: str) -> str:
    compared = script("compare", str(bench.out / WEIGHTS), str(bench.mergekit_output(method) / WEIGHTS))
    shutil.rmtree(bench.mergekit_output(method))
    return compared.strip()


def print_targets(ours: dict[tuple[str, int], Cost], theirs: dict[str, Cost]) -> None:
    table = Table("Targets", [("", 60), ("limit", 7), ("measured", 8), ("", 7)])
    for method, count, cpu, share, rss in (
        (TA, 4, 3.0, 1 / 4, 350.0),
        (TIES, 4, 18.0, 1 / 7, 350.0),
        (TIES_GLOBAL, 4, 18.0, 1 / 7, 350.0),
        (LORS, 1, 40.0, None, 700.0),
    ):
        cost = ours[method, count]
        verdict(table, f"{method}, K={count}: CPU s", cpu, cost.cpu)
        verdict(table, f"{method}, K={count}: RSS MB", rss, cost.rss)
        anchor = theirs.get({TIES_GLOBAL: TIES}.get(method, method))
        if share:
            verdict(table, f"{method}, K={count}: share of mergekit's CPU s", share, anchor and cost.cpu / anchor.cpu)
    four, ten = ours[TA, 4], ours[TA, 10]
    verdict(table, "task arithmetic, CPU s of K=10 / K=4 (linear: 10/4)", 2.5, ten.cpu / four.cpu)
    verdict(table, "task arithmetic, RSS of K=10 / K=4 (constant, within 5%)", 1.05, ten.rss / four.rss)


def verdict(table: Table, quantity: str, limit: float, measured: float | None) -> None:
    if measured is None:
        table.row(quantity, limit, "", "unknown")
    else:
        table.row(quantity, limit, measured, "reached" if measured <= limit else "missed")


# (b)


def curve(bench: Bench) -> None:
    """Cost over the number of vectors. Sixteen checkpoints would need 16 GB, so that four are listed again.

    A fine-tune that is listed again costs less, since it is in the processor's cache: the row with a single fine-tune
    shows how much.
    """
    title = "(b) The number of vectors K. Beyond K=4 the same four fine-tunes are listed again, which is cheaper per vector."
    table = Table(title, [*NAME, ("K", 4), *COST, ("CPU s per vector", 19)])
    for method in (TA, TIES):
        first = None
        for count in (1, 2) if bench.quick else (1, 2, 4, 8, 16):
            cost = bench.ours(method, count)
            table.row(method, count, *cells(cost), (cost.cpu - first.cpu) / (count - 1) if first else "")
            first = first or cost
        cost = bench.ours(method, 4, tuned=TUNED[:1])
        table.row("the same, one fine-tune listed 4 times", 4, *cells(cost), (cost.cpu - first.cpu) / 3)


# (c)


def threads(bench: Bench) -> None:
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    title = f"(c) Threads, on {cores} cores. Speed-up is of wall time; the bytes are those of {WEIGHTS}."
    table = Table(title, [*NAME, ("threads", 7), *COST, ("speed-up", 8), ("bytes", 9)])
    for method, count in ((TA, 4), (TIES, 4), (LORS, 1)):
        first, digest = None, ""
        for number in [each for each in (1, 2, 4) if each <= max(2, cores)]:
            cost = bench.ours(method, count, threads=number)
            found = sha256(bench.out / WEIGHTS)
            first, digest = first or cost, digest or found
            same = "equal" if found == digest else "DIFFERENT"
            table.row(f"{method}, K={count}", number, *cells(cost), first.wall / cost.wall, same)


def sha256(path: Path) -> str:
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


# The rest


def script(*arguments: str) -> str:
    """Output of ``checkpoints.py`` as a process of its own; ``measure.once`` explains why this process must stay small."""
    command = [sys.executable, str(ROOT / "bench" / "checkpoints.py"), *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def fill(folder: Path, quick: bool) -> None:
    """Write the checkpoints unless they exist."""
    if (folder / "done").exists():
        return
    folder.mkdir(parents=True, exist_ok=True)
    if not quick and shutil.disk_usage(folder).free < NEEDED:
        raise SystemExit(f"{folder} has less than {NEEDED / 1e9:.0f} GB free; give another folder with --folder.")
    script("make", str(folder), *(["--quick"] if quick else []))
    (folder / "done").touch()


@contextmanager
def prepared(folder: Path | None, quick: bool) -> Iterator[Bench]:
    """Checkpoints in ``folder``, where they stay, or in a temporary one."""
    with tempfile.TemporaryDirectory(prefix="bench-merge-") as temporary:
        place = (folder or Path(temporary)).resolve() / ("quick" if quick else "small")
        fill(place, quick)
        with tempfile.TemporaryDirectory(prefix="work-", dir=place) as work:
            yield Bench(place, Path(work), quick, 1 if quick else measure.RUNS)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--folder", type=Path, help="write the checkpoints there and use them again")
    parser.add_argument("--quick", action="store_true", help="a tiny shape, each row run once, to try the script")
    parser.add_argument("--tables", default="abc", help="the tables, such as ab (default: abc)")
    parser.add_argument("--no-mergekit", action="store_true", help="omit the rows of mergekit")
    arguments = parser.parse_args()

    reason = "--no-mergekit" if arguments.no_mergekit else mergekit_env.install()
    if reason and "a" in arguments.tables:
        print(f"Without mergekit: {reason}")
    print(
        f"Load average {os.getloadavg()[0]:.1f}. A row is the median of up to {measure.RUNS} runs, fewer if they take"
    )
    print("more than a minute in all; RSS is the highest. 'others': cores used by other processes at the time, which")
    print("share caches and cores with the run and increase its CPU seconds. MB are 10^6 bytes.")
    with prepared(arguments.folder, arguments.quick) as bench:
        if "a" in arguments.tables:
            beside_mergekit(bench, reason is None)
        if "b" in arguments.tables:
            curve(bench)
        if "c" in arguments.tables:
            threads(bench)


if __name__ == "__main__":
    main()
