"""``tauspeech vector`` and ``tauspeech merge`` as they are typed."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
import torch
import yaml
from safetensors.torch import load_file, save_file

from tauspeech.commands.main import main

SCRIPTS = Path(__file__).resolve().parents[2] / "workflow" / "scripts"
WEIGHTS = "model.safetensors"


@dataclass
class Done:
    """What a command left behind."""

    status: int
    out: str
    errors: list[str]  # without the names of stages, which are progress


@pytest.fixture
def place(tmp_path, monkeypatch) -> Path:
    """A folder to work in, with a base and two fine-tunes."""
    for value, name in enumerate(("base", "a", "b")):
        (tmp_path / name).mkdir()
        (tmp_path / name / "config.json").write_text("{}", encoding="utf-8")
        tensors = {"encoder.weight": torch.full((4, 3), float(value)), "decoder.weight": torch.full((5,), 2.0 * value)}
        save_file(tensors, tmp_path / name / WEIGHTS, metadata={"format": "pt"})
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def run(place, capsys) -> Callable[..., Done]:
    def run(*arguments: object) -> Done:
        capsys.readouterr()
        status = main([str(argument) for argument in arguments])
        printed = capsys.readouterr()
        return Done(status, printed.out, [line for line in printed.err.splitlines() if not line.endswith(" ...")])

    return run


def recipe(place: Path, **changes) -> Path:
    content = {"base": "base", "method": "task_arithmetic", "vectors": [{"path": "a"}, {"path": "b", "weight": 0.5}]}
    content = {key: value for key, value in (content | changes).items() if value is not None}
    (place / "recipe.yaml").write_text(yaml.safe_dump(content), encoding="utf-8")
    return place / "recipe.yaml"


def there(place: Path) -> set[str]:
    hashes = set(place.rglob(".*.hashes.json"))
    return {str(path.relative_to(place)) for path in place.rglob("*") if path not in hashes}


def test_from_fine_tunes_to_vectors_to_a_merged_model(run, place):
    for name in "ab":
        done = run("vector", "base", name, "-o", f"vectors/{name}.safetensors")
        assert (done.status, done.errors) == (0, [])
        assert done.out.startswith(f"vectors/{name}.safetensors: {name} minus base, 0.0 MB")
    vectors = [{"path": f"vectors/{name}.safetensors", "weight": 0.5} for name in "ab"]
    done = run("merge", recipe(place, vectors=vectors), "-o", "merged", "--threads", 2)
    assert (done.status, done.errors) == (0, [])
    assert done.out == "merged: task_arithmetic of 2 vectors into base\n"
    merged = load_file(place / "merged" / WEIGHTS)
    assert merged["encoder.weight"].unique().tolist() == [1.5] and merged["decoder.weight"].unique().tolist() == [3]
    direct = run("merge", recipe(place, vectors=[{"path": name, "weight": 0.5} for name in "ab"]), "-o", "direct")
    assert direct.status == 0
    assert (place / "direct" / WEIGHTS).read_bytes() == (place / "merged" / WEIGHTS).read_bytes()
    assert run("inspect", "--verify", "merged").status == 0


def test_what_was_lost_by_rounding_is_said(run, place):
    torch.manual_seed(1)
    save_file({"x": torch.randn(500)}, place / "base" / WEIGHTS)
    save_file({"x": torch.randn(500)}, place / "a" / WEIGHTS)
    done = run("merge", recipe(place, vectors=[{"path": "a"}], dtype="bfloat16"), "-o", "out")
    assert done.out.splitlines()[1].startswith("Rounding to the output's type lost 0.")
    assert done.out.endswith(
        "% of the change; dtype: float32 in the recipe avoids this (load the model with dtype=torch.float32).\n"
    )


def test_a_dry_run_writes_nothing(run, place):
    before = there(place)
    done = run("merge", recipe(place, method="ties", options={"keep": 0.5}), "-o", "new/out", "--dry-run")
    assert (done.status, done.errors) == (0, [])
    assert done.out.splitlines() == [
        f"reads   {place / 'base'}: 2 tensors, the base",
        "reads   a: weight 1.0",
        "reads   b: weight 0.5",
        "method  ties {'keep': 0.5}, scale 1",
        "writes  new/out: 0.0 MB of weights, type base",
    ]
    done = run("vector", "base", "a", "-o", "new/a.safetensors", "--dry-run")
    assert (done.status, done.errors) == (0, []) and "writes  new/a.safetensors: 2 tensors, float32" in done.out
    assert there(place) - {"recipe.yaml"} == before - {"recipe.yaml"}


MISTAKES = [
    ({"weights": [1, 1]}, "key 'weights' is unknown: each entry of vectors has a weight of its own."),
    ({"method": None}, "key 'method' is missing"),
    ({"vectors": None}, "key 'vectors' is missing"),
    ({"method": "ties"}, "key 'options.keep' is missing: ties needs the fraction of entries kept"),
    ({"method": "ties", "options": {"keep": 2}}, "key 'options.keep' is 2; give the fraction of entries kept"),
    ({"vectors": [{"path": "nowhere"}]}, "nowhere"),
    ({"base": "nowhere"}, "nowhere"),
    ({"vectors": [{"path": "a", "weight": {"middle": 1}}]}, "names 'middle', which no tensor has in its name"),
    ({"method": "average", "vectors": [{"path": "a", "weight": 0}]}, "add up to 0"),
    ({"vectors": [{"path": "bad"}]}, "Tensor encoder.weight of "),
    ({"vectors": [{"path": "other"}]}, "give a fine-tune and its own base"),
]


# A dry run does not look at every number.
CASES = [(*mistake, dry) for mistake in MISTAKES for dry in (False, True) if not dry or "bad" not in str(mistake[0])]


@pytest.mark.parametrize(("changes", "message", "dry"), CASES)
def test_a_mistake_is_one_line_and_leaves_nothing(run, place, changes, message, dry):
    for name, tensor in (("bad", torch.full((4, 3), torch.nan)), ("other", torch.ones(3, 4))):
        (place / name).mkdir()
        save_file({"encoder.weight": tensor, "decoder.weight": torch.ones(5)}, place / name / WEIGHTS)
    path, before = recipe(place, **changes), there(place)
    done = run("merge", path, "-o", "out", *(["--dry-run"] if dry else []))
    assert done.status == 2 and not done.out
    assert len(done.errors) == 1 and done.errors[0].startswith("tauspeech merge: ")
    assert message in done.errors[0]
    assert there(place) == before


@pytest.mark.parametrize("content", ["base: [", "- a", "", "base: base\nmethod: average\nvectors: {}\n"])
def test_a_bad_recipe_file_is_one_line(run, place, content):
    (place / "recipe.yaml").write_text(content, encoding="utf-8")
    for path in ("recipe.yaml", "missing.yaml"):
        done = run("merge", path, "-o", "out")
        assert done.status == 2 and len(done.errors) == 1 and path in done.errors[0]
    assert not (place / "out").exists()


def test_an_occupied_output_is_one_line(run, place):
    done = run("merge", recipe(place), "-o", "a")
    assert (done.status, len(done.errors)) == (2, 1)
    assert done.errors[0] == "tauspeech merge: a already exists and is not empty; give another folder or remove it."
    assert load_file(place / "a" / WEIGHTS)["encoder.weight"].unique().tolist() == [1]


def test_an_output_that_cannot_be_is_one_line(run, place):
    for command in (("merge", recipe(place)), ("vector", "base", "a")):
        done = run(*command, "-o", "recipe.yaml/below.safetensors")
        assert done.status == 2 and len(done.errors) == 1 and "recipe.yaml" in done.errors[0]


def test_a_disk_that_becomes_full_is_one_line_and_leaves_nothing(run, place, monkeypatch):
    def full(*arguments):
        raise OSError(28, "No space left on device")

    path, before = recipe(place), there(place)
    monkeypatch.setattr("tauspeech.vectors.files.storage.Writer.write", full)
    for command in (("merge", path, "-o", "out", "--threads", 2), ("vector", "base", "a", "-o", "v.safetensors")):
        done = run(*command)
        assert done.status == 2 and done.errors == [f"tauspeech {command[0]}: [Errno 28] No space left on device"]
    assert there(place) == before


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("base", "a", "-o", "v.bin"), "v.bin must end in .safetensors"),
        (("base", "nowhere", "-o", "v.safetensors"), "nowhere is not a model folder"),
        (("nowhere", "a", "-o", "v.safetensors"), "nowhere is not a model folder"),
        (("base", "a", "-o", "a/model.safetensors"), "already exists; give another name or remove it"),
    ],
)
def test_a_mistake_about_a_vector_is_one_line(run, place, arguments, message):
    before = there(place)
    done = run("vector", *arguments)
    assert done.status == 2 and len(done.errors) == 1 and message in done.errors[0]
    assert there(place) == before


def test_the_installed_command_does_the_same(place):
    """As a process of its own: status, output and errors, with no traceback."""
    environment = os.environ | {"PYTHONPATH": str(SCRIPTS), "OMP_NUM_THREADS": "1"}

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-W", "error", "-m", "tauspeech", *arguments]
        return subprocess.run(command, env=environment, capture_output=True, text=True)

    recipe(place)
    done = run("merge", "recipe.yaml", "-o", "out", "--threads", "2")
    assert (done.returncode, done.stdout) == (0, "out: task_arithmetic of 2 vectors into base\n"), done.stderr
    assert json.loads((place / "out" / "merge_receipt.json").read_text())["recipe"]["method"] == "task_arithmetic"
    done = run("merge", "recipe.yaml", "-o", "out")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "tauspeech merge: out already exists and is not empty; give another folder or remove it.\n"


def test_help_has_a_recipe_that_works(run, place, capsys):
    with pytest.raises(SystemExit) as stopped:
        main(["merge", "--help"])
    assert stopped.value.code == 0
    printed = capsys.readouterr().out
    example = printed[printed.index("    base: openai") : printed.index("Methods, with the lines")]
    content = yaml.safe_load(example) | {"base": "base"}
    for entry, name in zip(content["vectors"], "ab", strict=True):
        entry["path"] = name
    assert run("merge", recipe(place, **content), "-o", "out").status == 0
    lines = [line.strip() for line in printed.splitlines()]
    for method in ("average", "task_arithmetic", "ties", "dare", "magnitude", "svd", "lors"):
        following = lines[
            lines.index(f"method: {method}", lines.index("Methods, with the lines of the recipe that choose them:")) + 1
        ]
        options = yaml.safe_load(following)["options"] if following.startswith("options:") else {}
        done = run("merge", recipe(place, method=method, options=options), "-o", f"out-{method}")
        assert done.status == 0, done.errors


def test_what_an_option_needs_is_named_where_it_is_missing(run, place, monkeypatch):
    monkeypatch.setitem(sys.modules, "torch", None)
    done = run("transcribe", "base", "speech.wav")
    assert done.status == 2
    assert done.errors[-1] == "tauspeech transcribe: torch is missing; run pip install '.[speech]' in a clone"


def test_a_merge_and_a_vector_that_change_what_is_fixed_come_with_a_warning(run, place):
    name = "model.encoder.embed_positions.weight"
    for value, model in enumerate(("base", "a", "b"), start=1):
        (place / model / "config.json").write_text('{"model_type": "whisper"}', encoding="utf-8")
        values = torch.full((4, 3), float(value if model == "a" else 1))
        save_file(
            {name: values, "decoder.weight": torch.full((5,), float(value))}, place / model / WEIGHTS, {"format": "pt"}
        )
    for model, count in (("a", 1), ("b", 0)):
        done = run("vector", "base", model, "-o", f"{model}.safetensors")
        assert done.status == 0 and len(done.errors) == count
    done = run("merge", recipe(place, vectors=[{"path": "b"}]), "-o", "same")
    assert (done.status, done.errors) == (0, [])
    done = run("merge", recipe(place, vectors=[{"path": "a.safetensors", "weight": 0.5}]), "-o", "moved")
    assert done.status == 0
    assert done.errors == [
        f"tauspeech merge: warning: moved differs from its base in {name}, which the architecture declares fixed, by 50.00% of "
        "its norm: transformers forgets to freeze it in models that it loads, so that a training changed it"
    ]
