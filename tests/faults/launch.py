"""A command in a changed process, without code between fork and exec, which may hang beside the test's own threads."""

import sys
from collections.abc import Sequence
from os import PathLike

Command = Sequence[str | PathLike[str]]


def after(preparation: str, command: Command) -> list[str | PathLike[str]]:
    """``command``, a program by its path, as the successor of a Python that has run ``preparation``."""
    return [sys.executable, "-c", f"{preparation}\nimport os, sys\nos.execv(sys.argv[1], sys.argv[1:])", *command]
