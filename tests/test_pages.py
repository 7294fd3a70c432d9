"""Pages for readers: how each begins, that files they name exist, and that the README's commands work."""

import re
import subprocess
from pathlib import Path

import pytest
import yaml

from tauspeech.plan.config import complete
from tests import test_docs
from tests.architecture.test_layers import LAYERS
from tests.processes import python
from tests.test_docs import INDENTED, commands, name_of
from tests.workflow.project import PATIENCE, ROOT, Project

README, CONTRIBUTING = ROOT / "README.md", ROOT / "CONTRIBUTING.md"
PAGES = [README, CONTRIBUTING, ROOT / "config" / "README.md", *sorted((ROOT / "docs").glob("*.md"))]

FOLDERS = "config|docs|tools|bench|rules|resources|profiles|tests|workflow|envs"
FILE = re.compile(rf"(?<![\w/.~<>-])(?:{FOLDERS})/[\w./<>*{{}}-]*\w")
# Files that a reader makes.
OWN = re.compile(
    r"config/(my\w*|mine|toy|words_english|text|recordings)\b.*|workflow/scripts/tauspeech/experiments/toy"
)
COMMAND = re.compile(r"(run=|(make|cat|cp|sed|printf|export|python|docker|pip|\.venv/bin/\S+|tauspeech|column) )")


def blocks(text: str) -> list[str]:
    """Blocks of indented code."""
    found: list[list[str]] = [[]]
    for line in text.splitlines():
        if INDENTED.match(line):
            found[-1].append(line.removeprefix("    "))
        elif found[-1]:
            found.append([])
    return ["\n".join(lines) + "\n" for lines in found if lines]


def section(title: str) -> str:
    """Text of the README below a heading."""
    return README.read_text(encoding="utf-8").partition(f"\n## {title}\n")[2].partition("\n## ")[0]


def shell_blocks(title: str) -> list[str]:
    return [block for block in blocks(section(title)) if COMMAND.match(block)]


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_a_page_begins_with_its_purpose_and_a_command(page: Path) -> None:
    first = page.read_text(encoding="utf-8").partition("\n## ")[0] if page != README else section("Two commands")
    title, _, rest = first.partition("\n\n")
    if page != README:
        assert re.fullmatch("# .+", title)
        assert re.match(r"[A-Z`]", rest), "the first paragraph says what the page is for"
    assert any(COMMAND.match(block) for block in blocks(first)), "a command to paste follows"


def test_the_readme_is_short() -> None:
    assert len(README.read_text(encoding="utf-8").splitlines()) <= 160


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_files_that_a_page_names_exist(page: Path) -> None:
    named = {file for command in commands(page) for file in FILE.findall(command)}
    real = {file for file in named if not re.search(r"[<>*{}]", file) and not OWN.fullmatch(file)}
    assert sorted(file for file in real if not (ROOT / file).exists()) == []


def test_links_and_commands_of_the_guide_to_the_code() -> None:
    test_docs.test_relative_links_lead_somewhere(CONTRIBUTING)
    test_docs.test_make_targets_exist(CONTRIBUTING)


def test_the_picture_of_the_house_shows_the_layers() -> None:
    rows = re.findall(r"^    \d +((?:\w+ *)+)$", CONTRIBUTING.read_text(encoding="utf-8"), re.MULTILINE)
    assert [set(row.split()) for row in rows] == [set(rooms) for rooms in LAYERS if "__main__" not in rooms]


def test_the_configuration_for_a_published_whisper_is_valid() -> None:
    (block,) = [block for block in shell_blocks("Your own Whisper") if block.startswith("cat ")]
    config = complete(yaml.safe_load(block.partition("<<'END'\n")[2].partition("\nEND\n")[0]), "README.md")
    assert config["base"] == "openai/whisper-small"
    assert config["training"]["learning_rate"] == 1e-5, "as the README says"


@pytest.fixture
def with_commands(project: Project) -> Project:
    """A finished run in whose folder .venv/bin has the interpreter and the command tauspeech."""
    programs = project.path(".venv", "bin")
    programs.mkdir(parents=True)
    for name, arguments in (("python", ""), ("tauspeech", "-m tauspeech ")):
        (programs / name).write_text(f'#!/bin/sh\nexec {python()} {arguments}"$@"\n', encoding="utf-8")
        (programs / name).chmod(0o755)
    return project


@pytest.mark.workflow
def test_the_merge_engine_in_one_minute(with_commands: Project) -> None:
    script = "".join(shell_blocks("The merge engine in one minute")).replace("results/rare_words", "results/tiny")
    done = subprocess.run(
        ["bash", "-e", "-c", script], cwd=with_commands.folder, capture_output=True, text=True, timeout=PATIENCE
    )
    assert done.returncode == 0, done.stderr[-3000:]
    assert "unchanged since the merge" in done.stdout
    assert "cosine" in done.stdout
    assert with_commands.path("merged", "config.json").is_file()


@pytest.mark.workflow
def test_your_own_word(project: Project) -> None:
    (block,) = shell_blocks("Your own word in three lines")
    add, run, _ = block.splitlines()
    assert run == "make run"
    subprocess.run(["bash", "-e", "-c", add], cwd=project.folder, check=True)
    planned = project.planned()
    assert {f"{rule}/goethe" for rule in ("make_text", "make_speech", "finetune", "extract_vector")} <= planned
    assert not {"make_text/berlin-wall", "finetune/berlin-wall", "extract_vector/berlin-wall"} & planned
