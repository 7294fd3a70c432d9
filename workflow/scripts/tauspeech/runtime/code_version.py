"""Version of the project's code, with the commit of the repository that it is in. No result depends on it."""

import os
import subprocess
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from typing import Any

from tauspeech import __version__
from tauspeech.runtime.paths import ROOT

CODE = (
    "Snakefile",
    "rules",
    "workflow",
    "envs",
    "resources",
)  # what results are made with; configurations are not code
_ELSEWHERE = ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_OBJECT_DIRECTORY")  # set where a hook of git calls
_SECONDS = 20


@dataclass(frozen=True)
class CodeVersion:
    """``commit`` and ``changed`` are None where they are not known: no repository, no git, or one that git refuses."""

    version: str
    commit: str | None = None
    changed: bool | None = None  # True if the code differs from the commit

    def record(self) -> dict[str, Any]:
        """For a JSON file."""
        return asdict(self)

    def __str__(self) -> str:
        commit = f"commit {self.commit[:12]}" if self.commit else "commit unknown"
        return f"tauspeech {self.version}, {commit}{', with uncommitted changes' if self.changed else ''}"


@cache
def code_version() -> CodeVersion:
    """The version when it is first asked for, which entry points do before they work."""
    return read_version(ROOT)


def read_version(root: Path) -> CodeVersion:
    """Version of the code in a folder, which may be a repository, a part of one, a submodule, or an unpacked archive."""
    # An archive may be unpacked inside another repository, whose commit says nothing about it.
    if _git(root, "ls-files", "--error-unmatch", "--", "Snakefile") is None:
        return CodeVersion(__version__)
    commit = _git(root, "rev-parse", "--verify", "HEAD")
    changes = _git(root, "status", "--porcelain", "--untracked-files=normal", "--", *CODE)
    if commit is None or changes is None:
        return CodeVersion(__version__)
    return CodeVersion(__version__, commit.strip(), bool(changes.strip()))


def _git(root: Path, *arguments: str) -> str | None:
    """Output of git; None if it fails or is missing. It only reads, and starts no programs that the repository names."""
    command = ["git", "-c", "core.fsmonitor=false", "-C", str(root), *arguments]
    try:
        done = subprocess.run(
            command, env=_environment(), stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=_SECONDS
        )
    except (OSError, subprocess.SubprocessError, UnicodeDecodeError):
        return None
    return done.stdout if done.returncode == 0 else None


def _environment() -> Mapping[str, str]:
    kept = {name: value for name, value in os.environ.items() if name not in _ELSEWHERE}
    return kept | {"GIT_OPTIONAL_LOCKS": "0"}
