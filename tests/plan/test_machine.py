"""Specifications do not depend on the machine that plans: they are the same everywhere, byte for byte."""

import getpass
import os
import platform
import shutil
import socket
from pathlib import Path

import pytest
import yaml

from tauspeech.plan.config import complete
from tauspeech.plan.index import _plan_of
from tauspeech.runtime.paths import ROOT


@pytest.fixture
def planned(tmp_path, monkeypatch):
    """Specifications of an example configuration, planned in a folder of a machine of some kind."""

    def make(name, machine, *, cores, processor, environment, words="config/words.tsv"):
        folder = tmp_path / machine
        shutil.copytree(ROOT / "config", folder / "config")
        config = yaml.safe_load((ROOT / "config" / name).read_text(encoding="utf-8"))
        if config["experiment"] == "lors":
            config["scoring"] = {"sclite": False}  # auto: whether it is installed is part of the scores' specification
        with monkeypatch.context() as patch:
            patch.chdir(folder)
            patch.setattr(os, "cpu_count", lambda: cores)
            patch.setattr(os, "sched_getaffinity", lambda process: set(range(cores)), raising=False)
            patch.setattr(platform, "machine", lambda: processor)
            patch.setattr(platform, "node", lambda: machine)
            patch.setattr(socket, "gethostname", lambda: machine)
            patch.setattr(Path, "home", lambda: folder)
            for key, value in environment.items():
                patch.setenv(key, value)
            return _plan_of(complete(config, name), Path("results") / config["name"]).specs()

    return make


@pytest.mark.parametrize("name", ["config.yaml", "lors.yaml"])
def test_no_specification_depends_on_the_machine(planned, name, tmp_path):
    laptop = planned(name, "laptop", cores=2, processor="x86_64", environment={"HOME": "/home/a", "LANG": "C"})
    cluster = {"HOME": "/scratch/b", "CUDA_VISIBLE_DEVICES": "0,1", "OMP_NUM_THREADS": "32", "TZ": "Asia/Tokyo"}
    node = planned(name, "gpu-node-7", cores=64, processor="aarch64", environment=cluster)
    assert laptop == node
    here = {str(ROOT), str(tmp_path), socket.gethostname(), str(Path.home())}
    here |= {getpass.getuser()} - {"root"}
    for path, text in laptop.items():
        assert not any(place in text for place in here if len(place) > 5), path


@pytest.mark.parametrize("name", ["config.yaml", "lors.yaml", "foundation.yaml", "foundation_multilingual.yaml"])
def test_the_default_precision_is_one_that_every_machine_has(name):
    config = yaml.safe_load((ROOT / "config" / name).read_text(encoding="utf-8"))
    assert complete(config, name)["training"]["precision"] == "fp32"
