"""`make lock` writes the hashes of the package index, and keeps versions, markers and the comments at the top."""

import sys

import pytest

from tools import lock

OLD = """# What it is for.
# import: toy
toy==1.0 \\
    --hash=sha256:aa \\
    --hash=sha256:bb
marked==2.0 ; python_version >= "3.13" \\
    --hash=sha256:cc
"""


@pytest.fixture
def uv(tmp_path, monkeypatch):
    """A fake uv that records its input."""

    def stand_in(answer: str, status: int = 0):
        program = tmp_path / "uv"
        lines = [
            f"#!{sys.executable}",
            "import pathlib, sys",
            f"pathlib.Path({str(tmp_path / 'input')!r}).write_text(sys.stdin.read())",
            f"print({answer!r}, end='', file=sys.{'stderr' if status else 'stdout'})",
            f"sys.exit({status})",
        ]
        program.write_text("\n".join(lines))
        program.chmod(0o755)
        monkeypatch.setattr(lock, "UV", program)

    return stand_in


def test_a_changed_version_gets_its_own_hashes(uv, tmp_path, capsys):
    file = tmp_path / "requirements.txt"
    file.write_text(OLD.replace("toy==1.0", "toy==1.1"))
    answer = "marked==2.0 ; python_version >= '3.13' \\\n    --hash=sha256:cc\ntoy==1.1 \\\n    --hash=sha256:dd\n"
    uv(answer)
    lock.main([file])
    # uv does not get the old hashes: it would check the new version against them.
    assert (tmp_path / "input").read_text().split("\n") == ["toy==1.1 ", 'marked==2.0 ; python_version >= "3.13" ']
    assert file.read_text() == "# What it is for.\n# import: toy\n" + answer
    assert capsys.readouterr().out == f"{file}: 2 packages, 2 hashes\n"
    written = file.stat().st_mtime_ns
    lock.main([file])
    assert file.stat().st_mtime_ns == written


def test_a_version_that_does_not_exist_leaves_the_file_unchanged(uv, tmp_path):
    file = tmp_path / "requirements.txt"
    file.write_text(OLD)
    uv("there is no version of toy==1.0", status=1)
    with pytest.raises(SystemExit, match=r"requirements.txt is unchanged.*\n.*no version of toy==1.0"):
        lock.main([file])
    assert file.read_text() == OLD
