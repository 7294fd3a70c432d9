"""Cached hashes beside the inputs: they save time and are never used for a changed file."""

import json
import os
from pathlib import Path

import pytest
import torch

from tauspeech.vectors.deltas import Model
from tauspeech.vectors.execution import Execution
from tauspeech.vectors.files import hashes
from tests.vectors.lab import WEIGHTS

NOTES = f".{WEIGHTS}.hashes.json"


def old(file: Path, seconds: int = 100) -> None:
    """Set the time stamps of files back, so that their hashes may be cached."""
    stamp = file.stat().st_mtime_ns - seconds * 10**9
    os.utime(file, ns=(stamp, stamp))


@pytest.fixture
def folder(lab) -> Path:
    folder = lab.model("base", {"x": torch.ones(100), "y": torch.zeros(3)})
    old(folder / WEIGHTS)
    return folder


@pytest.fixture
def hashed(monkeypatch) -> list[str]:
    """Names of tensors whose bytes were hashed."""
    seen: list[str] = []
    digest = hashes._digest

    def seeing(tensor):
        seen.append(tensor.name)
        return digest(tensor)

    monkeypatch.setattr(hashes, "_digest", seeing)
    return seen


def test_notes_are_used_while_size_and_time_stamp_agree(folder, hashed):
    first = Model(folder, Execution()).fingerprint
    assert sorted(hashed) == ["x", "y"] and (folder / NOTES).is_file()
    assert Model(folder, Execution()).fingerprint == first
    assert len(hashed) == 2


def test_notes_of_a_file_that_changed_are_not_trusted(lab, folder, hashed):
    first = Model(folder, Execution()).fingerprint
    content = bytearray((folder / WEIGHTS).read_bytes())
    content[-1] ^= 1
    (folder / WEIGHTS).write_bytes(content)
    changed = Model(folder, Execution()).fingerprint
    assert changed != first and len(hashed) == 4
    content[-1] ^= 1
    (folder / WEIGHTS).write_bytes(content)
    old(folder / WEIGHTS, 50)
    assert Model(folder, Execution()).fingerprint == first


def test_a_change_reaches_the_merge(lab, folder):
    tuned = lab.model("a", {"x": torch.full((100,), 2.0), "y": torch.zeros(3)})
    old(tuned / WEIGHTS)
    assert lab.merge("average", ["a"])["x"][0] == 2
    lab.model("b", {"x": torch.full((100,), 3.0), "y": torch.zeros(3)})
    (lab.folder / "b" / WEIGHTS).replace(tuned / WEIGHTS)  # of the same size, and perhaps as old
    old(tuned / WEIGHTS, 30)
    assert lab.merge("average", ["a"])["x"][0] == 3


def test_nothing_is_noted_of_a_file_that_was_just_written(folder, hashed):
    old(folder / WEIGHTS, -1000)  # its time stamp would not show that it is written to once more
    for _ in range(2):
        Model(folder, Execution())
    assert len(hashed) == 4 and not (folder / NOTES).exists()


def test_nothing_is_noted_of_a_file_that_changed_meanwhile(folder, monkeypatch):
    digest = hashes._digest

    def changing(tensor):
        found = digest(tensor)
        content = bytearray((folder / WEIGHTS).read_bytes())
        content[-1] ^= 1
        (folder / WEIGHTS).write_bytes(content)
        old(folder / WEIGHTS, 50)
        return found

    with monkeypatch.context() as patch:
        patch.setattr(hashes, "_digest", changing)
        mixed = Model(folder, Execution()).fingerprint
    assert Model(folder, Execution()).fingerprint != mixed or not (folder / NOTES).exists()


@pytest.mark.parametrize("damage", ["", "{", "[]", '{"stamp": 3}', '{"tensors": {}, "stamp": []}', "\udcff", "null"])
def test_damaged_notes_are_made_anew(folder, hashed, damage):
    first = Model(folder, Execution()).fingerprint
    (folder / NOTES).write_text(damage, errors="surrogateescape")
    assert Model(folder, Execution()).fingerprint == first and len(hashed) == 4
    assert json.loads((folder / NOTES).read_text())["tensors"].keys() == {"x", "y"}


def test_a_folder_that_cannot_be_written_to_works(folder, hashed, monkeypatch):
    def refused(*arguments):
        raise OSError(30, "Read-only file system")

    monkeypatch.setattr(hashes, "write_text", refused)
    assert Model(folder, Execution()).fingerprint == Model(folder, Execution()).fingerprint
    assert len(hashed) == 4 and not (folder / NOTES).exists()


def test_a_merged_model_comes_with_its_notes(lab, hashed):
    for value, name in enumerate(("base", "a")):
        lab.model(name, {"x": torch.full((100,), float(value)), "y": torch.zeros(3)})
    out = lab.merge("average", ["a"])
    hashed.clear()
    noted = Model(out.folder, Execution()).fingerprint
    assert not hashed, "they were taken while the bytes were written"
    assert Model(out.folder, Execution(trust=False)).fingerprint == noted and len(hashed) == 2
    assert noted == out.receipt["weights"]


def test_every_shard_has_its_own_notes(lab, hashed):
    folder = lab.model("shards", {"x": torch.ones(100), "y": torch.zeros(3), "z": torch.ones(2)}, shards=3)
    for file in folder.glob("*.safetensors"):
        old(file)
    Model(folder, Execution())
    old(sorted(folder.glob("*.safetensors"))[1], 7)
    hashed.clear()
    Model(folder, Execution())
    assert hashed == ["y"]
