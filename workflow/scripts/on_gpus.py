"""Run a command on GPUs of its own: ``on_gpus.py COUNT COMMAND ...``; with 0 it sees none.

Snakemake counts GPUs but says nobody which one is theirs. Here a job takes free ones and keeps them, by locks that end
with it however it ends; so two runs on one machine do not share a GPU either. A job that Slurm gave its GPUs has them.
"""

import fcntl
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

LOCKS = Path(tempfile.gettempdir()) / f"tauspeech-gpus-{os.getuid()}"
WAIT = 1.0  # seconds between two looks


def main(count: int, command: list[str]) -> None:
    if not count:
        if visible():
            print(
                "A GPU is here, but the configuration gives this job none (training.gpus, decoding.gpus).", flush=True
            )
        os.environ["CUDA_VISIBLE_DEVICES"] = ""
    elif not given(count):
        os.environ["CUDA_VISIBLE_DEVICES"] = ",".join(take(count, visible()))
    os.execvp(command[0], command)  # the locks live on in the command


def given(count: int) -> bool:
    """Whether Slurm has chosen them; in an allocation with more than that, several jobs may run side by side."""
    return "SLURM_JOB_ID" in os.environ and len(visible()) <= count


def visible() -> list[str]:
    names = _names()
    allowed = os.environ.get("CUDA_VISIBLE_DEVICES")
    if allowed is None:
        return list(names.values())
    # A GPU has one name for all jobs, whether the user calls it by its number or not: locks are by name.
    return [names.get(device.strip(), device.strip()) for device in allowed.split(",") if device.strip()]


def _names() -> dict[str, str]:
    """By nvidia-smi's numbers, which are those that people see."""
    if not shutil.which("nvidia-smi"):
        return {}
    query = ["nvidia-smi", "--query-gpu=index,uuid", "--format=csv,noheader"]
    lines = subprocess.run(query, capture_output=True, text=True).stdout.splitlines()
    return dict(line.split(", ") for line in lines if line.count(", ") == 1)


def take(count: int, devices: list[str]) -> list[str]:
    if len(devices) < count:
        sys.exit(
            f"Error: the configuration asks for {count} GPUs a job and {len(devices)} are to be seen here: "
            "lower training.gpus or decoding.gpus (0 is the CPU), or look what nvidia-smi says."
        )
    LOCKS.mkdir(exist_ok=True)
    waiting = False
    while len(held := _free(devices, count)) < count:
        for lock in held.values():
            os.close(lock)  # all or none, so that two jobs cannot wait for each other
        if not waiting:
            print(f"Waiting for {count} of the GPUs {', '.join(devices)} ...", flush=True)
            waiting = True
        time.sleep(WAIT)
    for lock in held.values():
        os.set_inheritable(lock, True)
    print(f"On GPU {', '.join(held)}", flush=True)
    return list(held)


def _free(devices: list[str], count: int) -> dict[str, int]:
    held: dict[str, int] = {}
    for device in devices:
        lock = os.open(LOCKS / device, os.O_CREAT | os.O_RDWR, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(lock)
            continue
        held[device] = lock
        if len(held) == count:
            break
    return held


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2:])
