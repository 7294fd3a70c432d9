"""The environments of pip and of conda are one; an engine's own is made from its lock, once."""

import subprocess
import zipfile
from pathlib import Path

import pytest
import yaml

import make_environment
from tauspeech import environments
from tauspeech.environments import OWN, folder_of

ENVS = Path(__file__).resolve().parents[1] / "envs"
LOCKS = {"main": "requirements.txt"} | {name: f"engine-{name}.txt" for name in OWN}


def locked(name: str) -> list[str]:
    lines = (ENVS / name).read_text(encoding="utf-8").splitlines()
    return [line for line in lines if line and not line.startswith(("#", "-r"))]


@pytest.mark.parametrize("name", LOCKS)
def test_conda_installs_what_pip_locks(name):
    content = yaml.safe_load((ENVS / f"{name}.yaml").read_text(encoding="utf-8"))
    assert content["dependencies"][-1]["pip"] == locked(LOCKS[name])


@pytest.mark.parametrize("files", [["requirements.txt", "requirements-dev.txt"], *([LOCKS[name]] for name in OWN)])
def test_every_requirement_is_pinned_once(files):
    pins = [line.partition(";")[0].strip().partition("==") for file in files for line in locked(file)]
    assert all(separator and version for _, separator, version in pins)
    names = [name.lower() for name, _, _ in pins]
    assert len(names) == len(set(names))


def test_an_environment_is_named_by_its_lock(tmp_path, monkeypatch):
    (tmp_path / "engine-toy.txt").write_text("six==1.17.0\n")
    monkeypatch.setattr(environments, "ENVS", tmp_path)
    monkeypatch.setenv("TAUSPEECH_ENVIRONMENTS", str(tmp_path / "shared"))
    before = folder_of("toy")
    assert before.parent == tmp_path / "shared"
    assert folder_of("toy") == before
    (tmp_path / "engine-toy.txt").write_text("six==1.16.0\n")
    assert folder_of("toy") != before


@pytest.fixture
def toy(tmp_path, monkeypatch):
    """A wheel of our own, and what makes an environment from a lock."""
    wheel = tmp_path / "toy-1.0-py3-none-any.whl"
    about = "toy-1.0.dist-info"
    with zipfile.ZipFile(wheel, "w") as archive:
        archive.writestr("toy.py", "SAID = 'hello'\n")
        archive.writestr(f"{about}/METADATA", "Metadata-Version: 2.1\nName: toy\nVersion: 1.0\n")
        archive.writestr(f"{about}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        archive.writestr(f"{about}/RECORD", "")
    lock = tmp_path / "engine-toy.txt"
    monkeypatch.setattr(environments, "ENVS", tmp_path)

    def make(content: str) -> Path:
        lock.write_text(content)
        ready = tmp_path / "made" / "toy-1" / "ready"
        make_environment.main("toy", ready, tmp_path / "toy.log")
        return ready

    return make, wheel


def test_an_environment_is_made_once_and_holds_what_its_lock_says(toy, tmp_path, capsys):
    make, wheel = toy
    lock = f"# import: toy\n{wheel}\n"
    ready = make(lock)
    python = ready.parent / "bin" / "python"
    said = subprocess.run([python, "-c", "import toy; print(toy.SAID)"], capture_output=True, text=True, cwd="/")
    assert said.stdout == "hello\n"
    assert "ready in" in capsys.readouterr().out
    stamp = ready.stat().st_mtime_ns
    make(lock)
    assert ready.stat().st_mtime_ns == stamp


@pytest.mark.parametrize(
    ("lock", "message"),
    [
        ("# import: toy\n", "toy cannot be imported in"),
        ("/no/such/package\n", "pip could not install what"),
    ],
)
def test_an_environment_that_does_not_work_is_not_ready(toy, tmp_path, lock, message):
    make, _ = toy
    with pytest.raises(SystemExit) as failed:
        make(lock)
    assert message in str(failed.value)
    assert not (tmp_path / "made" / "toy-1" / "ready").exists()
