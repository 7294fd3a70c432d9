"""Jobs on one machine have GPUs of their own until they end."""

import os
import subprocess
import sys
import time

import pytest

from tauspeech.runtime.paths import ROOT

ON_GPUS = ROOT / "workflow" / "scripts" / "on_gpus.py"
PRINT = "import os; print('sees', repr(os.environ['CUDA_VISIBLE_DEVICES']), flush=True)"
PRINT_AND_WAIT = PRINT + "; input()"


@pytest.fixture
def machine(tmp_path):
    """Environment of a job on a machine with two GPUs, by a fake nvidia-smi."""
    tool = tmp_path / "bin" / "nvidia-smi"
    tool.parent.mkdir()
    tool.write_text("#!/bin/sh\necho 0, GPU-a\necho 1, GPU-b\n")
    tool.chmod(0o755)
    hidden = {"CUDA_VISIBLE_DEVICES", "SLURM_JOB_ID"}
    others = {key: value for key, value in os.environ.items() if key not in hidden}
    return others | {"PATH": f"{tool.parent}:{os.environ['PATH']}", "TMPDIR": str(tmp_path)}


@pytest.fixture
def start(machine):
    begun = []

    def job(count, code=PRINT_AND_WAIT, **environment):
        command = [sys.executable, ON_GPUS, str(count), sys.executable, "-c", code]
        process = subprocess.Popen(
            command, env=machine | environment, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )  # fmt: skip
        begun.append(process)
        return process

    yield job
    for process in begun:
        process.kill()
        process.communicate()


def sees(process):
    for line in process.stdout:
        if line.startswith("sees"):
            return line.split(maxsplit=1)[1].strip().strip("'")
    raise AssertionError(process.stderr.read())


def test_a_job_without_gpus_sees_none_and_prints_that_one_exists(start):
    printed = start(0, PRINT).communicate()[0]
    assert printed.startswith("This machine has a GPU, but the configuration gives none to this job")
    assert printed.endswith("sees ''\n")


def test_two_jobs_have_one_each_and_a_third_waits(start):
    first, second = start(1), start(1)
    assert {sees(first), sees(second)} == {"GPU-a", "GPU-b"}
    third = start(1)
    assert third.stdout.readline().startswith("Waiting for 1 of the GPUs GPU-a, GPU-b")
    time.sleep(0.1)
    assert third.poll() is None
    second.communicate("\n")
    assert sees(third) in {"GPU-a", "GPU-b"}


def test_a_killed_job_gives_its_gpus_back(start):
    first = start(2)
    assert sees(first) == "GPU-a,GPU-b"
    first.kill()
    assert sees(start(2)) == "GPU-a,GPU-b"


def test_a_job_that_waits_for_two_holds_none(start):
    first = start(1)
    assert sees(first) == "GPU-a"
    both = start(2)  # started later: the two would race for the first GPU
    assert both.stdout.readline().startswith("Waiting for 2")
    assert sees(start(1)) == "GPU-b"


def test_more_gpus_than_exist_are_refused(start):
    process = start(3)
    assert process.wait() == 1
    assert process.stderr.read().startswith(
        "Error: the configuration asks for 3 GPUs per job, and 2 are visible here: "
    )


def test_only_allowed_gpus_are_used(start):
    assert sees(start(1, CUDA_VISIBLE_DEVICES="GPU-b")) == "GPU-b"
    assert sees(start(1, CUDA_VISIBLE_DEVICES="5")) == "5"
    assert "0 are visible here" in start(1, CUDA_VISIBLE_DEVICES="").communicate()[1]


def test_a_gpu_given_by_its_number_has_the_same_lock(start):
    by_number = start(1, CUDA_VISIBLE_DEVICES="0")
    assert sees(by_number) == "GPU-a"
    assert start(1, CUDA_VISIBLE_DEVICES="GPU-a").stdout.readline().startswith("Waiting for 1 of the GPUs GPU-a")
    assert sees(start(1)) == "GPU-b"


def test_gpus_assigned_by_slurm_are_used(start):
    assert sees(start(1, SLURM_JOB_ID="7", CUDA_VISIBLE_DEVICES="0")) == "0"
    assert sees(start(1, SLURM_JOB_ID="8", CUDA_VISIBLE_DEVICES="0")) == "0"


def test_two_jobs_within_one_allocation_share_no_gpu(start):
    allocation = {"SLURM_JOB_ID": "7", "CUDA_VISIBLE_DEVICES": "0,1"}
    assert {sees(start(1, **allocation)), sees(start(1, **allocation))} == {"GPU-a", "GPU-b"}
