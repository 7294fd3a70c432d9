"""Vector files in every encoding: against float64 NumPy, against each other, and against damage."""

import json
import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from safetensors.numpy import load_file, save_file

from tauspeech.commands.main import main
from tauspeech.runtime.errors import UserError
from tauspeech.vectors import panels
from tauspeech.vectors.deltas import Model
from tauspeech.vectors.encodings.compressed import Compressed
from tauspeech.vectors.encodings.vector_file import VectorFile, write_vector
from tauspeech.vectors.execution import Execution
from tauspeech.vectors.extraction import extract, outline
from tauspeech.vectors.files import storage
from tauspeech.vectors.lora.adapter import Adapter
from tauspeech.vectors.merging import merge
from tauspeech.vectors.recipe import Recipe

SHAPES = {
    "encoder.large.weight": (310, 290),
    "encoder.wide.weight": (12, 90),
    "encoder.conv.weight": (24, 8, 3),
    "encoder.row.weight": (1, 50),
    "encoder.norm.running_var": (40,),
    "decoder.tall.weight": (90, 12),
    "decoder.bias": (17,),
    "decoder.scalar": (),
    "decoder.empty.weight": (0, 3),
    "decoder.frozen.weight": (30, 40),
}
LARGE = "encoder.large.weight"  # more than a block of entries
METHODS = {
    "average": {},
    "task_arithmetic": {},
    "ties": {"keep": 0.4},
    "dare": {"keep": 0.4},
    "magnitude": {"keep": 0.3},
    "svd": {"rank": 0.3},
    "lors": {"rank": 0.2, "keep": 0.1},
}


def write_model(folder: Path, tensors: dict[str, np.ndarray]) -> Path:
    folder.mkdir(parents=True)
    (folder / "config.json").write_text("{}\n")
    tensors = {name: np.asarray(each) for name, each in tensors.items()}
    save_file(tensors, folder / "model.safetensors", metadata={"format": "pt"})
    return folder


def numbers(seed: int, shapes=SHAPES, spread: float = 0.01) -> dict[str, np.ndarray]:
    """Matrices with one large singular value, as is typical of changes."""
    generator = np.random.default_rng(seed)

    def tensor(shape: tuple[int, ...]) -> np.ndarray:
        noise = generator.standard_normal(shape)
        if len(shape) > 1:
            first = generator.standard_normal((shape[0], 1)) @ generator.standard_normal((1, math.prod(shape[1:])))
            noise = noise + 2 * first.reshape(shape)
        return np.asarray(spread * noise, np.float32)

    return {name: tensor(shape) for name, shape in shapes.items()}


def weights() -> dict[str, np.ndarray]:
    return {name: np.abs(each) for name, each in numbers(0, spread=1.0).items()}  # a variance is positive


@pytest.fixture
def base(tmp_path: Path) -> Path:
    return write_model(tmp_path / "base", weights())


@pytest.fixture
def tuned(tmp_path: Path, base: Path) -> Path:
    return write_model(tmp_path / "tuned", changed(base, 1))


def changed(base: Path, seed: int) -> dict[str, np.ndarray]:
    change = numbers(seed)
    theirs = load_file(base / "model.safetensors")
    return {name: each + (0 if "frozen" in name else change[name]) for name, each in theirs.items()}


def vector(base: Path, tuned: Path, out: Path, encoding: str | None = "compressed", **options) -> VectorFile:
    extract(str(base), str(tuned), out, encoding, Execution(), options)
    return VectorFile(out)


def whole(piece) -> np.ndarray:
    return np.concatenate([piece.read(*each) for each in storage.ranges(math.prod(piece.shape))] or [[]])


def difference(base: Path, tuned: Path) -> dict[str, np.ndarray]:
    ours, theirs = load_file(tuned / "model.safetensors"), load_file(base / "model.safetensors")
    return {name: ours[name] - theirs[name] for name in theirs}


def relative(found: np.ndarray, exact: np.ndarray) -> float:
    norm = np.linalg.norm(exact.astype(np.float64))
    return float(np.linalg.norm(found.reshape(-1).astype(np.float64) - exact.reshape(-1)) / norm) if norm else 0.0


def reference_compressed(change: np.ndarray, rank: float, keep: float) -> np.ndarray:
    """By singular value decomposition and sorting, in float64."""
    matrix = change.astype(np.float64).reshape(change.shape[0], -1)
    left, values, right = np.linalg.svd(matrix, full_matrices=False)
    count = math.ceil(rank * min(matrix.shape) - 1e-9)
    low = (left[:, :count] * values[:count]) @ right[:count]
    residual = (matrix - low).reshape(-1)
    first = np.argsort(-np.abs(residual), kind="stable")[: math.floor(keep * residual.size + 0.5)]
    out = low.reshape(-1).copy()
    out[first] += residual[first]
    return out


def test_compressed_is_low_rank_and_the_largest_of_the_rest(base, tuned, tmp_path):
    file = vector(base, tuned, tmp_path / "v.safetensors", rank=0.1, keep=0.05)
    exact = difference(base, tuned)
    in_parts = [name for name in SHAPES if name not in file.tensors and exact[name].any()]
    assert in_parts == [name for name in SHAPES if name.split(".")[1] in ("large", "wide", "conv", "tall")]
    for name in in_parts:
        expected = reference_compressed(exact[name], 0.1, 0.05)
        assert relative(whole(file.piece(name)), expected) < 1e-5


@given(
    shape=st.lists(st.integers(1, 14), min_size=2, max_size=3).map(tuple),
    rank=st.sampled_from([0, 0.05, 0.3, 1]),
    keep=st.sampled_from([0.01, 0.1, 1]),
    bits=st.sampled_from([8, 32]),
    seed=st.integers(0, 99),
)
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_shape_loses_no_more_than_it_has_to(tmp_path_factory, shape, rank, keep, bits, seed):
    folder = tmp_path_factory.mktemp("shape")
    values = numbers(seed, {"w": shape}, 0.5)["w"]

    class Change:
        id, shapes, partial = "x", {"w": shape}, False

        def piece(self, name):
            return Held(values)

    about = write_vector(folder / "v.safetensors", Change(), "f" * 64, {}, Execution(), Compressed(rank, keep, bits))
    file = VectorFile(folder / "v.safetensors")
    found = whole(file.piece("w"))
    assert about["errors"]["w"] == pytest.approx(relative(found, values), rel=1e-5, abs=1e-12)
    if "w" in file.tensors:
        assert np.array_equal(found, values.reshape(-1))
    else:
        best = relative(reference_compressed(values, rank, keep), values)
        assert relative(found, values) == pytest.approx(best, rel=1e-3, abs=0.05 if bits == 8 else 1e-5)


class Held:
    def __init__(self, values: np.ndarray):
        self.shape, self._values = values.shape, values.reshape(-1)

    def read(self, start: int, stop: int) -> np.ndarray:
        return self._values[start:stop]


@pytest.mark.parametrize("bits", [8, 32])
def test_the_error_that_is_told_is_that_of_the_file(base, tuned, tmp_path, bits):
    file = vector(base, tuned, tmp_path / "v.safetensors", bits=bits)
    exact = difference(base, tuned)
    assert file.about["errors"].keys() == {name for name, each in exact.items() if each.any() or not each.size}
    for name, error in file.about["errors"].items():
        assert error == pytest.approx(relative(whole(file.piece(name)), exact[name]), rel=1e-5, abs=0)
    together = [
        np.concatenate(each) for each in zip(*((whole(file.piece(n)), exact[n].ravel()) for n in exact), strict=True)
    ]
    assert file.about["error"] == pytest.approx(relative(*together), rel=1e-5)
    entries = sum(each.size for each in exact.values())
    assert file.about["size_ratio"] == pytest.approx(file.path.stat().st_size / (4 * entries), rel=1e-5)


def test_int8_costs_next_to_nothing_but_takes_a_fraction(base, tuned, tmp_path):
    single, eight = (vector(base, tuned, tmp_path / f"{bits}.safetensors", bits=bits) for bits in (32, 8))
    assert eight.about["error"] == pytest.approx(single.about["error"], rel=0.01)
    name = "encoder.large.weight"
    bytes_of = [
        sum(storage.WIDTHS[t.dtype] * t.size for n, t in f.tensors.items() if name in n) for f in (single, eight)
    ]
    assert bytes_of[1] < 0.45 * bytes_of[0]
    assert bytes_of[0] < 0.17 * 4 * math.prod(SHAPES[name])


@pytest.mark.parametrize("bits", [8, 32])
def test_kept_entries_make_up_for_what_the_factors_lost_by_rounding(base, tuned, tmp_path, bits):
    file = vector(base, tuned, tmp_path / "v.safetensors", bits=bits)
    stored, exact = load_file(file.path), difference(base, tuned)[LARGE].ravel()
    blocks = np.repeat(np.arange(2), np.diff(stored[f"{LARGE}//starts"]))
    where = blocks * 65536 + stored[f"{LARGE}//index"]
    assert where.size == math.floor(0.02 * exact.size + 0.5)
    assert np.all(np.diff(where) > 0)
    steps = stored[f"{LARGE}//value_scales"][blocks] if bits == 8 else 0
    error = np.abs(whole(file.piece(LARGE)) - exact)
    assert np.all(error[where] <= 0.501 * steps + 1e-7)
    # and nothing that is left out is worse than what was kept
    values = np.abs(stored[f"{LARGE}//values"] * (steps if bits == 8 else 1))
    assert np.max(np.delete(error, where)) <= np.min(values) + np.max(steps) + 1e-7


@pytest.mark.parametrize(("keep", "bits"), [(0, 32), (0.02, 8), (1, 32)])
def test_all_singular_values_are_the_vector_itself(base, tuned, tmp_path, keep, bits):
    file = vector(base, tuned, tmp_path / "v.safetensors", rank=1, keep=keep, bits=bits)
    assert file.about["error"] == 0
    for name, exact in difference(base, tuned).items():
        assert np.array_equal(whole(file.piece(name)), exact.ravel())


def test_what_is_no_matrix_is_kept_whole_and_what_is_frozen_takes_nothing(base, tuned, tmp_path):
    file = vector(base, tuned, tmp_path / "v.safetensors", bits=8)
    exact = difference(base, tuned)
    for name in ("encoder.norm.running_var", "encoder.row.weight", "decoder.bias", "decoder.scalar"):
        assert np.array_equal(whole(file.piece(name)), exact[name].ravel())
    assert file.about["unchanged"] == ["decoder.frozen.weight"]
    assert not any("frozen" in name for name in file.tensors)
    assert not whole(file.piece("decoder.frozen.weight")).any()
    assert dict(file.shapes) == SHAPES


def test_a_matrix_that_parts_would_not_make_smaller_is_kept_whole():
    assert Compressed(rank=0.6, keep=0.1).layout("w", (100, 100)) == {"w": ("F32", (100, 100))}
    assert "w//left" in Compressed(rank=0.6, keep=0.1, bits=8).layout("w", (100, 100))
    assert Compressed().layout("w.running_var", (100, 100)) == {"w.running_var": ("F32", (100, 100))}


def test_a_vector_of_zeros(base, tmp_path):
    file = vector(base, base, tmp_path / "v.safetensors")
    assert (file.about["error"], list(file.tensors)) == (0, ["decoder.empty.weight"])
    assert not any(whole(file.piece(name)).any() for name in SHAPES)


def test_bfloat16_tells_what_it_lost(base, tuned, tmp_path):
    file = vector(base, tuned, tmp_path / "v.safetensors", "bfloat16")
    assert 0 < file.about["error"] < 2**-8
    name = "encoder.large.weight"
    error = relative(whole(file.piece(name)), difference(base, tuned)[name])
    assert file.about["errors"][name] == pytest.approx(error, rel=1e-5)


def with_zeros(file: VectorFile, out: Path) -> Path:
    """The dense file with its unchanged tensors, as all were written once."""
    zeros = {name: np.zeros(file.shapes[name], np.float32) for name in file.about["unchanged"]}
    about = {key: each for key, each in file.about.items() if key not in ("shapes", "unchanged")}
    save_file(load_file(file.path) | zeros, out, metadata={"task_vector": json.dumps(about)})
    return out


def test_a_frozen_tensor_takes_nothing_and_reads_as_zeros(base, tuned, tmp_path):
    file = vector(base, tuned, tmp_path / "v.safetensors", "float32")
    assert (file.about["unchanged"], file.about["shapes"].keys()) == (["decoder.frozen.weight"], SHAPES.keys())
    assert file.tensors.keys() == SHAPES.keys() - {"decoder.frozen.weight"}
    assert file.path.stat().st_size < sum(4 * math.prod(shape) for shape in SHAPES.values())
    for name, exact in difference(base, tuned).items():
        assert np.array_equal(whole(file.piece(name)), exact.ravel())
    half = vector(base, tuned, tmp_path / "half.safetensors", "bfloat16")
    assert half.about["errors"].keys() == half.tensors.keys() == file.tensors.keys()


def test_a_vector_without_frozen_tensors_lists_none(base, tmp_path):
    other = write_model(tmp_path / "other", {name: each + 1 for name, each in weights().items()})
    file = vector(base, other, tmp_path / "v.safetensors", "float32")
    assert file.tensors.keys() == SHAPES.keys()
    assert not {"shapes", "unchanged"} & file.about.keys()


@pytest.mark.parametrize("method", METHODS)
def test_files_with_zeros_are_read_and_merged_alike(base, tuned, tmp_path, method):
    file = vector(base, tuned, tmp_path / "new.safetensors", "float32")
    old = VectorFile(with_zeros(file, tmp_path / "old.safetensors"))
    assert (old.id, dict(old.shapes)) == (file.id, dict(file.shapes))
    for each in (file, old):
        content = {"base": "base", "method": method, "options": METHODS[method], "scale": 0.7, "seed": 3}
        content["vectors"] = [{"path": each.path.name}]
        merge(Recipe.parse(content, tmp_path), tmp_path / each.path.stem, Execution())
    merged = [(tmp_path / each.path.stem / "model.safetensors").read_bytes() for each in (file, old)]
    assert merged[0] == merged[1]


def test_a_vector_is_the_same_one_in_every_encoding(base, tuned, tmp_path):
    files = [
        vector(base, tuned, tmp_path / f"{i}.safetensors", e)
        for i, e in enumerate(("float32", "bfloat16", "compressed"))
    ]
    assert len({file.id for file in files}) == 1
    assert not any(file.partial for file in files)


@given(data=st.data())
@settings(max_examples=50, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_range_can_be_read(parts_file, data):
    name = data.draw(st.sampled_from(["encoder.large.weight", "encoder.conv.weight", "decoder.frozen.weight"]))
    size = math.prod(SHAPES[name])
    start, stop = sorted(data.draw(st.tuples(st.integers(0, size), st.integers(0, size))))
    piece = parts_file.piece(name)
    assert np.array_equal(piece.read(start, stop), whole(parts_file.piece(name))[start:stop])


@pytest.fixture(params=[8, 32])
def parts_file(base, tuned, tmp_path, request):
    return vector(base, tuned, tmp_path / "parts.safetensors", bits=request.param)


def test_bytes_do_not_depend_on_pieces_or_threads(base, tuned, tmp_path, monkeypatch):
    monkeypatch.setattr(panels, "PANEL", 1 << 14)  # several panels
    made, told = [], []
    for index, (chunk, threads) in enumerate([(1 << 18, 1), (1000, 1), (77_777, 3)]):
        monkeypatch.setattr(storage, "CHUNK", chunk)
        out = tmp_path / f"{index}.safetensors"
        extract(str(base), str(tuned), out, "compressed", Execution(threads), {"bits": 8})
        made.append(load_file(out))
        told.append(VectorFile(out).about["error"])
        recipe = Recipe.parse({"base": "base", "method": "task_arithmetic", "vectors": [{"path": out.name}]}, tmp_path)
        merge(recipe, tmp_path / f"merged{index}", Execution(threads))
    assert all(each.keys() == made[0].keys() for each in made)
    assert all(np.array_equal(each[name], made[0][name]) for each in made for name in made[0])
    assert told == pytest.approx([told[0]] * 3, rel=1e-5)
    merged = [(tmp_path / f"merged{index}" / "model.safetensors").read_bytes() for index in range(3)]
    assert len(set(merged)) == 1


@pytest.mark.parametrize("method", METHODS)
def test_merging_it_is_merging_what_it_stands_for(base, tuned, tmp_path, method):
    other = write_model(tmp_path / "other", changed(base, 2))
    paths = []
    for index, model in enumerate((tuned, other)):
        file = vector(base, model, tmp_path / f"{index}.safetensors", bits=8)
        dense = tmp_path / f"dense{index}.safetensors"
        write_vector(dense, file, file.base_fingerprint, file.metadata, Execution())
        paths.append((file.path.name, dense.name))
    for kind, names in zip(("parts", "dense"), zip(*paths, strict=True), strict=True):
        content = {"base": "base", "method": method, "options": METHODS[method], "scale": 0.7, "seed": 3}
        content["vectors"] = [{"path": name, "weight": 0.5 + i, "id": f"v{i}"} for i, name in enumerate(names)]
        merge(Recipe.parse(content, tmp_path), tmp_path / f"{kind}-{method}", Execution())
    merged = [load_file(tmp_path / f"{kind}-{method}" / "model.safetensors") for kind in ("parts", "dense")]
    assert all(np.array_equal(merged[0][name], merged[1][name]) for name in SHAPES)
    assert np.array_equal(merged[0]["decoder.frozen.weight"], weights()["decoder.frozen.weight"])


# Adapters


@pytest.fixture
def adapter(tmp_path: Path, base: Path) -> Path:
    folder = tmp_path / "adapter"
    folder.mkdir()
    (folder / "adapter_config.json").write_text(json.dumps({"peft_type": "LORA", "r": 2, "lora_alpha": 3}))
    generator = np.random.default_rng(5)
    shapes = {"encoder.large": (310, 290), "decoder.tall": (90, 12)}
    tensors = {}
    for module, (rows, columns) in shapes.items():
        prefix = f"base_model.model.{module}"
        tensors[f"{prefix}.lora_A.weight"] = generator.standard_normal((2, columns)).astype(np.float32)
        tensors[f"{prefix}.lora_B.weight"] = generator.standard_normal((rows, 2)).astype(np.float32)
    bias = load_file(base / "model.safetensors")["decoder.bias"] + np.float32(0.5)
    save_file(tensors | {"base_model.model.decoder.bias": bias}, folder / "adapter_model.safetensors")
    return folder


def product(adapter: Path, module: str) -> np.ndarray:
    tensors = load_file(adapter / "adapter_model.safetensors")
    a, b = (tensors[f"base_model.model.{module}.lora_{side}.weight"].astype(np.float64) for side in "AB")
    return 1.5 * b @ a


def test_an_adapter_is_kept_as_its_factors(base, adapter, tmp_path):
    file = vector(base, adapter, tmp_path / "v.safetensors", None)
    assert (file.encoding, file.partial) == ("lora", True)
    assert file.shapes.keys() == {"encoder.large.weight", "decoder.tall.weight", "decoder.bias"}
    assert file.tensors["encoder.large.weight//left"].shape == (310, 2)
    assert file.path.stat().st_size < 0.03 * 4 * 310 * 290
    for name in ("encoder.large", "decoder.tall"):
        exact = product(adapter, name)
        np.testing.assert_allclose(whole(file.piece(f"{name}.weight")), exact.ravel(), rtol=0, atol=1e-6 * exact.max())
    there = Adapter(adapter, Model(base, Execution()))
    assert file.id == there.id
    assert np.array_equal(whole(file.piece("decoder.bias")), whole(there.piece("decoder.bias")))


@pytest.mark.parametrize("encoding", ["float32", "compressed", "lora"])
def test_an_adapter_merges_alike_in_every_encoding(base, adapter, tmp_path, encoding):
    options = {"rank": 0.2} if encoding == "compressed" else {}
    file = vector(base, adapter, tmp_path / "v.safetensors", encoding, **options)
    assert file.partial
    for kind, path in (("folder", "adapter"), ("file", "v.safetensors")):
        content = {"base": "base", "method": "task_arithmetic", "vectors": [{"path": path, "weight": 0.3}]}
        merge(Recipe.parse(content, tmp_path), tmp_path / kind, Execution())
    one, other = (load_file(tmp_path / kind / "model.safetensors") for kind in ("folder", "file"))
    for name in SHAPES:
        np.testing.assert_allclose(other[name], one[name], rtol=1e-5, atol=1e-5)
    assert np.array_equal(other["encoder.conv.weight"], weights()["encoder.conv.weight"])


# What is refused


def mistake(function, *arguments, **options) -> str:
    with pytest.raises(UserError) as caught:
        function(*arguments, **options)
    message = str(caught.value)
    assert "\n" not in message
    assert message.endswith(".")
    return message


def test_invalid_options_are_refused(base, tuned, tmp_path):
    out = tmp_path / "v.safetensors"
    assert "rank is 2" in mistake(vector, base, tuned, out, rank=2)
    assert "keep is -1" in mistake(vector, base, tuned, out, keep=-1)
    assert "rank is nan" in mistake(vector, base, tuned, out, rank=math.nan)
    assert "stores nothing" in mistake(vector, base, tuned, out, rank=0, keep=0)
    assert "8 or 32" in mistake(vector, base, tuned, out, bits=16)
    assert "float32 has no option bits" in mistake(vector, base, tuned, out, None, bits=8)
    assert "is not a LoRA adapter" in mistake(vector, base, tuned, out, "lora")
    assert not out.exists()


def test_numbers_beyond_bfloat16(tmp_path):
    base = write_model(tmp_path / "b", {"w": np.zeros(4, np.float32)})
    tuned = write_model(tmp_path / "t", {"w": np.full(4, np.finfo(np.float32).max)})
    assert "choose float32" in mistake(vector, base, tuned, tmp_path / "v.safetensors", "bfloat16")
    assert list(tmp_path.glob("*v*")) == []


def test_names_that_parts_could_be_confused_with(tmp_path):
    base, tuned = (write_model(tmp_path / n, {"a//b": np.full((4, 4), i, np.float32)}) for i, n in enumerate("bt"))
    assert "a//b" in mistake(vector, base, tuned, tmp_path / "v.safetensors")


def damaged(file: VectorFile, change, out: Path) -> Path:
    """Rewrite the file with other tensors or metadata."""
    tensors = load_file(file.path)
    about = json.loads(json.dumps(file.about))
    change(tensors, about)
    save_file(tensors, out, metadata={"task_vector": json.dumps(about)})
    return out


DAMAGES = {
    "factor": lambda tensors, about: tensors.pop(f"{LARGE}//right"),
    "other factor": lambda tensors, about: tensors.pop(f"{LARGE}//left"),
    "scales": lambda tensors, about: tensors.pop(f"{LARGE}//left_scales"),
    "index": lambda tensors, about: tensors.pop(f"{LARGE}//index"),
    "all parts": lambda tensors, about: [tensors.pop(name) for name in list(tensors) if LARGE in name],
    "extra": lambda tensors, about: tensors.update(strange=np.zeros(3, np.float32)),
    "extra part": lambda tensors, about: tensors.update({f"{LARGE}//middle": np.zeros(3, np.float32)}),
    "type": lambda tensors, about: tensors.update({f"{LARGE}//right": tensors[f"{LARGE}//right"].astype(np.int64)}),
    "whole of another type": lambda tensors, about: tensors.update({"decoder.bias": np.zeros(17, np.int64)}),
    "shape": lambda tensors, about: about["shapes"].update({LARGE: [290, 310]}),
    "shape of a whole": lambda tensors, about: about["shapes"].update({"decoder.bias": [18]}),
    "no shape": lambda tensors, about: about["shapes"].pop(LARGE),
    "negative shape": lambda tensors, about: about["shapes"].update({LARGE: [-310, -290]}),
    "shape in words": lambda tensors, about: about["shapes"].update({LARGE: "310x290"}),
    "no shapes": lambda tensors, about: about.pop("shapes"),
    "shapes in a list": lambda tensors, about: about.update(shapes=[]),
    "frozen but there": lambda tensors, about: about["unchanged"].append(LARGE),
    "encoding": lambda tensors, about: about.update(encoding="zip"),
    "encoding of all numbers": lambda tensors, about: about.update(encoding="float32"),
    "version": lambda tensors, about: about.update(version="3"),
    "origin": lambda tensors, about: about["metadata"].update(origin="tuned"),
    "fingerprint": lambda tensors, about: about.update(base_fingerprint=7),
    "error": lambda tensors, about: about.update(error="small"),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_damage_is_noticed_when_the_file_is_opened(base, tuned, tmp_path, damage):
    file = vector(base, tuned, tmp_path / "v.safetensors", bits=8)
    broken = damaged(file, DAMAGES[damage], tmp_path / "broken.safetensors")
    assert str(broken) in mistake(VectorFile, broken)


@pytest.mark.parametrize("damage", ["extra", "no shapes", "negative shape", "shape of a whole", "frozen but there"])
def test_damage_is_noticed_where_frozen_tensors_are_left_out(base, tuned, tmp_path, damage):
    file = vector(base, tuned, tmp_path / "v.safetensors", "float32")
    broken = damaged(file, DAMAGES[damage], tmp_path / "broken.safetensors")
    assert str(broken) in mistake(VectorFile, broken)


def test_a_frozen_tensor_that_is_not_listed_is_missing(base, tuned, tmp_path):
    file = vector(base, tuned, tmp_path / "v.safetensors", "float32")
    broken = damaged(file, lambda tensors, about: about["unchanged"].clear(), tmp_path / "broken.safetensors")
    assert "'decoder.frozen.weight' is stored in 0 forms" in mistake(VectorFile, broken)


def reverse_index(tensors, about):
    tensors[f"{LARGE}//index"] = tensors[f"{LARGE}//index"][::-1].copy()


def index_beyond(tensors, about):
    tensors[f"{LARGE}//index"][-1] = 65535


def starts_beyond(tensors, about):
    tensors[f"{LARGE}//starts"][1] = 10**9


def starts_late(tensors, about):
    tensors[f"{LARGE}//starts"][0] = 3


def starts_backwards(tensors, about):
    tensors[f"{LARGE}//starts"][:] = tensors[f"{LARGE}//starts"][[0, 2, 1]]


def endless(tensors, about):
    tensors[f"{LARGE}//right_scales"][0] = np.inf


@pytest.mark.parametrize("change", [reverse_index, index_beyond, starts_beyond, starts_late, starts_backwards, endless])
def test_damage_is_noticed_when_the_tensor_is_read(base, tuned, tmp_path, change):
    file = vector(base, tuned, tmp_path / "v.safetensors", bits=8)
    broken = damaged(file, change, tmp_path / "broken.safetensors")
    message = mistake(lambda: whole(VectorFile(broken).piece(LARGE)))
    assert str(broken) in message
    assert LARGE in message


def test_a_truncated_file(base, tuned, tmp_path):
    file = vector(base, tuned, tmp_path / "v.safetensors")
    content = file.path.read_bytes()
    for length in (0, 7, 100, len(content) - 1):
        file.path.write_bytes(content[:length])
        assert "truncated" in mistake(VectorFile, file.path)


# The command


def test_the_command_prints_size_and_error(base, tuned, tmp_path, capsys):
    out = str(tmp_path / "v.safetensors")
    request = ["vector", str(base), str(tuned), "-o", out, "--encoding", "compressed", "--bits", "8", "--threads", "1"]
    assert main([*request, "--dry-run"]) == 0
    assert "compressed, rank 0.05, keep 0.02, bits 8" in capsys.readouterr().out
    assert not Path(out).exists()
    assert main(request) == 0
    printed = capsys.readouterr().out
    file = VectorFile(Path(out))
    assert f"relative error {file.about['error']:.3g}" in printed
    assert f"{file.about['size_ratio']:.3g} times" in printed
    assert main(request) == 2
    assert "already exists" in capsys.readouterr().err


def test_an_outline_tells_the_size(base, tuned, adapter, tmp_path):
    for encoding, source in (("float32", tuned), ("compressed", tuned), ("lora", adapter), (None, adapter)):
        out = tmp_path / "v.safetensors"
        (line,) = (
            each for each in outline(str(base), str(source), out, encoding, Execution()) if each.startswith("writes")
        )
        told = float(line.split(" MB")[0].split()[-1]) * 1e6
        file = vector(base, source, out, encoding)
        stored = sum(storage.WIDTHS[each.dtype] * each.size for each in file.tensors.values())
        assert stored <= told + 50_000
        out.unlink()
