"""Receipts of merges: their content, and their verification."""

import json
import os
import shutil
from pathlib import Path

import pytest
import torch

from tauspeech.runtime.errors import UserError
from tauspeech.runtime.files import sha256_file
from tauspeech.runtime.receipts import PACKAGES
from tauspeech.vectors.deltas import Model
from tauspeech.vectors.execution import Execution
from tauspeech.vectors.merge_receipt import NAME, verify
from tests.vectors.lab import WEIGHTS, Lab, Output


@pytest.fixture
def made(tmp_path) -> tuple[Lab, Output]:
    """A merge with every kind of entry: folders, a file, a reference, a nested merge, weights of parts."""
    lab = Lab(tmp_path / "place")
    lab.folder.mkdir()
    for value, name in enumerate(["base", *"abcde"]):
        numbers = torch.Generator().manual_seed(value)
        folder = lab.model(
            name, {"enc.x": torch.randn(9, generator=numbers), "dec.y": torch.randn(4, generator=numbers)}
        )
        (folder / "tokenizer.json").write_text("{}", encoding="utf-8")
        (folder / "more").mkdir()
        (folder / "more" / "vocab.txt").write_text("a b", encoding="utf-8")
    lab.vector("v", "base", "b")
    inner = {
        "method": "ties",
        "options": {"keep": 0.5},
        "vectors": [{"path": "d"}, {"path": "a", "weight": {"enc": 0.1}}],
    }
    vectors = [
        {"path": "a", "weight": {"enc": 0.5, "default": 0.25}, "id": "first"},
        {"path": "v.safetensors", "weight": 0.3},
        {"path": "c", "reference": "e"},
        {"merge": inner, "weight": -0.5, "id": "inner"},
    ]
    return lab, lab.merge("dare", vectors, {"keep": 0.5}, scale=0.7, seed=3, dtype="bfloat16")


def flip(file: Path) -> None:
    """Flip one bit without a change of the time stamp, as a failing disk does."""
    status = file.stat()
    content = bytearray(file.read_bytes())
    content[-2] ^= 1
    file.write_bytes(content)
    os.utime(file, ns=(status.st_atime_ns, status.st_mtime_ns))


def test_a_receipt_has_everything_that_the_result_depends_on(made):
    lab, out = made
    receipt = json.loads((out.folder / NAME).read_text(encoding="utf-8"))
    assert receipt == json.loads(json.dumps(out.receipt))
    prints = {name: Model(lab.folder / name, Execution()).fingerprint for name in ("base", *"abcde")}
    recipe = receipt["recipe"]
    assert [recipe[key] for key in ("base", "method", "scale", "seed", "dtype")] == ["base", "dare", 0.7, 3, "bfloat16"]
    assert recipe["options"] == {"keep": 0.5}
    assert recipe["vectors"][0] == {"path": "a", "weight": {"enc": 0.5, "default": 0.25}, "id": "first"}
    assert recipe["vectors"][2] == {"path": "c", "weight": 1.0, "reference": "e"}
    assert receipt["base"] == prints["base"]
    named = {each["path"]: each["fingerprint"] for each in receipt["vectors"]}
    assert named.keys() == {"a", "v.safetensors", "c", "d"}
    assert {name: named[name] for name in "acd"} == {name: prints[name] for name in "acd"}
    assert [each.get("reference_fingerprint") for each in receipt["vectors"]] == [None, None, prints["e"], None, None]
    assert receipt["weights"] == Model(out.folder, Execution(trust=False)).fingerprint
    copied = {"config.json", "tokenizer.json", "more/vocab.txt"}
    assert receipt["files"] == {name: sha256_file(out.folder / name) for name in copied}
    assert {"numpy", "torch"} <= receipt["versions"].keys() <= set(PACKAGES)
    assert receipt["tensors"]["enc.x"].keys() == {"first", "v.safetensors", "c", "inner"}


def test_the_same_merge_has_the_same_receipt(made):
    lab, out = made
    recipe = out.receipt["recipe"]
    again = lab.merge("dare", recipe["vectors"], recipe["options"], scale=0.7, seed=3, dtype="bfloat16", threads=2)
    assert again.receipt == out.receipt and again.bytes == out.bytes


def test_an_untouched_merge_is_verified(made):
    _, out = made
    lines = verify(out.folder, Execution())
    assert lines[0] == f"{out.folder}: the weights and 3 files are those of the receipt"
    assert [line.split(":")[0] for line in lines[1:]] == ["base", "a", "v.safetensors", "c", "d", "a"]


def test_a_merge_that_moved_with_its_inputs_is_verified(made, tmp_path):
    lab, out = made
    lab.folder.rename(tmp_path / "moved")
    assert len(verify(tmp_path / "moved" / out.folder.name, Execution(2))) == 7
    shutil.move(tmp_path / "moved" / out.folder.name, tmp_path / "alone")
    with pytest.raises(UserError, match="base"):
        verify(tmp_path / "alone", Execution())


@pytest.mark.parametrize(
    ("file", "message"),
    [
        (f"out-1/{WEIGHTS}", f"out-1/{WEIGHTS} differs from its receipt; merge again into another folder"),
        ("out-1/tokenizer.json", "out-1/tokenizer.json differs from the receipt; copy it from the base again"),
        ("out-1/more/vocab.txt", "out-1/more/vocab.txt differs from the receipt"),
        (f"a/{WEIGHTS}", "The vector a has changed since the merge; merge again, or restore the old one"),
        ("v.safetensors", "The vector v.safetensors has changed since the merge"),
        (f"c/{WEIGHTS}", "The vector c has changed since the merge"),
        (f"d/{WEIGHTS}", "The vector d has changed since the merge"),
        (f"e/{WEIGHTS}", "The reference e .*has changed since the merge"),
        (f"base/{WEIGHTS}", "v.safetensors was made from a model with fingerprint .*, but .*base has"),
    ],
)
def test_one_flipped_bit_is_found_and_named(made, file, message):
    lab, _ = made
    flip(lab.folder / file)
    with pytest.raises(UserError, match=message) as caught:
        verify(lab.folder / "out-1", Execution())
    assert "\n" not in str(caught.value)


def test_another_base_is_found_and_named(lab):
    for value, name in enumerate(("base", "a")):
        lab.model(name, {"x": torch.full((9,), float(value))})
    out = lab.merge("average", ["a"])
    flip(lab.folder / "base" / WEIGHTS)
    with pytest.raises(UserError, match="The base base has changed since the merge"):
        verify(out.folder, Execution())


def test_a_file_that_is_missing_is_found_and_named(made):
    lab, out = made
    (out.folder / "tokenizer.json").unlink()
    with pytest.raises(UserError, match=r"tokenizer.json differs from the receipt"):
        verify(out.folder, Execution())
    (out.folder / WEIGHTS).unlink()
    with pytest.raises(UserError, match=rf"{WEIGHTS} is missing"):
        verify(out.folder, Execution())
    (out.folder / NAME).write_text("{")
    with pytest.raises(UserError, match="is not valid JSON; merge again"):
        verify(out.folder, Execution())
    with pytest.raises(UserError, match=r"There is no .*; only folders that `tauspeech merge` wrote can be verified"):
        verify(lab.folder / "base", Execution())


def test_a_merge_may_be_merged_again(made):
    """The receipt of the base is not copied to the result."""
    lab, out = made
    again = lab.merge("average", ["a"], base=out.folder.name)
    assert again.receipt["base"] == out.receipt["weights"]
    assert NAME not in again.receipt["files"]
    assert len(verify(again.folder, Execution())) == 3
