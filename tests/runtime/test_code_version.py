"""The version of the code: the commit of its repository, where there is one that git reads."""

import os
import shutil
import subprocess

import pytest

from tauspeech import __version__
from tauspeech.runtime.code_version import CodeVersion, read_version

UNKNOWN = CodeVersion(__version__)
pytestmark = pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed")


@pytest.fixture(autouse=True)
def own_settings(tmp_path, monkeypatch):
    """No settings of this machine, and no repository around the test's folder."""
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", os.devnull)
    monkeypatch.setenv("GIT_CONFIG_SYSTEM", os.devnull)
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path))


def git(folder, *arguments):
    person = ["-c", "user.name=t", "-c", "user.email=t@example.org", "-c", "protocol.file.allow=always"]
    done = subprocess.run(["git", *person, "-C", str(folder), *arguments], check=True, capture_output=True, text=True)
    return done.stdout.strip()


def unpacked(folder):
    """The files of the project, so to speak."""
    for name in ("Snakefile", "workflow/a.py", "config/words.tsv"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text("1\n")
    return folder


def committed(folder):
    git(folder, "init", "-q")
    git(folder, "add", "-A")
    git(folder, "commit", "-qm", "All")
    return folder


@pytest.fixture
def repository(tmp_path):
    return committed(unpacked(tmp_path / "project"))


def test_a_clone_has_its_commit(repository):
    assert read_version(repository) == CodeVersion(__version__, git(repository, "rev-parse", "HEAD"), False)


@pytest.mark.parametrize(
    ("file", "changed"),
    [
        ("workflow/a.py", True),
        ("Snakefile", True),
        ("workflow/new.py", True),
        ("config/words.tsv", False),
        ("b", False),
    ],
)
def test_changes_of_the_code_count_and_those_of_configurations_do_not(repository, file, changed):
    (repository / file).write_text("2\n")
    assert read_version(repository).changed is changed


def test_an_archive_has_no_commit_even_inside_another_repository(tmp_path, repository):
    assert read_version(unpacked(tmp_path / "archive")) == UNKNOWN
    assert read_version(unpacked(repository / "archive")) == UNKNOWN


def test_a_repository_without_a_commit_is_unknown(tmp_path):
    git(unpacked(tmp_path / "new"), "init", "-q")
    git(tmp_path / "new", "add", "-A")
    assert read_version(tmp_path / "new") == UNKNOWN


def test_a_submodule_and_a_part_of_a_repository_have_a_commit(tmp_path, repository):
    whole = committed(unpacked(tmp_path / "whole" / "part").parent)
    git(whole, "submodule", "add", "-q", str(repository), "module")
    assert read_version(whole / "module").commit == git(repository, "rev-parse", "HEAD")
    assert read_version(whole / "part") == CodeVersion(__version__, git(whole, "rev-parse", "HEAD"), False)


def test_another_repository_in_the_environment_is_not_read(tmp_path, repository, monkeypatch):
    other = committed(unpacked(tmp_path / "other"))
    (other / "Snakefile").write_text("2\n")
    monkeypatch.setenv("GIT_DIR", str(other / ".git"))
    monkeypatch.setenv("GIT_WORK_TREE", str(other))
    assert read_version(repository).changed is False


def test_what_git_refuses_is_unknown(repository, monkeypatch):
    monkeypatch.setenv("GIT_TEST_ASSUME_DIFFERENT_OWNER", "1")  # as for safe.directory
    assert read_version(repository) == UNKNOWN


def test_without_git_the_version_alone_is_known(repository, monkeypatch):
    monkeypatch.setenv("PATH", "")
    assert read_version(repository) == UNKNOWN
    assert str(UNKNOWN) == f"tauspeech {__version__}, commit unknown"


def test_nothing_is_written_into_the_repository(repository):
    (repository / "workflow" / "a.py").touch()
    index = (repository / ".git" / "index").read_bytes()
    read_version(repository)
    assert (repository / ".git" / "index").read_bytes() == index
