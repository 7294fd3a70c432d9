"""Files that other tools read: Dockerfile and .dockerignore, CITATION.cff, the entry of the workflow catalog."""

import fnmatch
import json
import re
import subprocess
import tomllib
from pathlib import PurePosixPath

import pytest
import yaml

from tauspeech.runtime.paths import ROOT

SILENT = {"--quiet", "--disable-pip-version-check", "--no-cache-dir"}


def text_of(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def dockerfile() -> list[tuple[str, str]]:
    """Instructions with their arguments."""
    lines = [line for line in text_of("Dockerfile").splitlines() if line and not line.startswith("#")]
    parts = [line.partition(" ") for line in "\n".join(lines).replace("\\\n", " ").splitlines()]
    return [(instruction, argument.strip()) for instruction, _, argument in parts]


def runs(dockerfile: list[tuple[str, str]]) -> list[str]:
    return [argument for instruction, argument in dockerfile if instruction == "RUN"]


def printed_by_make(*arguments: str) -> str:
    """The commands that make would execute."""
    done = subprocess.run(["make", "--dry-run", *arguments], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


def installs(commands: list[str]) -> list[list[str]]:
    """Arguments of each call of pip, without those that change its output only."""
    calls = [command.partition(" -m pip install ")[2].split() for command in commands]
    return [[word for word in call if word not in SILENT] for call in calls if call]


def test_the_image_has_the_python_of_the_locked_environment(dockerfile):
    (image,) = [argument for instruction, argument in dockerfile if instruction == "FROM"]
    (version,) = re.findall(r"^  - python=([\d.]+)$", text_of("envs/main.yaml"), re.MULTILINE)
    assert re.fullmatch(rf"python:{re.escape(version)}-slim-\w+", image)
    minor = tomllib.loads(text_of("pyproject.toml"))["project"]["requires-python"].removeprefix(">=")
    assert tuple(map(int, version.split("."))) >= tuple(map(int, minor.split(".")))


def test_the_image_installs_the_locks_as_make_does(dockerfile):
    (requirements,) = re.findall(r"^\.venv/\.run: (.*)$", text_of("Makefile"), re.MULTILINE)
    *locks, project = installs(printed_by_make("--always-make", ".venv/.run").splitlines())
    assert "--editable" in project
    assert installs(runs(dockerfile)) == locks
    assert locks[0] == ["--require-hashes", "--no-deps", "-r", "envs/requirements.txt"]
    assert {call[-1] for call in locks} | {"pyproject.toml"} == set(requirements.split())
    assert runs(dockerfile)[-1] == "make .venv/.run"


def test_the_image_has_what_the_readme_asks_for_beside_python(dockerfile):
    (needs,) = re.findall(r"need Python [\d.]+ or newer(.*?)[.;]", text_of("README.md"), re.DOTALL)
    (packages,) = [command for command in runs(dockerfile) if command.startswith("apt-get")]
    wanted = packages.partition("--no-install-recommends ")[2].partition(" && ")[0].split()
    assert wanted == re.findall(r"`(\w+)`", needs)


def test_the_container_runs_the_default_experiment(dockerfile):
    instruction, argument = dockerfile[-1]
    assert instruction == "CMD"
    program, *arguments = json.loads(argument)
    assert program == "make"
    assert "bin/snakemake --cores" in printed_by_make(*arguments)


def reaches_the_image(path: str) -> bool:
    """False if a pattern of .dockerignore matches the path or a folder of it; ``**/`` is for any depth."""
    patterns = [line for line in text_of(".dockerignore").splitlines() if line and not line.startswith("#")]
    parts = PurePosixPath(path).parts
    return not any(
        fnmatch.fnmatch(part, pattern.removeprefix("**/"))
        for pattern in patterns
        for part in (parts if pattern.startswith("**/") else parts[:1])
    )


def test_the_image_has_all_files_of_the_project_and_no_others():
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    files = [name for name in listed.split("\0") if name]
    assert "Snakefile" in files
    assert [name for name in files if not reaches_the_image(name)] == []
    ignored = [line.strip("/").replace("*", "some") for line in text_of(".gitignore").splitlines()]
    assert [name for name in [*ignored, ".git", "workflow/scripts/__pycache__/x.pyc"] if reaches_the_image(name)] == []


def test_the_citation_is_of_this_version():
    citation = yaml.safe_load(text_of("CITATION.cff"))
    project = tomllib.loads(text_of("pyproject.toml"))["project"]
    assert citation["cff-version"] == "1.2.0"
    assert citation["authors"] == [{"name": "The tauspeech developers"}]
    assert (str(citation["version"]), citation["license"]) == (project["version"], project["license"])
    titles = {reference["title"].casefold() for reference in citation["references"]}
    pages = " ".join(page.read_text(encoding="utf-8") for page in (ROOT / "docs").glob("*.md")).casefold()
    assert all(title in " ".join(pages.split()) for title in titles), "the papers are those that the docs name"


def test_the_catalog_finds_what_its_entry_promises():
    usage = yaml.safe_load(text_of(".snakemake-workflow-catalog.yml"))["usage"]["software-stack-deployment"]
    rules = "".join(file.read_text(encoding="utf-8") for file in (ROOT / "rules").glob("*.smk"))
    assert usage["conda"] == ("conda:" in rules)
    assert usage["apptainer"] == ("container:" in rules)
    assert (ROOT / "workflow" / "Snakefile").is_file() and (ROOT / "config" / "README.md").is_file()
