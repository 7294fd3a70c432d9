"""A Slurm of one node on loopback, with two GPUs that are none, without accounting: ``with running(folder): ...``.

The executor's step inside an allocation loses SLURM_CONF, so the configuration must lie where Slurm looks by itself.
"""

import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ETC = Path("/etc/slurm")
OURS = "# Made by the tests of tauspeech"
CPUS = 8  # more than there may be: jobs of a test wait for each other, and share what there is

CONFIGURATION = """{ours}
ClusterName=tauspeech
SlurmctldHost={host}(127.0.0.1)
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
CredType=cred/munge
AuthInfo=socket={folder}/munge.socket
CommunicationParameters=NoInAddrAny,NoCtldInAddrAny
SlurmctldPort=16817
SlurmdPort=16818
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.pid
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool
SlurmctldLogFile={folder}/slurmctld.log
SlurmdLogFile={folder}/slurmd.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
MpiDefault=none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core_Memory
SwitchType=switch/none
MinJobAge=3600
ReturnToService=2
InactiveLimit=0
KillWait=5
GresTypes=gpu
SlurmdParameters=config_overrides
NodeName={host} NodeAddr=127.0.0.1 CPUs={cpus} RealMemory=100000 Gres=gpu:2 State=UNKNOWN
PartitionName=all Nodes={host} Default=YES MaxTime=24:00:00 State=UP
"""


@contextmanager
def running(folder: Path) -> Iterator[None]:
    """Starts three daemons, and stops them whatever happens."""
    existing = ETC / "slurm.conf"
    if existing.exists():
        text = existing.read_text(encoding="utf-8")
        if not text.startswith(OURS):
            raise RuntimeError(f"{existing} is not of these tests: run them on a machine that is in no cluster")
        _stop_all(Path(re.search(r"StateSaveLocation=(.*)/state", text)[1]))  # of tests that were killed
    folder.chmod(0o755)
    _configure(folder)
    try:
        _start(folder)
        yield
    finally:
        _stop_all(folder)


def _stop_all(folder: Path) -> None:
    for name in ("slurmd", "slurmctld", "munged"):
        _stop(folder / f"{name}.pid")
    for file in ("slurm.conf", "gres.conf"):
        (ETC / file).unlink(missing_ok=True)


def jobs() -> list[dict[str, str]]:
    """All jobs that were ever submitted, as Slurm describes them."""
    lines = _told("scontrol", "show", "job", "--oneliner").splitlines()
    return [dict(part.split("=", 1) for part in line.split() if "=" in part) for line in lines if "JobId=" in line]


def _configure(folder: Path) -> None:
    host = socket.gethostname().partition(".")[0]
    for name in ("state", "spool", "dev"):
        (folder / name).mkdir()
    for number in range(2):
        os.mknod(folder / "dev" / f"gpu{number}", 0o020666, os.makedev(1, 3))
    ETC.mkdir(exist_ok=True)
    text = CONFIGURATION.format(ours=OURS, host=host, folder=folder, cpus=CPUS)
    (ETC / "slurm.conf").write_text(text, encoding="utf-8")
    (ETC / "gres.conf").write_text(
        f"{OURS}\nAutoDetect=off\nNodeName={host} Name=gpu File={folder}/dev/gpu[0-1]\n", encoding="utf-8"
    )
    (folder / "munge.key").write_bytes(os.urandom(1024))
    (folder / "munge.key").chmod(0o600)


def _start(folder: Path) -> None:
    files = {"key-file": "munge.key", "socket": "munge.socket", "pid-file": "munged.pid"}
    files |= {"log-file": "munged.log", "seed-file": "munge.seed"}
    _told("munged", "--force", *(f"--{option}={folder / name}" for option, name in files.items()))
    _told("slurmctld", "-c")
    _told("slurmd")
    for _ in range(60):
        if shutil.which("sinfo") and "idle" in _told("sinfo", "--noheader", check=False):
            return
        time.sleep(1)
    raise RuntimeError(f"Slurm did not start:\n{(folder / 'slurmctld.log').read_text(encoding='utf-8')[-3000:]}")


def _stop(pid_file: Path) -> None:
    if not pid_file.is_file():
        return
    pid = int(pid_file.read_text())
    for signal in (15, 9):
        for _ in range(100):
            try:
                os.kill(pid, signal if _ == 0 else 0)
            except ProcessLookupError:
                return
            time.sleep(0.1)


def _told(*command: str, check: bool = True) -> str:
    done = subprocess.run(command, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    if check and done.returncode:
        raise RuntimeError(f"{' '.join(command)}: {done.stdout}")
    return done.stdout


if __name__ == "__main__":  # whether it can be started here: `python -m tests.slurm.node`
    with tempfile.TemporaryDirectory() as name:
        try:
            with running(Path(name)):
                print(f"A Slurm of one node runs here: {_told('sinfo', '--noheader').strip()}")
        except (OSError, RuntimeError) as error:
            sys.exit(f"Error: a Slurm of one node cannot be started here: {error}")
