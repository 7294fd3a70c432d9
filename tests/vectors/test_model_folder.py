"""Reading, identifying and writing model folders."""

import json
import os

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from safetensors import safe_open
from safetensors.torch import load_file, save_file

from tauspeech.runtime.errors import UserError
from tauspeech.vectors.deltas import Model
from tauspeech.vectors.execution import Execution
from tauspeech.vectors.files.checkpoint import read_weights, write_model
from tauspeech.vectors.files.storage import Writer, read_header
from tests.vectors.lab import WEIGHTS, Lab

INDEX = f"{WEIGHTS}.index.json"


def content(seed: int = 0) -> dict[str, torch.Tensor]:
    """Of every type that models have, in an order that is not that of the names."""
    numbers = torch.Generator().manual_seed(seed)
    found = {"z.weight": torch.randn(7, 5, generator=numbers), "a.conv": torch.randn(3, 2, 4, generator=numbers)}
    found |= {"half": torch.randn(3, generator=numbers).bfloat16(), "short": torch.randn(5, generator=numbers).half()}
    found |= {"count": torch.tensor(7), "on": torch.tensor([True]), "nothing": torch.zeros(0, 3)}
    return found | {"scale": torch.tensor(0.5), "m.bias": torch.randn(6, generator=numbers)}


def fingerprint(folder) -> str:
    return Model(folder, Execution()).fingerprint


def test_weights_are_read_as_stored(lab):
    for shards in (1, 3):
        read = read_weights(lab.model(f"model{shards}", content(), shards))
        assert read.keys() == content().keys()
        for name, tensor in content().items():
            assert torch.equal(read[name], tensor) and read[name].dtype == tensor.dtype


def test_a_fingerprint_is_that_of_the_tensors_however_they_lie_in_files(lab):
    whole = lab.model("whole", content())
    shuffled = lab.model("shuffled", dict(reversed(content().items())))
    shards = lab.model("shards", content(), shards=3)
    noted = lab.model("noted", content(), config={"other": "config"})
    save_file(content(), noted / WEIGHTS, metadata={"format": "pt", "note": "other"})
    assert len({fingerprint(folder) for folder in (whole, shuffled, shards, noted)}) == 1


def test_a_fingerprint_sees_every_property_of_a_tensor(lab):
    one = content()["m.bias"].clone()
    one[3] = torch.nextafter(one[3], torch.tensor(9.0))
    renamed = {("n.bias" if name == "m.bias" else name): tensor for name, tensor in content().items()}
    changes = [
        {"m.bias": one},
        {"z.weight": content()["z.weight"].reshape(5, 7)},
        {"m.bias": content()["m.bias"].view(torch.int32)},
        {"half": content()["half"].view(torch.float16)},
        {"nothing": torch.zeros(3, 0)},
        {"scale": torch.tensor([0.5])},
        {"count": torch.tensor(8)},
    ]
    models = [content(), renamed, *(content() | change for change in changes)]
    found = {fingerprint(lab.model(f"m{i}", tensors)) for i, tensors in enumerate(models)}
    assert len(found) == len(models)


def test_what_is_missing_or_broken_is_named(lab):
    lab.model("base", content())
    with lab.refused("nowhere is not a model folder; give a folder with config.json"):
        lab.merge("average", ["base"], base="nowhere")
    broken = lab.model("broken", content())
    whole = (broken / WEIGHTS).read_bytes()
    for damaged in (b"", whole[:5], whole[:20], whole[:200], whole[:-1], whole + b"\0", b"\xff" * 100):
        (broken / WEIGHTS).write_bytes(damaged)
        with lab.refused(
            r"broken/model.safetensors is truncated or not a safetensors file \(.*\); copy or download it again"
        ):
            lab.merge("average", ["broken"])
    (broken / WEIGHTS).unlink()
    with lab.refused("broken has neither model.safetensors nor model.safetensors.index.json"):
        lab.merge("average", ["broken"])
    (broken / WEIGHTS).write_bytes(whole)
    (broken / "config.json").write_text("{", encoding="utf-8")
    with lab.refused("broken/config.json is not valid JSON"):
        lab.merge("average", ["broken"])
    (broken / "config.json").write_text("[1]", encoding="utf-8")
    with lab.refused("broken/config.json is not a mapping of settings"):
        lab.merge("average", ["broken"])


@given(st.data())
@settings(derandomize=True, max_examples=150, suppress_health_check=[HealthCheck.too_slow])
def test_a_damaged_header_is_told_in_one_sentence(tmp_path_factory, data):
    """Any damaged file is read or refused with a UserError; no other exception occurs."""
    folder = tmp_path_factory.mktemp("damaged")
    save_file({"x": torch.ones(3, 2), "y": torch.zeros(2)}, folder / WEIGHTS, metadata={"format": "pt"})
    header = bytearray((folder / WEIGHTS).read_bytes())
    end = 8 + int.from_bytes(header[:8], "little")
    for _ in range(data.draw(st.integers(1, 4))):
        header[data.draw(st.integers(0, end - 1))] = data.draw(st.sampled_from(b'-0123459{}[]":,xF\\\x00\xff'))
    (folder / WEIGHTS).write_bytes(header)
    try:
        tensors, _ = read_header(folder / WEIGHTS)
        for tensor in tensors.values():
            assert tensor.bytes(0, tensor.size).size <= 24
    except UserError as error:
        assert "\n" not in str(error)


@pytest.mark.parametrize(
    "entry",
    [
        {"dtype": "F32", "shape": [-2, -1], "data_offsets": [0, 8]},
        {"dtype": "F32", "shape": [2.0], "data_offsets": [0, 8]},
        {"dtype": "F32", "shape": [True, 2], "data_offsets": [0, 8]},
        {"dtype": "F32", "shape": [2], "data_offsets": [0.0, 8.0]},
        {"dtype": "F32", "shape": [2], "data_offsets": [8, 16]},
        {"dtype": "F32", "shape": [2], "data_offsets": [-8, 0]},
        {"dtype": "F32", "shape": "2", "data_offsets": [0, 8]},
        {"dtype": "F4", "shape": [2], "data_offsets": [0, 8]},
        {"dtype": ["F32"], "shape": [2], "data_offsets": [0, 8]},
        {"dtype": "F32", "shape": [2]},
        [1, 2],
        None,
    ],
)
@pytest.mark.parametrize("metadata", [{}, {"__metadata__": {"format": "pt"}}])
def test_a_header_that_makes_no_sense_is_refused(tmp_path, entry, metadata):
    header = json.dumps(metadata | {"x": entry}).encode()
    (tmp_path / WEIGHTS).write_bytes(len(header).to_bytes(8, "little") + header + bytes(8))
    with pytest.raises(UserError, match="is truncated or not a safetensors file"):
        read_header(tmp_path / WEIGHTS)


def test_metadata_that_make_no_sense_are_refused(tmp_path):
    for metadata in (None, [], "pt", {"task_vector": 3}):
        header = json.dumps(
            {"__metadata__": metadata, "x": {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]}}
        ).encode()
        (tmp_path / "v.safetensors").write_bytes(len(header).to_bytes(8, "little") + header + bytes(8))
        lab = Lab(tmp_path)
        if not (tmp_path / "base").exists():
            lab.model("base", {"x": torch.ones(2)})
        with lab.refused("v.safetensors"):
            lab.merge("average", ["v.safetensors"])


def test_a_missing_shard_and_a_wrong_index_are_named(lab):
    lab.model("base", content())
    folder = lab.model("model", content(), shards=2)
    shard, index = folder / "model-00001-of-00002.safetensors", folder / INDEX
    kept, listed = shard.read_bytes(), index.read_text()

    def assert_refused(message: str) -> None:
        with lab.refused(message):
            lab.merge("average", ["model"])

    shard.unlink()
    assert_refused("00001-of-00002.safetensors is missing; copy or download it again")
    shard.write_bytes(kept)
    index.write_text(listed.replace('"m.bias"', '"o.bias"'))
    assert_refused(r"index.json and .*safetensors disagree about tensor m.bias; download the model again")
    index.write_text(listed.replace("model-00001", "../model-00001"))
    assert_refused("names '../model-00001.*', which is outside its folder")
    for wrong in ("[]", "", '{"weight_map": []}', '{"weight_map": {"a": 1}}', '{"weight_map": {"a": ["b"]}}', "\udcff"):
        index.write_text(wrong, errors="surrogateescape")
        assert_refused("is not a valid index of shards; copy or download the model again")


# What is written.

DESCRIBED = {
    "config.json": b'{ "odd":\t1}',
    "generation_config.json": b"{}",
    "tokenizer.json": b"\xff\x00\r\n",
    "vocab.txt": b"",
    "chat_templates/one.jinja": b"{{ x }}",
    "language_model/5gram.bin": b"kenlm",
}
LEFT = [
    "receipt.json",
    "merge_receipt.json",
    "optimizer.pt",
    "pytorch_model.bin",
    "pytorch_model-00001-of-00002.bin",
    "rng_state.pth",
    "checkpoint-10/config.json",
    "trainer_state.json",
    ".cache/x",
    "training_args.bin",
    "tf_model.h5",
    "flax_model.msgpack",
    "other.safetensors",
]


def describe(folder) -> None:
    for name, written in (DESCRIBED | dict.fromkeys(LEFT, b"left")).items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_bytes(written)


def files(folder) -> dict[str, bytes]:
    return {str(file.relative_to(folder)): file.read_bytes() for file in folder.rglob("*") if file.is_file()}


@pytest.mark.parametrize("shards", [1, 2])
def test_a_merged_model_has_all_of_the_base_but_its_weights(lab, shards):
    describe(lab.model("base", content(0), shards))
    lab.model("a", content(1) | {"count": torch.tensor(7)})
    out = lab.merge("average", ["a"])
    written = files(out.folder)
    assert {name for name in written if not name.startswith(".")} == {WEIGHTS, "merge_receipt.json", *DESCRIBED}
    assert {name: written[name] for name in DESCRIBED} == DESCRIBED
    with safe_open(out.folder / WEIGHTS, "pt") as opened:
        assert opened.metadata() == {"format": "pt"}
        assert set(opened.keys()) == content().keys()
    assert json.loads(written["merge_receipt.json"])["weights"] == fingerprint(out.folder)


def test_links_are_followed(lab, tmp_path):
    """Files in the hub's cache are links."""
    base = lab.model("base", content(0))
    lab.model("a", content(1))
    plain = lab.merge("average", ["a"])
    (tmp_path / "blobs").mkdir()
    for file in list(base.iterdir()):
        target = tmp_path / "blobs" / file.name.strip(".")
        file.rename(target)
        file.symlink_to(os.path.relpath(target, base))
    linked = lab.merge("average", ["a"])
    assert linked.bytes == plain.bytes
    assert not any(file.is_symlink() for file in linked.folder.iterdir())


def test_a_written_model_is_the_folder_with_other_weights(lab, tmp_path):
    base = lab.model("base", content(0), shards=2)
    describe(base)
    write_model(base, content(1), tmp_path / "out")
    written = files(tmp_path / "out")
    assert b'"format":"pt"' in written.pop(WEIGHTS)
    assert written == DESCRIBED
    assert fingerprint(tmp_path / "out") == fingerprint(lab.model("other", content(1)))


def test_what_the_writer_writes_safetensors_reads_the_same_bytes_each_time(tmp_path):
    """In any order, in pieces, from tensors of all types, with names of any letters."""
    tensors = content() | {
        "ü.日本": torch.ones(2, 2, dtype=torch.int16),
        "": torch.ones(1),
        "f8": torch.ones(3).to(torch.float8_e5m2),
    }
    names = {torch.float32: "F32", torch.bfloat16: "BF16", torch.float16: "F16", torch.int64: "I64", torch.bool: "BOOL",
             torch.int16: "I16", torch.float8_e5m2: "F8_E5M2"}  # fmt: skip
    written = []
    for order in (sorted(tensors), sorted(tensors, reverse=True)):
        file = tmp_path / f"{len(written)}.safetensors"
        layout = {name: (names[tensors[name].dtype], tuple(tensors[name].shape)) for name in order}
        writer = Writer(file, layout, room=300)
        for name in reversed(order):
            stored = (
                tensors[name].reshape(-1).view(torch.uint8).numpy() if tensors[name].numel() else np.empty(0, np.uint8)
            )
            width = tensors[name].element_size()
            half = tensors[name].numel() // 2
            writer.write(name, half, stored[half * width :])
            writer.write(name, 0, stored[: half * width])
        writer.close({"note": '说明 " \\ \n' * 3})
        written.append(file.read_bytes())
        found = load_file(file)
        assert found.keys() == tensors.keys()
        for name, tensor in tensors.items():
            assert found[name].dtype == tensor.dtype and found[name].shape == tensor.shape
            assert torch.equal(found[name].reshape(-1).view(torch.uint8), tensor.reshape(-1).view(torch.uint8))
        with safe_open(file, "pt") as opened:
            assert opened.metadata() == {"note": '说明 " \\ \n' * 3}
    assert written[0] == written[1]


def test_any_range_of_a_tensor_can_be_read(lab):
    """The last one is kept, which must not be taken for another."""
    tensors, _ = read_header(lab.model("base", content()) / WEIGHTS)
    for start, stop in ((0, 35), (5, 35), (5, 9), (5, 9), (0, 9), (3, 3), (0, 5)):
        for name in ("z.weight", "short", "half"):
            expected = content()[name].float().numpy().ravel()[start:stop]
            found = tensors[name].read(min(start, tensors[name].size), min(stop, tensors[name].size))
            np.testing.assert_array_equal(found, expected)


def test_a_file_that_shrinks_while_it_is_read_is_noticed(lab):
    file = lab.model("base", content()) / WEIGHTS
    tensors, _ = read_header(file)
    os.truncate(file, file.stat().st_size - 20)
    with pytest.raises(UserError, match="became shorter while it was read; copy or download it again"):
        for tensor in tensors.values():
            tensor.bytes(0, tensor.size)
