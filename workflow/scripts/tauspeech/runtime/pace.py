"""Progress of a job and its speed, as lines in its log."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

SHORT = 1.0  # seconds; shorter work prints no line
INTERVAL = 10.0  # seconds between two lines


class Pace:
    """Counter of finished items. Prints a line after a second, then every ten seconds, and one when ``total`` is reached."""

    def __init__(self, items: str, total: int | None = None):
        self._items, self._total = items, total
        self._done, self._begun, self._printed = 0, time.monotonic(), SHORT - INTERVAL
        self._lock = threading.Lock()

    def add(self, count: int = 1) -> None:
        with self._lock:
            self._done += count
            now = time.monotonic() - self._begun
            if now >= SHORT and (now >= self._printed + INTERVAL or self._done == self._total):
                self._printed = now
                print(self._line(now), flush=True)

    def _line(self, seconds: float) -> str:
        rate = self._done / seconds
        text = f"{self._items}, {rate:,.{0 if rate >= 10 else 2}f}/s"
        if self._total is None:
            return f"{self._done:,} {text}"
        left = (self._total - self._done) / rate / 60 if self._done else 0.0
        return f"{self._done:,} of {self._total:,} {text}" + (f", {left:.1f} min left" if left else "")


@contextmanager
def logged(title: str, total: int) -> Iterator[Callable[[int], None]]:
    """Progress of the merge engine as lines in the log; the callback for ``Execution``."""
    yield Pace(f"numbers ({title})", total).add
