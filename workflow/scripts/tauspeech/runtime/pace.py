"""How far a job is and how fast, as lines in its log."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

SHORT = 1.0  # seconds: what takes less is not worth a line
INTERVAL = 10.0


class Pace:
    """Counts ``what`` is done: a line after a second, then every ten seconds, and one when ``total`` is reached."""

    def __init__(self, what: str, total: int | None = None):
        self._what, self._total = what, total
        self._done, self._begun, self._told = 0, time.monotonic(), SHORT - INTERVAL
        self._lock = threading.Lock()

    def add(self, count: int = 1) -> None:
        with self._lock:
            self._done += count
            now = time.monotonic() - self._begun
            if now >= SHORT and (now >= self._told + INTERVAL or self._done == self._total):
                self._told = now
                print(self._line(now), flush=True)

    def _line(self, seconds: float) -> str:
        rate = self._done / seconds
        told = f"{self._what}, {rate:,.{0 if rate >= 10 else 2}f}/s"
        if self._total is None:
            return f"{self._done:,} {told}"
        left = (self._total - self._done) / rate / 60 if self._done else 0.0
        return f"{self._done:,} of {self._total:,} {told}" + (f", {left:.1f} min left" if left else "")


@contextmanager
def logged(title: str, total: int) -> Iterator[Callable[[int], None]]:
    """What the merge engine tells its progress to."""
    yield Pace(f"numbers ({title})", total).add
