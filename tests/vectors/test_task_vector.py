"""The difference of two models, and the file that keeps it."""

import json

import pytest
import torch
from safetensors.torch import load_file, save_file

from tauspeech.errors import UserError
from tauspeech.vectors.checkpoint import fingerprint
from tauspeech.vectors.task_vector import TaskVector, subtract


def test_difference_is_float32_whatever_is_stored(toy, model_folder):
    base, fine = toy(0), toy(1)
    halves = {name: tensor.bfloat16() for name, tensor in base.items()}
    vector = subtract(model_folder("fine", fine), model_folder("base", halves))
    assert vector.base_fingerprint == fingerprint(halves)
    assert vector.metadata == {"origin": {"model": "fine", "fingerprint": fingerprint(fine)}}
    for name, tensor in vector.tensors.items():
        assert tensor.dtype == torch.float32
        assert torch.equal(tensor, fine[name] - halves[name].float())


def test_counters_stay_out_of_the_vector(toy, model_folder):
    base = toy(0) | {"norm.num_batches_tracked": torch.tensor(100), "positions": torch.arange(4)}
    fine = toy(1) | {"norm.num_batches_tracked": torch.tensor(250), "positions": torch.arange(4)}
    assert subtract(model_folder("fine", fine), model_folder("base", base)).tensors.keys() == toy(0).keys()


def test_integers_that_are_content_must_not_differ(toy, model_folder):
    base, fine = toy(0) | {"codes": torch.arange(4)}, toy(1) | {"codes": torch.arange(4) + 1}
    with pytest.raises(UserError, match=r"Tensor codes is int64\[4\] and differs"):
        subtract(model_folder("fine", fine), model_folder("base", base))


def test_models_with_other_tensors_are_refused_by_name(toy, model_folder):
    base = model_folder("base", toy(0))
    more = model_folder("more", toy(1) | {f"extra.{i}": torch.zeros(1) for i in range(5)})
    message = r"more has tensors that .*base lacks: extra.0, extra.1, extra.2 and 2 more"
    for pair in ((more, base), (base, more)):
        with pytest.raises(UserError, match=message):
            subtract(*pair)
    other = model_folder("other", toy(1) | {"m.bias": torch.zeros(7)})
    with pytest.raises(UserError, match=r"m.bias is float32\[7\] in .*other but float32\[6\] in .*base"):
        subtract(other, base)
    typed = model_folder("typed", toy(1) | {"m.bias": torch.zeros(6, dtype=torch.int8)})
    with pytest.raises(UserError, match=r"m.bias is int8\[6\]"):
        subtract(typed, base)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf")])
def test_a_diverged_model_is_refused(toy, model_folder, value):
    good, bad = model_folder("good", toy(0)), model_folder("bad", toy(1) | {"m.bias": torch.full((6,), value)})
    for pair in ((good, bad), (bad, good), (bad, bad)):
        with pytest.raises(UserError, match=r"Tensor m.bias of .*bad holds NaN or infinity"):
            subtract(*pair)


def test_an_overflowing_difference_is_refused(toy, model_folder):
    largest = torch.full((6,), 3e38)
    with pytest.raises(UserError, match=r"m.bias differs .* by more than float32 can hold"):
        subtract(
            model_folder("fine", toy(0) | {"m.bias": largest}), model_folder("base", toy(0) | {"m.bias": -largest})
        )


def test_a_saved_vector_comes_back(toy, tmp_path):
    vector = TaskVector(toy(0), "f" * 64, {"origin": {"model": "word"}, "settings": {"epochs": 3, "note": "Zürich"}})
    vector.save(tmp_path / "new" / "word.safetensors")
    loaded = TaskVector.load(tmp_path / "new" / "word.safetensors")
    assert (loaded.base_fingerprint, loaded.metadata) == (vector.base_fingerprint, vector.metadata)
    assert fingerprint(loaded.tensors) == fingerprint(vector.tensors)
    assert load_file(tmp_path / "new" / "word.safetensors").keys() == vector.tensors.keys()  # any tool can read it
    assert [file.name for file in (tmp_path / "new").iterdir()] == ["word.safetensors"]


def test_a_vector_has_one_byte_form(toy, tmp_path):
    for name, metadata in (("a", {"x": 1, "y": 2}), ("b", {"y": 2, "x": 1})):
        TaskVector(toy(0), "f" * 64, metadata).save(tmp_path / name)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_what_is_no_vector_is_refused(toy, tmp_path):
    file = tmp_path / "x.safetensors"
    with pytest.raises(UserError, match="no task vector at"):
        TaskVector.load(file)
    for metadata in (None, {"format": "pt"}):
        save_file(toy(0), file, metadata=metadata)
        with pytest.raises(UserError, match=r"x.safetensors holds tensors but no task vector"):
            TaskVector.load(file)
    save_file(toy(0), file, metadata={"task_vector": json.dumps({"version": "9"})})
    with pytest.raises(UserError, match="format 9, and only format 1"):
        TaskVector.load(file)
    for header in ("no json", "[]", '{"version": "1"}'):
        save_file(toy(0), file, metadata={"task_vector": header})
        with pytest.raises(UserError, match=r"x.safetensors is truncated or no task vector"):
            TaskVector.load(file)


def test_a_truncated_vector_is_refused(toy, tmp_path):
    file = tmp_path / "x.safetensors"
    TaskVector(toy(0), "f" * 64).save(file)
    content = file.read_bytes()
    for length in (0, 5, 60, len(content) - 1):
        file.write_bytes(content[:length])
        with pytest.raises(UserError, match="truncated"):
            TaskVector.load(file)
