"""A merge that is killed or interrupted leaves no model at its final name."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from tests.vectors.lab import WEIGHTS, Lab

SCRIPTS = Path(__file__).resolve().parents[2] / "workflow" / "scripts"

# The command, but it says when the first half of a tensor was written, and is in no hurry with the rest.
DRIVER = """
import signal, sys, time
from tauspeech.vectors.files import storage
from tauspeech.commands.main import main

signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background jobs ignore it
storage.CHUNK = 50
write = storage.Writer.write

def slowly(self, name, start, stored):
    write(self, name, start, stored)
    if start == 50:
        print("in the middle", flush=True)
        time.sleep({seconds})

storage.Writer.write = slowly
sys.exit(main(sys.argv[1:]))
"""


@pytest.fixture
def models(lab) -> Lab:
    for seed, name in enumerate(("base", "a", "b")):
        numbers = torch.Generator().manual_seed(seed)
        lab.model(name, {"x": torch.randn(40, 5, generator=numbers), "y": torch.randn(300, generator=numbers)})
    recipe = {"base": "base", "method": "ties", "options": {"keep": 0.5}, "vectors": [{"path": "a"}, {"path": "b"}]}
    (lab.folder / "recipe.yaml").write_text(json.dumps(recipe), encoding="utf-8")
    return lab


def start(lab: Lab, *python: str, threads: int = 1) -> subprocess.Popen:
    command = [sys.executable, *python, "merge", "recipe.yaml", "-o", "out", "--threads", str(threads)]
    environment = os.environ | {"PYTHONPATH": str(SCRIPTS), "OMP_NUM_THREADS": "1"}
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    return subprocess.Popen(command, cwd=lab.folder, env=environment, **pipes)


def parts(lab: Lab) -> list[Path]:
    return list(lab.folder.glob(".out.*.part"))


def test_a_killed_merge_leaves_no_model_and_the_next_one_succeeds(models):
    expected = models.merge("ties", ["a", "b"], {"keep": 0.5})
    with start(models, "-c", DRIVER.format(seconds=1000)) as killed:
        assert killed.stdout.readline() == "in the middle\n"
        assert (parts(models)[0] / WEIGHTS).is_file()
        killed.kill()
    assert killed.returncode == -signal.SIGKILL
    assert not (models.folder / "out").exists()
    with start(models, "-m", "tauspeech") as again:
        _, errors = again.communicate()
    assert again.returncode == 0, errors
    assert (models.folder / "out" / WEIGHTS).read_bytes() == expected.bytes


@pytest.mark.parametrize("threads", [1, 2])
def test_an_interrupted_merge_says_so_and_leaves_nothing(models, threads):
    before = models.files()
    with start(models, "-c", DRIVER.format(seconds=1000 if threads == 1 else 3), threads=threads) as interrupted:
        assert "in the middle" in interrupted.stdout.readline()  # perhaps of two threads at once
        interrupted.send_signal(signal.SIGINT)
        _, errors = interrupted.communicate()
    assert interrupted.returncode == 130
    assert errors.splitlines()[-1] == "tauspeech merge: interrupted, nothing was left behind"
    assert "Traceback" not in errors
    assert models.files() == before


def test_a_merge_that_a_cluster_ends_leaves_nothing(models):
    before = models.files()
    with start(models, "-c", DRIVER.format(seconds=1000)) as ended:
        assert "in the middle" in ended.stdout.readline()
        ended.terminate()
        ended.communicate()
    assert ended.returncode == 143
    assert models.files() == before
