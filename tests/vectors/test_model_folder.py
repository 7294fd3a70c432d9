"""Reading, identifying and writing the weights of a model folder."""

import pytest
import torch
from safetensors.torch import save_file

from tauspeech.errors import UserError
from tauspeech.vectors.checkpoint import fingerprint, read_weights, write_model


def test_weights_are_read_as_stored(toy, model_folder):
    stored = toy(0) | {
        "half": torch.ones(3, dtype=torch.bfloat16),
        "count": torch.tensor(7),
        "on": torch.tensor([True]),
    }
    read = read_weights(model_folder("model", stored))
    assert read.keys() == stored.keys()
    assert all(torch.equal(read[name], stored[name]) and read[name].dtype == stored[name].dtype for name in stored)


def test_shards_are_read_as_one_model(toy, model_folder):
    whole, sharded = model_folder("whole", toy(0)), model_folder("sharded", toy(0), shards=3)
    assert fingerprint(whole) == fingerprint(sharded) == fingerprint(read_weights(sharded)) == fingerprint(toy(0))


def test_fingerprint_sees_every_property_of_a_tensor_but_no_metadata(toy, model_folder):
    weights, folder = toy(0), model_folder("model", toy(0))
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt", "note": "other"})
    assert fingerprint(folder) == fingerprint(dict(reversed(weights.items())))
    one = weights["m.bias"].clone()
    one[3] = torch.nextafter(one[3], torch.tensor(9.0))
    renamed = {("n.bias" if name == "m.bias" else name): tensor for name, tensor in weights.items()}
    variants = [
        weights | {"m.bias": one},
        weights | {"z.weight": weights["z.weight"].reshape(5, 7)},
        weights | {"m.bias": weights["m.bias"].view(torch.int32)},
        renamed,
    ]
    assert len({fingerprint(each) for each in [weights, *variants]}) == 5


def test_fingerprint_reads_values_not_memory_layout(toy):
    weights = toy(0)
    assert fingerprint(weights) == fingerprint(weights | {"z.weight": weights["z.weight"].t().contiguous().t()})


def test_pickled_weights_are_refused_with_the_way_out(tmp_path):
    (tmp_path / "pytorch_model.bin").write_bytes(b"pickle")
    with pytest.raises(UserError, match=r"only as pickle.*save_pretrained"):
        read_weights(tmp_path)


def test_what_is_missing_or_broken_is_named(toy, model_folder, tmp_path):
    with pytest.raises(UserError, match="nowhere is no model folder"):
        read_weights(tmp_path / "nowhere")
    broken = model_folder("broken", toy(0))
    content = (broken / "model.safetensors").read_bytes()
    for damaged in (b"", content[:20], content[:-1]):
        (broken / "model.safetensors").write_bytes(damaged)
        with pytest.raises(UserError, match=r"broken/model.safetensors is truncated"):
            read_weights(broken)
    (broken / "model.safetensors").unlink()
    with pytest.raises(UserError, match=r"neither model.safetensors nor"):
        read_weights(broken)


def test_a_missing_shard_and_a_wrong_index_are_named(toy, model_folder):
    folder = model_folder("model", toy(0), shards=2)
    shard, index = folder / "model-00001-of-00002.safetensors", folder / "model.safetensors.index.json"
    content, listed = shard.read_bytes(), index.read_text()
    shard.unlink()
    with pytest.raises(UserError, match=r"00001-of-00002.safetensors is missing"):
        read_weights(folder)
    shard.write_bytes(content)
    index.write_text(listed.replace('"m.bias"', '"o.bias"'))
    with pytest.raises(UserError, match=r"disagree about tensor m.bias"):
        read_weights(folder)
    index.write_text(listed.replace("model-00001", "../model-00001"))
    with pytest.raises(UserError, match="outside its folder"):
        read_weights(folder)
    index.write_text("[]")
    with pytest.raises(UserError, match="no index of shards"):
        read_weights(folder)


def test_a_written_model_has_all_of_the_base_but_its_weights(toy, model_folder, tmp_path):
    base = model_folder("base", toy(0), shards=2)
    described = {"config.json": b'{ "odd":\t1}', "generation_config.json": b"{}", "tokenizer.json": b"\xff\x00\r\n"}
    described |= {"vocab.txt": b"", "chat_templates/one.jinja": b"{{ x }}", "language_model/5gram.bin": b"kenlm"}
    left = ["receipt.json", "optimizer.pt", "pytorch_model.bin", "pytorch_model-00001-of-00002.bin", "rng_state.pth"]
    left += ["checkpoint-10/config.json", "trainer_state.json", ".cache/x", "training_args.bin", "tf_model.h5"]
    for name, content in (described | dict.fromkeys(left, b"left")).items():
        (base / name).parent.mkdir(exist_ok=True)
        (base / name).write_bytes(content)

    write_model(base, toy(1), tmp_path / "out")

    out = tmp_path / "out"
    written = {str(file.relative_to(out)): file.read_bytes() for file in out.rglob("*") if file.is_file()}
    assert b'"format":"pt"' in written.pop("model.safetensors")
    assert written == described
    assert fingerprint(out) == fingerprint(toy(1))
