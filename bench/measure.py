"""Cost of a command: processor time, wall time, peak memory."""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from statistics import median

import psutil

RUNS = 3
LONG = 60.0  # seconds after which a command is not run once more


@dataclass(frozen=True)
class Cost:
    """CPU seconds (user and system), wall seconds, MB of peak RSS, and the number of cores busy with other processes."""

    cpu: float
    wall: float
    rss: float
    others: float
    runs: int = 1


def once(command: list[str], environment: Mapping[str, str]) -> Cost:
    """Cost of one run. Keep the caller small: its memory at the start of a child counts as the child's peak."""
    with tempfile.TemporaryFile() as output:
        busy, begin = _busy(), time.perf_counter()
        child = subprocess.Popen(command, env={**os.environ, **environment}, stdout=output, stderr=subprocess.STDOUT)
        _, status, usage = os.wait4(child.pid, 0)
        wall, busy = time.perf_counter() - begin, _busy() - busy
        child.returncode = os.waitstatus_to_exitcode(status)
        if child.returncode:
            output.seek(0)
            raise RuntimeError(f"{' '.join(command)} failed:\n{output.read().decode(errors='replace')[-4000:]}")
    cpu = usage.ru_utime + usage.ru_stime
    unit = 1 if sys.platform == "darwin" else 1024
    return Cost(cpu, wall, usage.ru_maxrss * unit / 1e6, max(0.0, (busy - cpu) / wall))


def typical(
    command: list[str], environment: Mapping[str, str], prepare: Callable[[], object], runs: int = RUNS
) -> Cost:
    """The median of a few runs, each number by itself, or of fewer runs if they take long; of memory the highest."""
    costs: list[Cost] = []
    while len(costs) < runs and sum(cost.wall for cost in costs) < LONG:
        prepare()
        costs.append(once(command, environment))
    cpu, wall, others = (median(getattr(cost, name) for cost in costs) for name in ("cpu", "wall", "others"))
    return Cost(cpu, wall, max(cost.rss for cost in costs), others, len(costs))


def _busy() -> float:
    """Seconds that all cores together have worked since the machine started."""
    times = psutil.cpu_times()._asdict()
    return sum(times.get(kind, 0.0) for kind in ("user", "nice", "system", "irq", "softirq", "steal"))
