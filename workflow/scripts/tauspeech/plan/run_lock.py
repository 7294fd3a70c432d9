"""Lock of a results folder: one run at a time for each name, while runs of other names go on side by side.

Snakemake's own locks are not enough: a run that ends removes those of all runs in the folder.
"""

import fcntl
import os
from pathlib import Path

LOCK_FILE = "plan/.lock"
_held: dict[Path, int] = {}  # descriptors, kept open until the process ends


def acquire(results: Path) -> bool:
    """Take the lock until this process ends, however it ends; False if another process holds it."""
    path = (results / LOCK_FILE).resolve()
    if path in _held:
        return True
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_CREAT | os.O_RDWR, 0o644)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        return False
    except OSError:  # a file system without locks: Snakemake's own have to do
        os.close(descriptor)
        return True
    _held[path] = descriptor
    return True


def in_use(results: Path) -> bool:
    """True if a run of this results folder is going, or was killed and left Snakemake's locks."""
    return not acquire(results) or _locked_by_snakemake(results)


def _locked_by_snakemake(results: Path) -> bool:
    """Snakemake's locks list the files of a run, one a line."""
    prefix = f"{results}/"
    for lock in Path(".snakemake/locks").glob("*.output.lock"):
        try:
            with open(lock, encoding="utf-8") as files:
                if any(file.startswith(prefix) for file in files):
                    return True
        except FileNotFoundError:  # that run has just ended
            continue
    return False
