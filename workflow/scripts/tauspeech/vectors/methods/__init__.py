"""The merge methods: one module each, found by its name, with an object ``METHOD`` that declares it.

To add a method, put a module into this folder. Its module level must not import NumPy: plans read the declarations.
"""

from importlib import import_module
from pkgutil import iter_modules
from typing import Any

from tauspeech.runtime.errors import UserError, one_line
from tauspeech.vectors.method import Method


def names() -> list[str]:
    """The names of all methods, sorted."""
    return sorted(module.name for module in iter_modules(__path__) if not module.name.startswith("_"))


def module_of(name: str) -> str:
    """The module that defines a method, for fingerprints of code: it is imported by name, which no import shows."""
    return f"{__name__}.{name}"


def find(name: str, key: str = "the method") -> Method:
    """The method of a name; ``key`` says in the message where an unknown name was given."""
    if name not in names():
        raise UserError(f"{key} is {one_line(repr(name))}: choose one of {', '.join(names())}.")
    method: Method = import_module(module_of(name)).METHOD
    return method


def declared() -> list[Method]:
    return [find(name) for name in names()]


def option_schema(method: str, option: str) -> dict[str, Any]:
    """The JSON schema of an option: type, range, default if it has one, and description."""
    return find(method).option(option).schema()
