"""Packages that a machine without a network lacks: wheels beside this script, which are unpacked for this run."""

import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path

from packaging.tags import sys_tags
from packaging.utils import InvalidWheelFilename, parse_wheel_filename

NAMES = "gpu_wheels.txt"


def unpack(folder: Path, site: Path) -> list[str]:
    """Unpack the wheels of a folder that this Python can use, put them first on its path, and return their names."""
    found = list(usable(folder))
    for wheel in found:
        with zipfile.ZipFile(wheel) as archive:
            archive.extractall(site)
    if found:
        sys.path.insert(0, str(site))
    return [wheel.name for wheel in found]


def usable(folder: Path) -> Iterator[Path]:
    tags = set(sys_tags())
    for wheel in sorted(folder.glob("*.whl")):
        try:
            fits = not tags.isdisjoint(parse_wheel_filename(wheel.name)[3])
        except InvalidWheelFilename:
            fits = False
        if fits:
            yield wheel
        else:
            print(f"{wheel.name} is not for this Python: not used", flush=True)
