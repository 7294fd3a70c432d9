"""The package's source code as syntax trees, and the graph of its imports.

Imports inside functions count. Modules that are named by a string and imported at run time do not: in that way the plan
and the stage scripts use an experiment's modules without depending on them.
"""

import ast
from collections import defaultdict
from collections.abc import Iterator
from functools import cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from typing import NamedTuple

PROJECT = Path(__file__).resolve().parents[2]
SCRIPTS = PROJECT / "workflow" / "scripts"
PACKAGE = "tauspeech"

Graph = dict[str, set[str]]


class Import(NamedTuple):
    """One module that imports another, with the place in the source."""

    importer: str
    imported: str
    place: str

    def __str__(self) -> str:
        return f"{self.place} imports {self.imported}"


def shown(path: Path) -> str:
    return path.relative_to(PROJECT).as_posix()


@cache
def tree_of(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"), filename=str(path))


@cache
def modules() -> dict[str, Path]:
    """Files below workflow/scripts by module name, a package's ``__init__.py`` by the name of the package."""
    named = {}
    for path in sorted(SCRIPTS.rglob("*.py")):
        parts = path.relative_to(SCRIPTS).with_suffix("").parts
        named[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return named


@cache
def imports() -> tuple[Import, ...]:
    """All imports between modules below workflow/scripts."""
    return tuple(found for name in modules() for found in _imports_of(name))


def _imports_of(name: str) -> Iterator[Import]:
    path = modules()[name]
    for node in ast.walk(tree_of(path)):
        if isinstance(node, ast.Import):
            targets = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            origin = _origin(name, path, node)
            # ``from a import b`` means the module a.b if there is one.
            targets = [inner if (inner := f"{origin}.{alias.name}") in modules() else origin for alias in node.names]
        else:
            continue
        for target in targets:
            if target in modules():
                yield Import(name, target, f"{shown(path)}:{node.lineno}")


def _origin(name: str, path: Path, node: ast.ImportFrom) -> str:
    if not node.level:
        return node.module or ""
    package = name.split(".") if path.name == "__init__.py" else name.split(".")[:-1]
    return ".".join([*package[: len(package) + 1 - node.level], *(node.module or "").split(".")]).strip(".")


def room(module: str) -> str | None:
    """Folder of the package that a module belongs to; None for stage scripts and other packages."""
    parts = module.split(".")
    return parts[1] if parts[0] == PACKAGE and len(parts) > 1 else None


def folders() -> set[str]:
    """Folders of the package, by their module names."""
    return {name for name, path in modules().items() if path.name == "__init__.py" and name.split(".")[0] == PACKAGE}


def between_files() -> Graph:
    graph: Graph = defaultdict(set)
    for each in imports():
        graph[each.importer].add(each.imported)
    return graph


def inside(folder: str) -> Graph:
    """Imports between the files and folders that lie directly in a folder; each folder stands for all that it contains."""
    graph: Graph = defaultdict(set)
    for each in imports():
        ends = [_part(module, folder) for module in (each.importer, each.imported)]
        if None not in ends and ends[0] != ends[1]:
            graph[str(ends[0])].add(str(ends[1]))
    return graph


def _part(module: str, folder: str) -> str | None:
    depth = len(folder.split("."))
    return ".".join(module.split(".")[: depth + 1]) if module.startswith(f"{folder}.") else None


def circle(graph: Graph) -> list[str]:
    """Nodes of a circle in a graph, the first one again at the end; empty if there is none."""
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        found: list[str] = error.args[1]
        return found[::-1]  # graphlib follows the arrows backwards
    return []


def docstrings(tree: ast.Module) -> set[int]:
    """Identities of the nodes that are docstrings."""
    bodies = (getattr(node, "body", None) for node in ast.walk(tree))
    first = (body[0] for body in bodies if isinstance(body, list) and body)
    return {id(statement.value) for statement in first if isinstance(statement, ast.Expr)}
