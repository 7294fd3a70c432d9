"""Lock files have hashes, except those of torch; pip and conda install the same; an engine's environment is made once."""

import re
import subprocess
import zipfile
from pathlib import Path

import pytest
import yaml

import make_environment
from tauspeech.runtime import environments
from tauspeech.runtime.environments import OWN, folder_of
from tauspeech.runtime.files import sha256_file

ENVS = Path(__file__).resolve().parents[2] / "envs"
LOCKS = sorted(path.name for pattern in ("requirements*.txt", "engine-*.txt") for path in ENVS.glob(pattern))
CONDA = {"main": ("requirements.txt", "torch.txt")} | {
    name: tuple(file for file in (f"engine-{name}.txt", f"torch-{name}.txt") if (ENVS / file).is_file()) for name in OWN
}
# Packages with builds for CPU and CUDA, of which all users share the version.
BUILDS = {"torch", "torchaudio", "torchcodec", "torchvision"}
TOGETHER = [
    (*CONDA["main"], "requirements-dev.txt"),
    ("requirements-mergekit.txt", "torch.txt"),
    ("requirements-tools.txt",),
]


def hashes(name: str) -> dict[str, list[str]]:
    """Hashes by requirement."""
    text = re.sub(r"^#.*\n", "", (ENVS / name).read_text(encoding="utf-8"), flags=re.MULTILINE)
    lines = [line for line in text.replace("\\\n", "").splitlines() if line]
    return {
        line.partition("--hash")[0].strip(): re.findall(r" --hash=sha256:([0-9a-f]{64})(?= |$)", line) for line in lines
    }


def names(*files: str) -> list[str]:
    pins = [pin.partition(";")[0].strip().partition("==") for file in files for pin in hashes(file)]
    assert all(separator and version for _, separator, version in pins)
    return [re.sub(r"[-_.]+", "-", name).lower() for name, _, _ in pins]


@pytest.mark.parametrize("lock", LOCKS)
def test_every_locked_package_has_a_hash(lock):
    assert hashes(lock)
    assert [pin for pin, sums in hashes(lock).items() if not sums] == []


def test_only_packages_with_cuda_builds_have_no_hashes():
    torch = [path.name for path in ENVS.glob("torch*.txt")]
    assert sorted(torch + LOCKS) == sorted(path.name for path in ENVS.glob("*.txt"))
    assert {name for file in torch for name in names(file)} <= BUILDS
    assert not {name for lock in LOCKS for name in names(lock)} & BUILDS


@pytest.mark.parametrize("name", CONDA)
def test_conda_installs_the_versions_locked_for_pip(name):
    content = yaml.safe_load((ENVS / f"{name}.yaml").read_text(encoding="utf-8"))
    assert sorted(content["dependencies"][-1]["pip"]) == sorted(pin for file in CONDA[name] for pin in hashes(file))


@pytest.mark.parametrize("files", [*TOGETHER, *(CONDA[name] for name in OWN)])
def test_every_requirement_is_pinned_once(files):
    found = names(*files)
    assert len(found) == len(set(found))


def test_mergekit_runs_with_the_same_versions():
    ours = dict(pin.split("==") for pin in hashes("requirements.txt"))
    theirs = dict(pin.split("==") for pin in hashes("requirements-mergekit.txt"))
    assert {name: theirs[name] for name in theirs.keys() & ours.keys()} == {
        name: ours[name] for name in theirs.keys() & ours.keys()
    }


def test_an_environment_is_named_after_its_lock_files(tmp_path, monkeypatch):
    (tmp_path / "engine-toy.txt").write_text("six==1.17.0\n")
    (tmp_path / "torch-toy.txt").write_text("torch==2.0\n")
    monkeypatch.setattr(environments, "ENVS", tmp_path)
    monkeypatch.setenv("TAUSPEECH_ENVIRONMENTS", str(tmp_path / "shared"))
    before = folder_of("toy")
    assert before.parent == tmp_path / "shared"
    assert folder_of("toy") == before
    (tmp_path / "torch-toy.txt").write_text("torch==2.1\n")
    between = folder_of("toy")
    assert between != before
    (tmp_path / "engine-toy.txt").write_text("six==1.16.0\n")
    assert folder_of("toy") not in (before, between)


def wheel(folder: Path, name: str, version: str, needs: tuple[str, ...] = ()) -> Path:
    path = folder / f"{name}-{version}-py3-none-any.whl"
    about = f"{name}-{version}.dist-info"
    metadata = [
        "Metadata-Version: 2.1",
        f"Name: {name}",
        f"Version: {version}",
        *(f"Requires-Dist: {need}" for need in needs),
    ]
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(f"{name}.py", f"VERSION = '{name} {version}'\n")
        archive.writestr(f"{about}/METADATA", "\n".join(metadata) + "\n")
        archive.writestr(f"{about}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        archive.writestr(f"{about}/RECORD", "")
    return path


@pytest.fixture
def toy(tmp_path, monkeypatch):
    """Function that makes an environment from the content of its lock files, and the folder of wheels that it installs from."""
    index = tmp_path / "index"
    index.mkdir()
    monkeypatch.setattr(environments, "ENVS", tmp_path)
    for kind in ("INDEX_URL", "EXTRA_INDEX_URL"):
        monkeypatch.delenv(f"PIP_{kind}", raising=False)
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(index))

    def make(lock: str, builds: str = "") -> Path:
        (tmp_path / "engine-toy.txt").write_text(lock)
        if builds:  # an engine without torch has no such file
            (tmp_path / "torch-toy.txt").write_text(builds)
        ready = tmp_path / "made" / "toy-1" / "ready"
        make_environment.main("toy", ready, tmp_path / "toy.log")
        return ready

    return make, index


def test_an_environment_is_made_once_with_the_locked_packages(toy, capsys):
    make, index = toy
    lock = f"# import: toy\ntoy==1.0 --hash=sha256:{sha256_file(wheel(index, 'toy', '1.0'))}\n"
    ready = make(lock)
    python = ready.parent / "bin" / "python"
    done = subprocess.run([python, "-c", "import toy; print(toy.VERSION)"], capture_output=True, text=True, cwd="/")
    assert done.stdout == "toy 1.0\n"
    assert "ready in" in capsys.readouterr().out
    stamp = ready.stat().st_mtime_ns
    make(lock)
    assert ready.stat().st_mtime_ns == stamp


def test_packages_with_builds_add_dependencies_and_change_no_locked_version(toy):
    make, index = toy
    wheel(index, "toy", "2.0")
    wheel(index, "cuda", "13.0")
    wheel(index, "build", "1.0", needs=("toy", "cuda"))
    ready = make(f"toy==1.0 --hash=sha256:{sha256_file(wheel(index, 'toy', '1.0'))}\n", "build==1.0\n")
    freeze = [ready.parent / "bin" / "python", "-I", "-m", "pip", "freeze"]
    assert subprocess.run(freeze, capture_output=True, text=True).stdout.split() == [
        "build==1.0",
        "cuda==13.0",
        "toy==1.0",
    ]


TAMPERED = "0" * 64


@pytest.mark.parametrize(
    ("lock", "messages"),
    [
        ("# import: toy\n", ["toy cannot be imported in"]),
        (
            f"toy==1.0 --hash=sha256:{TAMPERED}\n",
            ["pip could not install what", "toy==1.0", f"Expected sha256 {TAMPERED}"],
        ),
        ("toy==1.0\n", ["pip could not install what", "Hashes are required", "toy==1.0"]),
    ],
)
def test_a_broken_environment_is_not_ready(toy, tmp_path, lock, messages):
    make, index = toy
    wheel(index, "toy", "1.0")
    with pytest.raises(SystemExit) as failed:
        make(lock)
    for message in messages:
        assert message in str(failed.value)
    assert not (tmp_path / "made" / "toy-1" / "ready").exists()
