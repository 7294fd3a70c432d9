"""Search for the program sclite. Imports nothing heavy, since plans use it."""

import shutil


def find_sclite() -> list[str] | None:
    """Command that starts sclite, or None if it is not installed; Debian's package starts it through ``sctk``."""
    for command in (["sctk", "sclite"], ["sclite"]):
        if shutil.which(command[0]):
            return command
    return None
