"""The output of a recipe does not depend on the order of vectors, threads, size of pieces, or split into files."""

import shutil

import numpy as np
import pytest
import torch

from tauspeech.vectors.transforms import trimming
from tests.vectors.lab import EVERY_METHOD, Lab, chunks_of

SHAPES = {
    "encoder.layers.0.weight": (61, 47),
    "encoder.conv.weight": (16, 5, 3),
    "encoder.norm.running_mean": (33,),
    "encoder.norm.running_var": (33,),
    "decoder.embed.weight": (131, 17),
    "decoder.long.bias": (4099,),
    "decoder.few_changes.weight": (80, 50),
    "decoder.scale": (),
    "decoder.nothing": (0, 3),
}
WEIGHTS = {"a": 0.7, "b": 0.4, "c": 0.7, "d": 1.1}


def models(dtype: torch.dtype = torch.float32, size: float = 2.0**40) -> dict[str, dict[str, torch.Tensor]]:
    """Changes that cancel, so that a sum depends on its order; ties at every cut; entries that nobody changes, whose
    zeros have a sign."""
    numbers = np.random.default_rng(5)

    def tensors(of, rounded: float = 0.0) -> dict[str, np.ndarray]:
        found = {name: np.asarray(of(shape)) for name, shape in SHAPES.items()}
        return {name: np.round(each / rounded) * rounded if rounded else each for name, each in found.items()}

    base = tensors(lambda shape: numbers.choice([-0.0, 0.0, 1e-40, 0.5, -2.0], shape))
    base["encoder.norm.running_var"] = numbers.random(33)
    large = tensors(lambda shape: size * numbers.standard_normal(shape), rounded=size / 4)
    changes = {key: tensors(numbers.standard_normal, rounded=0.25) for key in "bd"} | {
        "a": large,
        "c": {name: -values for name, values in large.items()},
    }
    kept = tensors(lambda shape: numbers.random(shape) < 0.2)
    kept["decoder.few_changes.weight"] = numbers.random((80, 50)) < 0.999
    found = {"base": base}
    for key, change in changes.items():
        found[key] = {name: np.where(kept[name], base[name], base[name] + change[name]) for name in SHAPES}
        found[key]["encoder.norm.running_var"] = numbers.random(33) ** 8
    return {key: {name: torch.tensor(each).to(dtype) for name, each in held.items()} for key, held in found.items()}


@pytest.fixture(params=["float32", "bfloat16", "float16"])
def five(request, lab) -> Lab:
    """A base and four fine-tunes of other types."""
    dtype = getattr(torch, request.param)
    size = 2.0**10 if request.param == "float16" else 2.0**40
    for name, tensors in models(dtype, size).items():
        lab.model(name, tensors)
    return lab


def entries(keys: str = "abcd", **more) -> list[dict[str, object]]:
    return [{"path": key, "weight": WEIGHTS[key]} | more for key in keys]


@pytest.mark.parametrize(("method", "options"), EVERY_METHOD)
def test_order_threads_and_pieces_leave_the_bytes_alone(five, method, options, monkeypatch):
    one = five.merge(method, entries(), options, scale=0.3)
    others = [five.merge(method, entries("dbca"), options, scale=0.3, threads=3)]
    with chunks_of(1001):
        others.append(five.merge(method, entries("cadb"), options, scale=0.3))
    monkeypatch.setattr(trimming, "_SMALL", 0)  # nothing is held, all is read again
    with chunks_of(64):
        others.append(five.merge(method, entries("bacd"), options, scale=0.3, threads=2))
    with chunks_of(4096):
        others.append(five.merge(method, entries("dcba"), options, scale=0.3))
    for other in others:
        assert other.bytes == one.bytes
        assert other.receipt["weights"] == one.receipt["weights"]
        assert other.receipt["tensors"] == one.receipt["tensors"]
        assert other.receipt["rounding_loss"] == pytest.approx(one.receipt["rounding_loss"], rel=1e-9)


@pytest.mark.parametrize(("method", "options"), EVERY_METHOD)
def test_shards_and_vector_files_leave_the_bytes_alone(lab, method, options):
    content = models()
    for name, tensors in content.items():
        lab.model(name, tensors)
        lab.model(f"{name}-in-shards", dict(reversed(tensors.items())), shards=3)
    for key in "abcd":
        lab.vector(f"{key}-file", "base", key)
        lab.vector(f"{key}-file-of-shards", "base-in-shards", f"{key}-in-shards")
    for ids in ({key: {"id": key} for key in "abcd"}, {key: {} for key in "abcd"}):

        def sources(ending: str, ids=ids) -> list[dict[str, object]]:
            return [{"path": f"{key}{ending}", "weight": WEIGHTS[key]} | ids[key] for key in "abcd"]

        one = lab.merge(method, sources(""), options)
        others = [
            lab.merge(method, sources("-in-shards"), options, base="base-in-shards"),
            lab.merge(method, sources("-file.safetensors"), options),
            lab.merge(method, sources("-file-of-shards.safetensors"), options, base="base-in-shards"),
        ]
        assert all(other.bytes == one.bytes for other in others)


@pytest.mark.parametrize(("method", "options"), EVERY_METHOD)
def test_where_a_model_lies_leaves_the_bytes_alone(lab, method, options):
    for name, tensors in models().items():
        lab.model(name, tensors)
    one = lab.merge(method, entries(), options)
    moved = Lab(lab.folder / "elsewhere")
    moved.folder.mkdir()
    for old, new in zip(["base", *"abcd"], ["base", *"zyxw"], strict=True):
        shutil.copytree(lab.folder / old, moved.folder / new)
    vectors = [{"path": new, "weight": WEIGHTS[old]} for old, new in zip("abcd", "zyxw", strict=True)]
    assert moved.merge(method, vectors, options).bytes == one.bytes


def test_one_vector_given_twice_leaves_the_order_alone(lab):
    for name, tensors in models().items():
        lab.model(name, tensors)
    # What is left when c has taken a away is the rounding of the sums.
    vectors = [{"path": "a", "weight": weight} for weight in (0.1, 0.2, 0.7)] + [{"path": "c", "weight": 1}]
    one = lab.merge("task_arithmetic", vectors)
    for other in (vectors[::-1], [vectors[i] for i in (1, 2, 3, 0)], [vectors[i] for i in (0, 2, 1, 3)]):
        assert lab.merge("task_arithmetic", other).bytes == one.bytes


@pytest.mark.parametrize(("method", "options"), EVERY_METHOD)
def test_the_order_inside_a_merge_of_merges_leaves_the_bytes_alone(lab, method, options):
    for name, tensors in models().items():
        lab.model(name, tensors)

    def nested(keys: str) -> dict[str, object]:
        return {"merge": {"method": method, "options": options, "scale": 0.3, "vectors": entries(keys)}, "weight": 0.6}

    one = lab.merge("ties", [nested("abc"), *entries("bd")], {"keep": 0.5})
    with chunks_of(999):
        other = lab.merge("ties", [*entries("db"), nested("cab")], {"keep": 0.5}, threads=2)
    assert other.bytes == one.bytes


# DARE's masks.


def ones(lab: Lab, name: str, shapes: dict[str, tuple[int, ...]] | None = None) -> None:
    shapes = shapes or {"x": (40, 5), "y": (200,)}
    lab.model(name, {key: torch.full(shape, float(name != "base")) for key, shape in shapes.items()})


def mask(lab: Lab, tensor: str = "x", id: str = "a", keep: float = 0.5, path: str = "ones", **recipe) -> np.ndarray:
    return lab.merge("dare", [{"path": path, "id": id}], {"keep": keep}, **recipe)[tensor].ravel() != 0


def test_a_mask_depends_on_seed_id_and_tensor_alone(lab):
    ones(lab, "base")
    ones(lab, "ones")
    ones(lab, "others")
    alone = mask(lab)
    together = [{"path": "others", "id": "b", "weight": 10}, {"path": "ones", "id": "a"}]
    both = lab.merge("dare", together, {"keep": 0.5}, seed=1)["x"].ravel()
    assert np.array_equal(np.isin(both, [2, 22]), alone)
    longer = Lab(lab.folder / "longer")
    longer.folder.mkdir()
    for name in ("base", "ones"):
        ones(longer, name, {"x": (50, 7), "z": (3,)})
    assert np.array_equal(mask(longer)[:200], alone)


def test_masks_differ_by_seed_id_and_tensor_and_nest_by_keep(lab):
    ones(lab, "base")
    ones(lab, "ones")
    half = mask(lab)
    masks = [half, mask(lab, seed=2), mask(lab, id="b"), mask(lab, tensor="y"), mask(lab, id="ones")]
    assert len({each.tobytes() for each in masks}) == 5
    assert not np.any(mask(lab, keep=0.3) & ~half)
    for other in masks[1:]:  # as independent as they should be: 50 of 200 are kept by both
        assert 25 < np.count_nonzero(half & other) < 75


@pytest.mark.parametrize("keep", [0.02, 0.5, 0.9])
def test_masks_keep_their_share(lab, keep):
    count = 300_000
    for name in ("base", "ones"):
        ones(lab, name, {"x": (count,)})
    out = lab.merge("dare", ["ones"], {"keep": keep})
    bound = 5 * np.sqrt(keep * (1 - keep) / count)
    assert abs(np.mean(out["x"] != 0) - keep) < bound
    assert abs(np.mean(out["x"]) - 1) < bound / keep  # rescaled, so that the mean stays
    assert out.receipt["tensors"]["x"]["ones"]["kept"] == np.count_nonzero(out["x"])


def test_masks_are_the_same_on_every_machine_and_version(lab):
    for name in ("base", "ones"):
        ones(lab, name, {"w": (32,)})
    drawn = mask(lab, tensor="w", id="word", seed=1).astype(int)
    assert "".join(map(str, drawn)) == "00010010110100100011010101110111"
