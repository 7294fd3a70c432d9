"""Mistakes in recipes and their inputs: each gives an error of one sentence, and nothing is written."""

import json
import math
import shutil
from collections import namedtuple

import numpy as np
import pytest
import torch
import yaml

from tauspeech.runtime.errors import UserError
from tauspeech.vectors.execution import Execution
from tauspeech.vectors.merging import outline
from tauspeech.vectors.recipe import Recipe
from tests.vectors.lab import Lab


@pytest.fixture
def lab(tmp_path) -> Lab:
    lab = Lab(tmp_path)
    for value, name in enumerate(["base", "a", "b"]):
        lab.model(name, {"encoder.weight": torch.full((3, 2), float(value)), "decoder.bias": torch.ones(2) * value})
    return lab


GOOD = {"base": "base", "method": "task_arithmetic", "vectors": [{"path": "a"}, {"path": "b"}]}


def vector(**changes) -> dict:
    return {"vectors": [{"path": "a"} | changes]}


def without(key: str) -> dict:
    return {other: value for other, value in GOOD.items() if other != key}


INF, NAN = math.inf, math.nan
MISTAKES = [
    (GOOD | {"weights": [0.5, 0.5]}, "key 'weights' is unknown: each entry of vectors has a weight of its own"),
    (GOOD | {"vectrs": []}, "key 'vectrs' is unknown: did you mean 'vectors'"),
    (GOOD | {"density": 0.5}, "key 'density' is unknown: known are base, method, scale, options, vectors, seed, dtype"),
    (without("base"), "key 'base' is missing: a model folder or hub id"),
    (without("method"), "key 'method' is missing"),
    (without("vectors"), "key 'vectors' is missing"),
    (GOOD | {"vectors": []}, "key 'vectors': .*one entry for each vector"),
    (GOOD | {"vectors": None}, "key 'vectors': None is not of type 'array'"),
    (GOOD | {"vectors": ["a"]}, "key 'vectors.0': 'a' is not of type 'object'"),
    (GOOD | {"base": 3}, "key 'base': 3 is not of type 'string'"),
    (GOOD | {"base": ""}, "key 'base'"),
    (
        GOOD | {"method": "tise"},
        "key 'method' is 'tise': choose one of average, dare, linear_adapters, lors, magnitude, svd, task_arithmetic, ties",
    ),
    (GOOD | {"method": 1}, "key 'method'"),
    (GOOD | {"dtype": "fp16"}, "key 'dtype': 'fp16' is not one of .*'float16'"),
    (GOOD | {"seed": 0.5}, "key 'seed': 0.5 is not of type 'integer'"),
    (GOOD | {"scale": "1e-1"}, "key 'scale': '1e-1' is text in YAML: write 1.0e-01"),
    (GOOD | {"scale": True}, "key 'scale'"),
    (GOOD | {"scale": NAN}, "key 'scale' is nan; give a finite number"),
    (GOOD | {"scale": INF}, "key 'scale' is inf; give a finite number"),
    (GOOD | {"options": None}, "key 'options'"),
    (GOOD | vector(wieght=1), "key 'vectors.0.wieght' is unknown: did you mean 'weight'"),
    (GOOD | vector(weight="1"), "key 'vectors.0.weight'"),
    (GOOD | vector(weight=[1]), "key 'vectors.0.weight'"),
    (GOOD | vector(weight=None), "key 'vectors.0.weight'"),
    (GOOD | vector(weight=True), "key 'vectors.0.weight'"),
    (GOOD | vector(weight=NAN), "key 'vectors.0.weight' is nan; give a finite number"),
    (GOOD | vector(weight=10**400), "key 'vectors.0.weight' is 1000.*; give a finite number"),
    (GOOD | vector(weight={"encoder": INF}), "key 'vectors.0.weight' of encoder is inf; give a finite number"),
    (GOOD | vector(weight={"encoder": "1"}), "key 'vectors.0.weight.encoder'"),
    (GOOD | vector(id="a b"), "key 'vectors.0.id'.*a name; random masks depend on it"),
    (GOOD | vector(id="../a"), "key 'vectors.0.id'"),
    (GOOD | {"vectors": [{"weight": 1}]}, "key 'vectors.0' needs either path or merge"),
    (GOOD | vector(merge={"method": "average", "vectors": [{"path": "b"}]}), "'vectors.0' needs either path or merge"),
    (
        GOOD | {"vectors": [{"merge": {"method": "average", "vectors": [{"path": "a"}]}, "reference": "b"}]},
        "key 'vectors.0.reference' has no effect: give it to the vectors inside merge",
    ),
    (GOOD | {"vectors": [{"merge": {"method": "average"}}]}, "key 'vectors.0.merge.vectors' is missing"),
    (
        GOOD | {"vectors": [{"merge": {"method": "average", "vectors": [{"path": "a"}], "seed": 1}}]},
        "key 'vectors.0.merge.seed' is unknown",
    ),
    (
        GOOD | {"vectors": [{"merge": {"method": "svd", "vectors": [{"path": "a"}]}}]},
        "key 'vectors.0.merge.options.rank' is missing: svd needs the fraction of singular values kept",
    ),
    (
        GOOD | {"vectors": [{"merge": {"method": "no", "vectors": [{"path": "a"}]}}]},
        "key 'vectors.0.merge.method' is 'no': choose one of",
    ),
    (GOOD | {"vectors": [{"path": "a", "id": "x"}, {"path": "b", "id": "x"}]}, "two vectors have the id 'x'"),
    ([GOOD], "is not a mapping of keys"),
    ("ties", "is not a mapping of keys"),
    (None, "is not a mapping of keys"),
]

OPTIONS = [
    ("ties", {}, "key 'options.keep' is missing: ties needs the fraction of entries kept"),
    ("dare", {}, "key 'options.keep' is missing: dare needs the fraction of entries kept"),
    ("lors", {"rank": 0.1}, "key 'options.keep' is missing: lors needs the fraction of entries kept"),
    ("ties", {"keep": 0.5, "density": 1}, "key 'options.density' is unknown: the options of ties are keep, scope"),
    ("average", {"keep": 0.5}, "key 'options.keep' is unknown: average has no options"),
    ("dare", {"keep": 0.5, "seed": 1}, "key 'options.seed' is unknown: the options of dare are keep"),
    ("ties", {"keep": 0.5, "execution": 1}, "key 'options.execution' is unknown"),
    (
        "ties",
        {"keep": 0.5, "scope": "layer"},
        r"key 'options.scope' is 'layer'; give the set of entries .*: global \(.*\) or tensor",
    ),
    ("ties", {"keep": 0.5, "scope": ["global"]}, "key 'options.scope'"),
    ("magnitude", {"keep": 0}, "key 'options.keep' is 0; give the fraction of entries kept: above 0, at most 1"),
    ("svd", {"rank": 0}, "key 'options.rank' is 0; give the fraction of singular values kept: above 0, at most 1"),
    ("svd", {"rank": 8}, "key 'options.rank' is 8"),
    ("lors", {"rank": -0.1, "keep": 0}, "key 'options.rank' is -0.1; .*: from 0, at most 1"),
    *[
        ("dare", {"keep": keep}, "key 'options.keep' is")
        for keep in (0, -0.1, 1.5, 50, NAN, INF, "0.5", True, None, [1])
    ],
]


@pytest.mark.parametrize(("content", "message"), MISTAKES)
def test_mistakes_in_a_recipe_are_named(lab, content, message):
    file = lab.folder / "recipe.yaml"
    file.write_text(yaml.safe_dump(content), encoding="utf-8")
    for read in (lambda: Recipe.parse(content, lab.folder), lambda: Recipe.read(file)):
        with pytest.raises(UserError, match=message) as caught:
            read()
        assert "\n" not in str(caught.value)
    assert str(caught.value).startswith((str(file), f"The {file}")), "the file that has the mistake"


@pytest.mark.parametrize(("method", "options", "message"), OPTIONS)
def test_mistakes_in_options_are_named(lab, method, options, message):
    with lab.refused(message):
        lab.merge(method, ["a"], options)


@pytest.mark.parametrize(
    "content", [b"base: [", b"a: b: c", b"\xff\xfe\x00", b"x: !!python/object:os.system {}", b"\t- a"]
)
def test_invalid_yaml_is_refused(tmp_path, content):
    file = tmp_path / "recipe.yaml"
    file.write_bytes(content)
    with pytest.raises(
        UserError, match=r"recipe.yaml is not valid YAML \(.*\); see `tauspeech merge --help`"
    ) as caught:
        Recipe.read(file)
    assert "\n" not in str(caught.value)


def test_a_missing_recipe_is_named(tmp_path):
    for path in (tmp_path / "no.yaml", tmp_path):
        with pytest.raises(UserError, match=f"There is no recipe at {path}; give a YAML file"):
            Recipe.read(path)


def test_paths_are_relative_to_the_recipe(lab, tmp_path, monkeypatch):
    (lab.folder / "recipe.yaml").write_text(json.dumps(GOOD), encoding="utf-8")
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    lines = outline(Recipe.read(lab.folder / "recipe.yaml"), tmp_path / "out", Execution())
    assert lines[0] == f"reads   {lab.folder / 'base'}: 2 tensors, the base"
    assert lines[-1] == f"writes  {tmp_path / 'out'}: 0.0 MB of weights, type base"


# Mistakes in the inputs of a recipe.


@pytest.mark.parametrize(
    ("paths", "message"),
    [
        (["nowhere"], "nowhere"),
        (["nowhere.safetensors"], "There is no task vector at .*nowhere.safetensors; check the path"),
        (["folder/nowhere.safetensors"], "There is no task vector at .*nowhere.safetensors; check the path"),
        (
            ["vector.bin"],
            "vector.bin is pickle, which is never loaded; convert it, if you trust it, with `tauspeech convert",
        ),
        (["base/config.json"], "config.json is truncated or not a safetensors file"),
        (["base/model.safetensors"], "model.safetensors has tensors but is not a task vector; make one with"),
        (["empty"], "empty has neither model.safetensors nor model.safetensors.index.json"),
        (
            ["pickled"],
            r"pickled has its weights only as pickle \(pytorch_model.bin\), which is never loaded; convert it",
        ),
    ],
)
def test_what_is_no_model_or_vector_is_refused(lab, paths, message, monkeypatch):
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    (lab.folder / "empty").mkdir()
    (lab.folder / "pickled").mkdir()
    (lab.folder / "pickled" / "pytorch_model.bin").write_bytes(b"pickle")
    (lab.folder / "vector.bin").write_bytes(b"pickle")
    with lab.refused(message):
        lab.merge("average", paths)
    if "." not in paths[0]:
        with lab.refused(message):
            lab.merge("average", ["a"], base=paths[0])
        with lab.refused(message):
            lab.merge("average", [{"path": "a", "reference": paths[0]}])


def test_models_with_other_tensors_are_refused_by_name(lab):
    same = {"encoder.weight": torch.ones(3, 2), "decoder.bias": torch.ones(2)}
    lab.model("more", same | {f"extra.{i}": torch.zeros(1) for i in range(5)})
    lab.model("less", {"encoder.weight": torch.ones(3, 2)})
    lab.model("shape", same | {"decoder.bias": torch.ones(2, 1)})
    lab.model("whole", same | {"decoder.bias": torch.ones(2, dtype=torch.int32)})
    five = r"more has tensors that .* lacks: extra.0, extra.1, extra.2 and 2 more; give a fine-tune and its own base"
    for base, path, message in [
        ("base", "more", five),
        ("more", "a", five),
        ("base", "less", "base has tensors that .*less lacks: decoder.bias; give a fine-tune and its own base"),
        ("less", "a", "a has tensors that .*less lacks: decoder.bias"),
        ("base", "shape", r"decoder.bias is float32\[2, 1\] in .*shape but float32\[2\] in .*base; give a fine-tune"),
        ("base", "whole", r"decoder.bias is int32\[2\] in .*whole but float32\[2\] in .*base"),
        ("whole", "a", r"decoder.bias is float32\[2\] in .*a but int32\[2\] in .*whole"),
    ]:
        with lab.refused(message):
            lab.merge("average", [path], base=base)
        with lab.refused(message):
            lab.merge("average", [{"path": path, "reference": base}])


def test_a_reference_of_another_kind_is_refused(lab):
    lab.model("other", {"encoder.weight": torch.ones(3, 2), "other.bias": torch.ones(2)})
    lab.model("larger", {"encoder.weight": torch.ones(3, 3), "decoder.bias": torch.ones(2)})
    lab.model("smaller", {"encoder.weight": torch.ones(3, 2)})
    for name, message in [
        ("other", "Vector other has tensor other.bias, which .*base lacks; give its own base"),
        ("larger", r"Tensor encoder.weight is \[3, 3\] in vector larger but \[3, 2\] in .*base; give its own base"),
        ("smaller", "Vector smaller lacks tensor decoder.bias of .*base"),
    ]:
        with lab.refused(message):
            lab.merge("average", [{"path": name, "reference": name}])


def test_a_vector_file_of_another_base_is_refused(lab):
    lab.vector("v", "b", "a")
    message = r"v.safetensors was made from a model with fingerprint \w{12}, but .*base has \w{12}; give the model"
    with lab.refused(message):
        lab.merge("average", ["v.safetensors"])
    with lab.refused(message):
        lab.merge("average", [{"merge": {"method": "average", "vectors": [{"path": "v.safetensors"}]}}])


@pytest.mark.parametrize("value", [NAN, INF, -INF])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float16, torch.bfloat16])
def test_a_diverged_model_is_refused_wherever_it_stands(lab, value, dtype):
    bad = {"encoder.weight": torch.ones(3, 2), "decoder.bias": torch.tensor([1, value]).to(dtype)}
    lab.model("bad", bad)
    message = "Tensor decoder.bias of .*bad/model.safetensors holds NaN or infinity; use a checkpoint from before"
    for recipe in (
        {"vectors": ["a", "bad"]},
        {"vectors": ["a"], "base": "bad"},
        {"vectors": ["bad"], "base": "bad"},
        {"vectors": [{"path": "a", "reference": "bad"}]},
    ):
        for method, options in (("task_arithmetic", {}), ("ties", {"keep": 0.5}), ("lors", {"rank": 0.5, "keep": 0.5})):
            with lab.refused(message):
                lab.merge(method, recipe["vectors"], options, base=recipe.get("base", "base"), threads=2)
    before = lab.files()
    with pytest.raises(UserError, match=message):
        lab.vector("v", "base", "bad")
    assert lab.files() == before


def test_a_vector_file_with_nan_is_refused(lab):
    file = lab.vector("v", "base", "a")
    content = bytearray(file.read_bytes())
    content[-4:] = np.float32(NAN).tobytes()
    file.write_bytes(content)
    with lab.refused("Tensor .* of .*v.safetensors holds NaN or infinity"):
        lab.merge("average", ["v.safetensors"])


def test_a_difference_too_large_for_float32_is_refused(lab):
    for value, name in ((3e38, "large"), (-3e38, "small")):
        lab.model(name, {"x": torch.full((4,), value)})
    with lab.refused("Tensor x differs between .*large.* and .*small.* by more than float32 can hold"):
        lab.merge("average", ["large"], base="small")


def test_a_sum_too_large_for_float32_is_refused(lab, recwarn):
    for value, name in ((1e38, "large"), (0, "zero")):
        lab.model(name, {"x": torch.full((4,), float(value))})
    plain = {"path": "large", "weight": 1e30}
    for vectors, scale in (
        ([{"path": "large", "weight": 4}], 1),
        (["large"], 4),
        ([plain], 1e-30),
        ([plain, {"path": "large", "weight": -1e30, "id": "z"}, plain], 1),
        ([{"merge": {"method": "task_arithmetic", "scale": 10, "vectors": [{"path": "large"}]}}], 1),
    ):
        with lab.refused("Tensor x overflows float32; lower the scale"):
            lab.merge("task_arithmetic", vectors, base="zero", scale=scale)
    with lab.refused("Tensor x overflows float32"):
        lab.merge("dare", ["large"], {"keep": 0.2}, base="zero")
    assert not recwarn.list, "one sentence is enough"


@pytest.mark.parametrize("weights", [(1, -1), (0, 0), (0.1, -0.1), ({"decoder": 0}, {"decoder": 0})])
def test_an_average_whose_weights_add_up_to_zero_is_refused(lab, weights):
    vectors = [{"path": path, "weight": weight} for path, weight in zip("ab", weights, strict=True)]
    message = r"The weights of an average of \S+ add up to 0; give others, or use task_arithmetic"
    with lab.refused(message):
        lab.merge("average", vectors)
    with lab.refused(message):
        lab.merge("task_arithmetic", [{"merge": {"method": "average", "vectors": vectors}}])
    with lab.refused(message):
        outline(lab.recipe("average", vectors), lab.folder / "out", Execution())


# The output.


def test_an_occupied_output_is_refused_before_anything_is_read(lab, monkeypatch):
    recipe = lab.recipe("average", ["a"])
    monkeypatch.setattr("tauspeech.vectors.merging.Sources", None)
    out = lab.folder / "out"
    out.mkdir()
    (out / "mine.txt").write_text("mine", encoding="utf-8")
    from tauspeech.vectors.merging import merge

    for path in (out, out / "mine.txt", lab.folder / "base"):
        for action in (merge, outline):
            with lab.refused(f"{path} already exists and is not empty; give another folder or remove it"):
                action(recipe, path, Execution())


def test_an_empty_folder_and_a_deep_path_may_be_written_to(lab):
    from tauspeech.vectors.merging import merge

    for out in (lab.folder / "empty", lab.folder / "as" / "deep" / "as" / "this"):
        if out.name == "empty":
            out.mkdir()
        merge(lab.recipe("average", ["a"]), out, Execution())
        assert {file.name for file in out.iterdir()} >= {"config.json", "model.safetensors", "merge_receipt.json"}


def test_a_full_disk_is_noticed_beforehand(lab, monkeypatch):
    usage = namedtuple("Usage", "total used free")
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage(100, 90, 10))
    message = "has 0.0 GB left, but .* needs 0.0 GB; free space"
    with lab.refused(message):
        lab.merge("average", ["a"])
    with lab.refused(message):
        outline(lab.recipe("average", ["a"]), lab.folder / "new" / "out", Execution())
    with lab.refused(message):
        lab.vector("v", "base", "a")
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage(100, 68, 32))
    lab.merge("average", ["a"])  # eight numbers of four bytes
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage(100, 69, 31))
    with lab.refused(message):
        lab.merge("average", ["a"])
    lab.merge("average", ["a"], dtype="bfloat16")
