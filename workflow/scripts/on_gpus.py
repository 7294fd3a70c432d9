"""Run a command with GPUs of its own: ``on_gpus.py COUNT COMMAND ...``; a COUNT of 0 hides all GPUs.

Snakemake counts GPUs but does not assign them to jobs. This script locks free GPUs until the command ends, however it ends,
so jobs of other runs on the machine do not use them either. GPUs that Slurm has assigned to a job are used as they are.
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
WAIT = 1.0  # seconds between two attempts


def main(count: int, command: list[str]) -> None:
    if not count:
        if visible():
            print(
                "This machine has a GPU, but the configuration gives none to this job (training.gpus, decoding.gpus).",
                flush=True,
            )
        os.environ["CUDA_VISIBLE_DEVICES"] = ""
    elif not assigned(count):
        os.environ["CUDA_VISIBLE_DEVICES"] = ",".join(lock(count, visible()))
    os.execvp(command[0], command)  # the command inherits the locks


def assigned(count: int) -> bool:
    """True if Slurm has assigned the GPUs; several jobs can share an allocation that has more of them."""
    return "SLURM_JOB_ID" in os.environ and len(visible()) <= count


def visible() -> list[str]:
    """Names of the GPUs that this process may use."""
    names = _names()
    allowed = os.environ.get("CUDA_VISIBLE_DEVICES")
    if allowed is None:
        return list(names.values())
    # Numbers become names: a GPU must have the same lock however the user refers to it.
    return [names.get(device.strip(), device.strip()) for device in allowed.split(",") if device.strip()]


def _names() -> dict[str, str]:
    """Names (UUIDs) of GPUs by their numbers in nvidia-smi."""
    if not shutil.which("nvidia-smi"):
        return {}
    query = ["nvidia-smi", "--query-gpu=index,uuid", "--format=csv,noheader"]
    lines = subprocess.run(query, capture_output=True, text=True).stdout.splitlines()
    return dict(line.split(", ") for line in lines if line.count(", ") == 1)


def lock(count: int, devices: list[str]) -> list[str]:
    """Lock so many of the GPUs, waiting until they are free."""
    if len(devices) < count:
        sys.exit(
            f"Error: the configuration asks for {count} GPUs per job, and {len(devices)} are visible here: "
            "lower training.gpus or decoding.gpus (0 is the CPU), or check the output of nvidia-smi."
        )
    LOCKS.mkdir(exist_ok=True)
    waiting = False
    while len(held := _free(devices, count)) < count:
        for handle in held.values():
            os.close(handle)  # all or none: two jobs must not wait for each other
        if not waiting:
            print(f"Waiting for {count} of the GPUs {', '.join(devices)} ...", flush=True)
            waiting = True
        time.sleep(WAIT)
    for handle in held.values():
        os.set_inheritable(handle, True)
    print(f"On GPU {', '.join(held)}", flush=True)
    return list(held)


def _free(devices: list[str], count: int) -> dict[str, int]:
    """Lock handles of free GPUs, at most ``count``."""
    held: dict[str, int] = {}
    for device in devices:
        handle = os.open(LOCKS / device, os.O_CREAT | os.O_RDWR, 0o600)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(handle)
            continue
        held[device] = handle
        if len(held) == count:
            break
    return held


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2:])
