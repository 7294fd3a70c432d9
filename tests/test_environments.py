"""The environments of pip and of conda are one."""

from pathlib import Path

import yaml

ENVS = Path(__file__).resolve().parents[1] / "envs"


def locked(name: str) -> list[str]:
    lines = (ENVS / name).read_text(encoding="utf-8").splitlines()
    return [line for line in lines if line and not line.startswith(("#", "-r"))]


def test_conda_installs_what_pip_locks():
    content = yaml.safe_load((ENVS / "main.yaml").read_text(encoding="utf-8"))
    assert content["dependencies"][-1]["pip"] == locked("requirements.txt")


def test_every_requirement_is_pinned_once():
    pins = [line.partition("==") for line in locked("requirements.txt") + locked("requirements-dev.txt")]
    assert all(separator and version for _, separator, version in pins)
    names = [name.lower() for name, _, _ in pins]
    assert len(names) == len(set(names))
