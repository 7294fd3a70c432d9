"""Vector files: content and refused files. Encodings have tests of their own."""

import json

import numpy as np
import pytest
import torch
from safetensors import safe_open
from safetensors.torch import load_file, save_file

from tauspeech.runtime.errors import UserError
from tauspeech.vectors.deltas import Difference, Model
from tauspeech.vectors.encodings.vector_file import VectorFile, write_vector
from tauspeech.vectors.execution import Execution
from tauspeech.vectors.extraction import extract, outline
from tests.vectors.lab import WEIGHTS, chunks_of


def content(seed: int, dtype: torch.dtype = torch.float32) -> dict[str, torch.Tensor]:
    numbers = torch.Generator().manual_seed(seed)
    shapes = {"z.weight": (31, 7), "a.conv": (3, 2, 4), "m.bias": (6,), "scale": (), "nothing": (0, 3)}
    return {name: torch.randn(shape, generator=numbers).to(dtype) for name, shape in shapes.items()}


@pytest.fixture
def models(lab):
    for seed, name in enumerate(("base", "a")):
        lab.model(name, content(seed) | {"count": torch.tensor(seed), "positions": torch.arange(3)})
    return lab


def about(file) -> dict:
    with safe_open(file, "pt") as opened:
        return json.loads(opened.metadata()["task_vector"])


def test_a_vector_is_the_difference_in_float32_named_as_in_the_base(models):
    file = models.vector("v", "base", "a")
    found = load_file(file)
    assert found.keys() == content(0).keys(), "counters and indices stay out of it"
    for name, tensor in found.items():
        assert tensor.dtype == torch.float32
        assert torch.equal(tensor, content(1)[name] - content(0)[name])


def test_models_of_other_types_are_subtracted_in_float32(lab):
    lab.model("base", content(0, torch.bfloat16))
    lab.model("a", content(1, torch.float16))
    for name, tensor in load_file(lab.vector("v", "base", "a")).items():
        assert torch.equal(tensor, content(1, torch.float16)[name].float() - content(0, torch.bfloat16)[name].float())


def test_a_vector_says_what_it_is_a_difference_of(models):
    said = about(models.vector("v", "base", "a"))
    base, tuned = (Model(models.folder / name, Execution()).fingerprint for name in ("base", "a"))
    assert said["base_fingerprint"] == base
    assert said["metadata"]["origin"] == {"model": "a", "fingerprint": tuned}
    assert (said["version"], said["encoding"], said["partial"]) == ("2", "float32", False)


def test_a_vector_has_one_byte_form(models):
    file = models.vector("v", "base", "a")
    with chunks_of(5):
        extract(
            str(models.folder / "base"), str(models.folder / "a"), models.folder / "w.safetensors", None, Execution(3)
        )
    assert (models.folder / "w.safetensors").read_bytes() == file.read_bytes()
    change = Difference(Model(models.folder / "a", Execution()), Model(models.folder / "base", Execution()))
    for name, metadata in (("x", {"note": "Zürich", "epochs": 3}), ("y", {"epochs": 3, "note": "Zürich"})):
        write_vector(models.folder / "new" / name, change, "f" * 64, metadata, Execution())
        assert VectorFile(models.folder / "new" / name).metadata == metadata
    assert (models.folder / "new" / "x").read_bytes() == (models.folder / "new" / "y").read_bytes()
    assert {file.name for file in (models.folder / "new").iterdir() if file.name[0] != "."} == {"x", "y"}


def test_a_vector_in_bfloat16_is_rounded_to_the_nearest(models):
    found = load_file(models.vector("v", "base", "a", "bfloat16"))
    for name, tensor in found.items():
        assert torch.equal(tensor, (content(1)[name] - content(0)[name]).bfloat16())
    out = models.merge("task_arithmetic", ["v.safetensors"])
    for name, tensor in found.items():
        np.testing.assert_allclose(out[name], content(0)[name].double() + tensor.double(), atol=1e-6)


def test_a_vector_is_the_same_one_as_its_folder_in_every_encoding_and_place(models):
    models.model("b", content(2) | {"count": torch.tensor(2), "positions": torch.arange(3)})
    vectors = {key: VectorFile(models.vector(f"v-{key}", "base", "a", key)) for key in ("float32", "bfloat16")}
    base = Model(models.folder / "base", Execution())
    folder = Difference(Model(models.folder / "a", Execution()), base)
    assert {vector.id for vector in vectors.values()} == {folder.id}
    others = [
        Difference(Model(models.folder / "b", Execution()), base),
        Difference(Model(models.folder / "a", Execution()), Model(models.folder / "b", Execution())),
    ]
    assert len({folder.id, *(other.id for other in others)}) == 3


def test_an_outline_says_what_would_be_read_and_written(models):
    out = models.folder / "v.safetensors"
    before = models.files()
    lines = outline(str(models.folder / "base"), str(models.folder / "a"), out, None, Execution())
    assert lines == [
        f"reads   {models.folder / 'base'}, the base",
        f"reads   {models.folder / 'a'}",
        f"writes  {out}: 5 tensors, float32, 0.0 MB at most",
    ]
    assert models.files() == before


def test_a_vector_that_would_stand_at_a_bad_place_is_refused(models):
    with models.refused("v.npz must end in .safetensors"):
        extract(str(models.folder / "base"), str(models.folder / "a"), models.folder / "v.npz", None, Execution())
    models.vector("v", "base", "a")
    with models.refused("v.safetensors already exists; give another name or remove it"):
        models.vector("v", "base", "a")


def test_what_is_no_vector_is_refused(models):
    file = models.folder / "x.safetensors"

    def assert_refused(message: str) -> None:
        with models.refused(message):
            models.merge("average", ["x.safetensors"])

    for metadata in (None, {"format": "pt"}):
        save_file(content(0), file, metadata=metadata)
        assert_refused("x.safetensors has tensors but is not a task vector; make one with `tauspeech vector`")
    for version in ("1", "9", 2):
        save_file(content(0), file, metadata={"task_vector": json.dumps({"version": version})})
        assert_refused(f"x.safetensors is a task vector of format {version}, but this version reads format 2")
    for header in (
        "no json",
        "[]",
        '{"version": "2"}',
        "null",
        '{"version": "2", "base_fingerprint": "x", "encoding": "int4"}',
    ):
        save_file(content(0), file, metadata={"task_vector": header})
        assert_refused(r"x.safetensors is damaged or not a task vector \(.*\); make it again")


def test_a_truncated_vector_is_refused(models):
    file = models.vector("v", "base", "a")
    whole = file.read_bytes()
    for length in (0, 5, 60, len(whole) // 2, len(whole) - 1):
        file.write_bytes(whole[:length])
        with models.refused("v.safetensors is truncated or not a safetensors file"):
            models.merge("average", ["v.safetensors"])


def test_a_vector_that_lacks_a_tensor_or_has_another_is_refused(models):
    file = models.vector("v", "base", "a")
    with safe_open(file, "pt") as opened:
        metadata = opened.metadata()
    tensors = load_file(file)
    for changed, message in [
        ({name: tensors[name] for name in tensors if name != "m.bias"}, "v.safetensors lacks tensor m.bias of .*base"),
        (tensors | {"other": torch.ones(2)}, "v.safetensors has tensor other, which .*base lacks"),
        (tensors | {"m.bias": torch.ones(7)}, r"m.bias is \[7\] in vector v.safetensors but \[6\] in .*base"),
        (tensors | {"m.bias": torch.ones(6, dtype=torch.int32)}, "v.safetensors is damaged or not a task vector"),
        (tensors | {"count": torch.tensor(1.0)}, "v.safetensors has tensor count, which .*base lacks"),
    ]:
        save_file(changed, file, metadata=metadata)
        with models.refused(message):
            models.merge("average", ["v.safetensors"])


def test_an_interrupted_write_leaves_nothing(models, monkeypatch):
    from tauspeech.vectors.files import storage

    def broken(*arguments):
        raise KeyboardInterrupt

    before = models.files()
    monkeypatch.setattr(storage.Writer, "write", broken)
    with pytest.raises(KeyboardInterrupt):
        models.vector("v", "base", "a")
    assert models.files() == before


def test_a_finetune_of_another_model_is_refused(models):
    models.model("c", {"z.weight": torch.ones(31, 7)})
    before = models.files()
    with pytest.raises(UserError, match=r"base has tensors that .*c lacks: a\.conv, "):
        models.vector("v", "base", "c")
    assert models.files() == before
    assert (models.folder / "c" / WEIGHTS).is_file()
