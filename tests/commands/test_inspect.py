"""``tauspeech inspect`` as a user types it."""

import json
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save_file

from tauspeech.commands.main import main


def write_model(folder: Path, seed: int) -> Path:
    folder.mkdir()
    (folder / "config.json").write_text("{}\n")
    generator = np.random.default_rng(seed)
    shapes = {"encoder.fc.weight": (20, 30), "encoder.fc.bias": (20,), "decoder.fc.weight": (30, 20)}
    tensors = {name: generator.standard_normal(shape).astype(np.float32) for name, shape in shapes.items()}
    save_file(tensors, folder / "model.safetensors", metadata={"format": "pt"})
    return folder


@pytest.fixture(autouse=True)
def place(tmp_path, monkeypatch):
    """A working folder with a base, two fine-tunes and their vectors."""
    monkeypatch.chdir(tmp_path)
    for seed, name in enumerate(("base", "a", "b")):
        write_model(tmp_path / name, seed)
    for name in "ab":
        assert main(["vector", "base", name, "-o", f"{name}.safetensors", "--threads", "1"]) == 0
    return tmp_path


def inspected(capsys, *arguments: str, status: int = 0) -> tuple[str, str]:
    capsys.readouterr()
    assert main(["inspect", *arguments, "--threads", "1"]) == status
    printed = capsys.readouterr()
    assert "Traceback" not in printed.err
    return printed.out, printed.err


def test_one_vector(capsys):
    out, _ = inspected(capsys, "a.safetensors")
    assert out.startswith("[1] a.safetensors\n")
    for word in ("size", "float32", "base", "origin", "3 with 1,220 entries", "encoder.fc", "decoder.fc"):
        assert word in out
    assert "cosine" not in out
    assert "rank energy" not in out


def test_several_with_ranks_and_a_figure(capsys, place):
    out, err = inspected(capsys, "a.safetensors", "b", "--base", "base", "--ranks", "--figure", "alike.svg")
    assert out.count("rank energy") == 2
    assert "[2] b  " in out.splitlines()[-1]
    assert "<svg" in (place / "alike.svg").read_text()
    assert "different bases" not in err


def test_json_is_all_that_is_printed(capsys):
    out, _ = inspected(capsys, "a.safetensors", "b.safetensors", "--json")
    report = json.loads(out)
    assert [vector["path"] for vector in report["vectors"]] == ["a.safetensors", "b.safetensors"]
    assert report["cosines"][0][0] == pytest.approx(1)


def test_vectors_of_other_bases_are_warned_about_in_one_line(capsys):
    inspected(capsys, "a.safetensors")
    assert main(["vector", "a", "b", "-o", "c.safetensors", "--threads", "1"]) == 0
    out, err = inspected(capsys, "a.safetensors", "c.safetensors")
    assert [line for line in err.splitlines() if "different bases" in line]
    assert "different bases" not in out


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["a"], "--base"),
        (["nowhere.safetensors"], "no task vector at nowhere.safetensors"),
        (["a/model.safetensors"], "has tensors but is not a task vector"),
        (["a.safetensors", "--figure", "alone.svg"], "at least two"),
        (["a.safetensors", "b.safetensors", "--figure", "alike.pdf"], ".svg or .png"),
        (["a", "--base", "nowhere"], "nowhere"),
        (["--verify", "a"], "only folders that `tauspeech merge` wrote"),
    ],
)
def test_mistakes_are_reported_in_one_line(capsys, arguments, words):
    _, err = inspected(capsys, *arguments, status=2)
    (line,) = [line for line in err.splitlines() if line.startswith("tauspeech inspect: ")]
    assert words in line


def merged(place: Path, name: str) -> None:
    recipe = {"base": "base", "method": "average", "vectors": [{"path": "a.safetensors"}, {"path": "b"}]}
    (place / "recipe.yaml").write_text(json.dumps(recipe))
    assert main(["merge", "recipe.yaml", "-o", name, "--threads", "1"]) == 0


def test_a_merge_is_verified(capsys, place):
    merged(place, "one")
    merged(place, "two")
    out, _ = inspected(capsys, "--verify", "one", "two")
    assert out.count("those of the receipt") == 2
    assert "a.safetensors: unchanged since the merge" in out


def test_a_merge_that_was_tampered_with_is_refused(capsys, place):
    merged(place, "one")
    weights = place / "one" / "model.safetensors"
    content = bytearray(weights.read_bytes())
    content[-1] ^= 1
    weights.write_bytes(content)
    _, err = inspected(capsys, "--verify", "one", status=2)
    assert "differs from its receipt" in err


def test_a_merged_model_is_inspected_as_its_difference(capsys, place):
    merged(place, "one")
    out, _ = inspected(capsys, "one", "a.safetensors", "b.safetensors", "--base", "base", "--json")
    report = json.loads(out)
    one, a, b = report["vectors"]
    cosine = report["cosines"][1][2]
    expected = np.sqrt(a["norm"] ** 2 + b["norm"] ** 2 + 2 * cosine * a["norm"] * b["norm"]) / 2
    assert one["norm"] == pytest.approx(expected, rel=1e-5)


def test_help_has_examples(capsys):
    with pytest.raises(SystemExit):
        main(["inspect", "--help"])
    out = capsys.readouterr().out
    assert "examples:" in out
    assert "--verify merged" in out
