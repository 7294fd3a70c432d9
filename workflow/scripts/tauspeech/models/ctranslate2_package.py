"""The optional package ctranslate2: whether it is installed. Nothing heavy is imported, since plans ask, too."""

from importlib.metadata import PackageNotFoundError, version

from tauspeech.runtime.errors import UserError

OLDEST = (4, 7, 0)  # first version that reads the files of transformers 5
INSTALL = "pip install 'ctranslate2>=4.7.0'"


def installed() -> str | None:
    """Version of the package, if it is there."""
    try:
        return version("ctranslate2")
    except PackageNotFoundError:
        return None


def usable() -> bool:
    """True if the package is there, in a version that reads what transformers writes."""
    found = installed()
    return found is not None and tuple(int(number) for number in found.split(".")[:3] if number.isdigit()) >= OLDEST


def require_ctranslate2() -> None:
    """Refuse to go on without the package, or with a version that cannot read what transformers writes."""
    found = installed()
    if found is None:
        raise UserError(f"ctranslate2 is not installed: run `{INSTALL}`.")
    if not usable():
        raise UserError(f"ctranslate2 {found} cannot read the files of transformers 5: run `{INSTALL}`.")
