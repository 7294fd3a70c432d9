"""Measurements of inspection, compared with float64 NumPy on whole arrays."""

import json
import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.image import imread
from safetensors.numpy import save_file

from tauspeech.runtime.errors import UserError
from tauspeech.vectors.execution import Execution
from tauspeech.vectors.extraction import extract
from tauspeech.vectors.files import storage
from tauspeech.vectors.inspection.figure import draw, refuse_unfit
from tauspeech.vectors.inspection.numbers import inspect, modules_of, opened
from tauspeech.vectors.inspection.text import aligned, as_text

SHAPES = {
    "model.encoder.layers.0.fc.weight": (40, 30),
    "model.encoder.layers.10.fc.weight": (30, 40),
    "model.encoder.layers.9.fc.bias": (30,),
    "model.encoder.conv.weight": (16, 4, 3),
    "model.decoder.norm.running_var": (12,),
    "model.decoder.scale": (),
    "model.decoder.empty": (0, 3),
}
FEW = {name: SHAPES[name] for name in list(SHAPES)[:3]}


def write_model(folder: Path, seed: int, spread: float = 1.0, onto: Path | None = None, shapes=SHAPES) -> Path:
    """Random weights, or those of ``onto`` moved by random numbers, of which some are zero."""
    generator = np.random.default_rng(seed)
    folder.mkdir()
    (folder / "config.json").write_text("{}\n")
    tensors = {}
    for name, shape in shapes.items():
        values = np.abs(spread * generator.standard_normal(shape))
        if onto:
            values = read(onto)[name] + values * generator.integers(0, 2, shape)
        tensors[name] = np.asarray(values, np.float32)
    save_file(tensors, folder / "model.safetensors", metadata={"format": "pt"})
    return folder


def read(folder: Path) -> dict[str, np.ndarray]:
    tensors, _ = storage.read_header(folder / "model.safetensors")
    return {name: each.read(0, each.size).reshape(each.shape) for name, each in tensors.items()}


@pytest.fixture
def base(tmp_path: Path) -> Path:
    return write_model(tmp_path / "base", 0)


@pytest.fixture
def models(tmp_path: Path, base: Path) -> list[Path]:
    return [write_model(tmp_path / f"tuned{seed}", seed, 0.1, base) for seed in (1, 2, 3)]


def changes(base: Path, models: list[Path]) -> list[dict[str, np.ndarray]]:
    before = read(base)
    return [{name: (each - before[name]).astype(np.float64) for name, each in read(model).items()} for model in models]


def flat(change: dict[str, np.ndarray], names=None) -> np.ndarray:
    return np.concatenate([change[name].ravel() for name in (names or change)])


def report(paths, base=None, ranks=False, execution=None):
    execution = execution or Execution()
    return inspect(opened([str(path) for path in paths], base and str(base), execution), execution, ranks)


def test_norms_zeros_and_cosines(base, models):
    found = report(models, base)
    exact = changes(base, models)
    for vector, change in zip(found["vectors"], exact, strict=True):
        everything = flat(change)
        assert vector["norm"] == pytest.approx(np.linalg.norm(everything), rel=1e-12)
        assert vector["zeros"] == pytest.approx(np.mean(everything == 0), rel=1e-12)
        assert (vector["tensors"], vector["entries"]) == (len(SHAPES), everything.size)
    for row, one in zip(found["cosines"], exact, strict=True):
        for cosine, other in zip(row, exact, strict=True):
            a, b = flat(one), flat(other)
            assert cosine == pytest.approx(a @ b / np.linalg.norm(a) / np.linalg.norm(b), rel=1e-12)
    assert found["common_tensors"] == [[len(SHAPES)] * 3] * 3
    assert found["warnings"] == []


def test_modules(base, models):
    (vector,) = report(models[:1], base)["vectors"]
    (exact,) = changes(base, models[:1])
    assert list(vector["modules"]) == [
        "model.decoder",
        "model.decoder.norm",
        "model.encoder.conv",
        "model.encoder.layers.0.fc",
        "model.encoder.layers.9.fc",
        "model.encoder.layers.10.fc",
    ]
    norm = vector["modules"]["model.encoder.layers.0.fc"]["norm"]
    assert norm == pytest.approx(np.linalg.norm(exact["model.encoder.layers.0.fc.weight"]), rel=1e-12)
    assert sum(each["entries"] for each in vector["modules"].values()) == vector["entries"]
    assert math.hypot(*(each["norm"] for each in vector["modules"].values())) == pytest.approx(vector["norm"])


def test_modules_are_as_deep_as_forty_allow():
    whisper = {
        f"model.{side}.layers.{i}.{part}.weight" for side in ("encoder", "decoder") for i in range(12) for part in "qkv"
    }
    assert len(set(modules_of(whisper).values())) == 24
    assert modules_of(whisper)["model.encoder.layers.3.q.weight"] == "model.encoder.layers.3"
    large = {f"model.layers.{i}.q.weight" for i in range(80)} | {"lm_head.weight"}
    assert set(modules_of(large).values()) == {"model.layers", "lm_head"}
    assert len(set(modules_of({f"a{i}.weight" for i in range(50)}).values())) == 50
    assert modules_of({"weight"}) == {"weight": "weight"}
    assert modules_of(set()) == {}


@given(st.sets(st.lists(st.sampled_from("abc"), min_size=1, max_size=6).map(".".join), max_size=200))
def test_every_tensor_has_a_module_that_its_name_begins_with(names):
    modules = modules_of(names)
    assert modules.keys() == names
    assert all(name == module or name.startswith(f"{module}.") for name, module in modules.items())
    assert len(set(modules.values())) <= 40


def test_rank_energy(base, models):
    for vector, change in zip(report(models, base, ranks=True)["vectors"], changes(base, models), strict=True):
        matrices = [each.reshape(each.shape[0], -1) for name, each in change.items() if each.ndim > 1 and each.size]
        squares = [np.linalg.svd(matrix, compute_uv=False) ** 2 for matrix in matrices]
        whole = sum(each.sum() for each in squares)
        for share, energy in vector["rank_energy"].items():
            top = sum(each[: math.ceil(float(share) * len(each) - 1e-9)].sum() for each in squares)
            assert energy == pytest.approx(top / whole, rel=1e-9)
        assert list(vector["rank_energy"]) == ["0.01", "0.03", "0.1"]


def test_a_vector_of_zeros(base, models):
    found = report([base, models[0]], base, ranks=True)
    nothing = found["vectors"][0]
    assert (nothing["norm"], nothing["zeros"], nothing["rank_energy"]) == (0, 1, {})
    assert found["cosines"][0] == [None, None]
    assert found["cosines"][1] == [None, pytest.approx(1)]
    text = as_text(found)
    assert "no matrix changed" in text
    assert "nan" not in text
    json.dumps(found, allow_nan=False)


def test_vector_files_in_any_encoding(base, models, tmp_path):
    for encoding in ("float32", "bfloat16", "compressed"):
        extract(str(base), str(models[0]), tmp_path / f"{encoding}.safetensors", encoding, Execution())
    found = report(tmp_path.glob("*.safetensors"))
    by_encoding = {vector["encoding"]: vector for vector in found["vectors"]}
    model = report(models[:1], base)["vectors"][0]
    same = ("zeros", "origin", "base_fingerprint", "tensors", "entries")
    assert all(by_encoding["float32"][key] == model[key] for key in same)
    assert by_encoding["float32"]["norm"] == pytest.approx(model["norm"], rel=1e-12)
    assert by_encoding["bfloat16"]["norm"] == pytest.approx(model["norm"], rel=1e-2)
    compressed = by_encoding["compressed"]
    assert compressed["origin"] == model["origin"]
    # a part of the vector, of which the norm is known
    assert 0 < compressed["error"] < 1
    assert compressed["norm"] <= model["norm"] * (1 + compressed["error"])
    assert compressed["bytes"] == (tmp_path / "compressed.safetensors").stat().st_size
    text = as_text(found)
    assert f"relative error {compressed['error']:.3g}" in text
    assert model["base_fingerprint"][:12] in text


def test_cosines_of_an_adapter_are_taken_over_its_tensors(base, models, tmp_path):
    folder = tmp_path / "adapter"
    folder.mkdir()
    (folder / "adapter_config.json").write_text(json.dumps({"peft_type": "LORA", "r": 2, "lora_alpha": 4}))
    generator = np.random.default_rng(8)
    a, b = (generator.standard_normal(shape).astype(np.float32) for shape in ((2, 30), (40, 2)))
    module = "base_model.model.model.encoder.layers.0.fc"
    save_file({f"{module}.lora_A.weight": a, f"{module}.lora_B.weight": b}, folder / "adapter_model.safetensors")
    found = report([folder, models[0]], base)
    lora = 2 * b.astype(np.float64) @ a
    other = changes(base, models[:1])[0]["model.encoder.layers.0.fc.weight"]
    expected = np.sum(lora * other) / np.linalg.norm(lora) / np.linalg.norm(other)
    assert found["cosines"][0][1] == pytest.approx(expected, rel=1e-6)
    assert found["common_tensors"][0] == [1, 1]
    assert found["vectors"][0]["norm"] == pytest.approx(np.linalg.norm(lora), rel=1e-6)
    assert found["vectors"][0]["origin"]["adapter"] == "adapter"


def test_other_bases_are_warned_about(base, models, tmp_path):
    other = write_model(tmp_path / "other", 9, shapes=FEW | {"model.encoder.conv.weight": (2, 2)})
    tuned = write_model(tmp_path / "other-tuned", 10, 0.1, other, FEW | {"model.encoder.conv.weight": (2, 2)})
    for name, first, second in (("a", base, models[0]), ("b", other, tuned)):
        extract(str(first), str(second), tmp_path / f"{name}.safetensors", None, Execution())
    found = report([tmp_path / "a.safetensors", tmp_path / "b.safetensors"])
    (warning,) = found["warnings"]
    assert "different bases" in warning
    assert "\n" not in warning
    assert found["common_tensors"][0][1] == len(FEW)  # the convolution has another shape
    exact = changes(base, models[:1])[0], changes(other, [tuned])[0]
    a, b = (flat(each, FEW) for each in exact)
    assert found["cosines"][0][1] == pytest.approx(a @ b / np.linalg.norm(a) / np.linalg.norm(b), rel=1e-12)


def test_pieces_and_threads_change_nothing(base, models, monkeypatch):
    once = report(models, base, ranks=True)
    monkeypatch.setattr(storage, "CHUNK", 37)
    again = report(models, base, ranks=True, execution=Execution(3))
    for one, other in zip(once["vectors"], again["vectors"], strict=True):
        assert one["norm"] == pytest.approx(other["norm"], rel=1e-12)
        assert one["zeros"] == other["zeros"]
        assert one["rank_energy"] == pytest.approx(other["rank_energy"], rel=1e-12)
    np.testing.assert_allclose(once["cosines"], again["cosines"], rtol=1e-12)
    assert report(models, base, execution=Execution(1)) == report(models, base, execution=Execution(3))


def test_a_folder_needs_a_base(models):
    with pytest.raises(UserError, match="--base"):
        report(models)


def test_text_is_aligned(base, models):
    blocks = as_text(report(models, base, ranks=True)).split("\n\n")
    *tables, cosines = [block.splitlines() for block in (*blocks[1::2], blocks[-1])]
    assert [len(table) for table in tables] == [7, 7, 7]
    assert cosines[0].split() == ["cosine", "[1]", "[2]", "[3]"]
    for lines in (*tables, cosines):
        assert len({len(line) for line in lines}) == 1
    assert aligned([["a", "1"], ["bcd", "22"]]) == ["a     1", "bcd  22"]


def cosines_of(count: int) -> list[list[float | None]]:
    vectors = np.random.default_rng(count).standard_normal((count, 30))
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    cosines = (vectors @ vectors.T).tolist()
    cosines[0][1] = cosines[1][0] = None
    return cosines


def test_a_figure_has_the_same_bytes_for_the_same_numbers(tmp_path):
    for kind in ("png", "svg"):
        for run in "ab":
            draw(["one", "other", "third"], cosines_of(3), tmp_path / f"{run}.{kind}")
        assert (tmp_path / f"a.{kind}").read_bytes() == (tmp_path / f"b.{kind}").read_bytes()
    assert imread(tmp_path / "a.png").std() > 0.05


def test_a_figure_of_twenty(tmp_path):
    draw([f"vector-{i}" for i in range(20)], cosines_of(20), tmp_path / "f.svg")
    drawn = (tmp_path / "f.svg").read_text()
    assert all(f"<!-- {text} -->" in drawn for text in ("vector-19", "1.00", "–", "cosine"))
    assert drawn.count("<!-- vector-") == 40


def test_a_figure_of_no_pair_or_no_format():
    for path, count, expected in ((Path("a.pdf"), 2, ".svg or .png"), (Path("a.svg"), 1, "at least two")):
        with pytest.raises(UserError, match=expected):
            refuse_unfit(path, count)
