"""Slow suites are due when a file that they cover has changed in a way that matters, and not otherwise."""

import subprocess

import pytest

from tools import suites

FILES = {
    "rules/a.smk": "rule a:\n",
    "engines/one.py": '"""An engine."""\n\nRATE = 1  # Hz\n',
    "engines/lock.txt": "package==1.0\n",
    "other.py": "A = 1\n",
}


@pytest.fixture
def root(tmp_path, monkeypatch):
    monkeypatch.setattr(suites, "COVERED", {"slow": ("rules/*", "engines/**")})
    for name, text in FILES.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text, encoding="utf-8")
    (tmp_path / "tests").mkdir()
    (tmp_path / ".gitignore").write_text("*.log\n", encoding="utf-8")
    subprocess.run(["git", "init", "-q"], cwd=tmp_path, check=True)
    subprocess.run(["git", "add", "."], cwd=tmp_path, check=True)
    suites.record("slow", tmp_path)
    return tmp_path


def test_a_suite_without_a_record_is_due(root):
    assert not suites.is_due("slow", root)
    (root / suites.RECORD).unlink()
    assert suites.is_due("slow", root)


@pytest.mark.parametrize(
    ("file", "text"),
    [
        ("rules/a.smk", "rule b:\n"),
        ("engines/one.py", "RATE = 2\n"),
        ("engines/lock.txt", "package==1.1\n"),
        ("engines/deep/new.py", ""),
    ],
)
def test_a_change_makes_it_due_until_it_is_recorded(root, file, text):
    (root / file).parent.mkdir(exist_ok=True)
    (root / file).write_text(text, encoding="utf-8")
    assert suites.is_due("slow", root)
    suites.record("slow", root)
    assert not suites.is_due("slow", root)
    subprocess.run(["git", "add", "."], cwd=root, check=True)
    assert not suites.is_due("slow", root)


@pytest.mark.parametrize(
    ("file", "text"),
    [
        ("engines/one.py", '"""Another docstring."""\n\nRATE = 1\n'),
        ("other.py", "A = 2\n"),
        ("engines/run.log", "ignored by git\n"),
    ],
)
def test_comments_and_other_files_do_not(root, file, text):
    (root / file).write_text(text, encoding="utf-8")
    assert not suites.is_due("slow", root)


def test_a_deleted_file_makes_it_due(root):
    (root / "engines/lock.txt").unlink()
    assert suites.is_due("slow", root)


def test_a_pattern_without_files_is_an_error(root, monkeypatch):
    monkeypatch.setattr(suites, "COVERED", {"slow": ("gone/*",)})
    with pytest.raises(ValueError, match="no file matches gone"):
        suites.hash_of("slow", root)


@pytest.mark.parametrize("suite", suites.COVERED)
def test_all_patterns_of_a_suite_match_files_of_this_project(suite):
    files = {file.relative_to(suites.ROOT).as_posix() for file in suites.covered(suite)}
    assert {"Snakefile", "rules/common.smk"} < files
    assert suite in suites.recorded()
