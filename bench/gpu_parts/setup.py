"""What every part is given: device, size, scratch folder, time; and how it reports a row."""

import gc
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

import torch

Row = dict[str, Any]
Report = Callable[[Row], None]


@dataclass(frozen=True)
class Setup:
    """``quick`` stands for tiny shapes, which a CPU computes in seconds; ``end`` is a time of ``time.monotonic``."""

    device: str
    quick: bool
    scratch: Path
    end: float
    fixture: Path | None = None  # speech made beforehand, for the proof

    @property
    def left(self) -> float:
        return self.end - time.monotonic()


def attempt(setup: Setup, report: Report, name: Row, measure: Callable[[], Row], needed: float = 0) -> None:
    """Report what ``measure`` finds, or why it found nothing; the other rows go on."""
    if setup.left < needed:
        report({**name, "error": f"skipped: {setup.left:.0f} s were left and it takes up to {needed:.0f}"})
        return
    begin = time.monotonic()
    try:
        row = measure()
    except Exception as error:
        report({**name, "error": f"{type(error).__name__}: {' '.join(str(error).split())[:700]}"})
    else:
        report({**name, **row, "took_s": round(time.monotonic() - begin, 1)})
    finally:
        release(setup.device)


def release(device: str) -> None:
    """Give memory back that nothing refers to any more."""
    gc.collect()
    if device == "cuda":
        torch.cuda.empty_cache()
        torch.cuda.reset_peak_memory_stats()


def synchronize(device: str) -> None:
    if device == "cuda":
        torch.cuda.synchronize()


def seconds_of(device: str, call: Callable[[], object], runs: int, warm: int = 1) -> float:
    """Median of the wall time of a call, after calls that do not count."""
    for _ in range(warm):
        call()
    times = []
    for _ in range(runs):
        synchronize(device)
        begin = time.perf_counter()
        call()
        synchronize(device)
        times.append(time.perf_counter() - begin)
    return median(times)
