"""Imports within vectors/: no circle between files or folders, and declarations of methods without NumPy."""

import ast
import subprocess
import sys
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

SCRIPTS = Path(__file__).resolve().parents[2] / "workflow" / "scripts"
ROOT = SCRIPTS / "tauspeech" / "vectors"
FILES = {file: ".".join(file.relative_to(SCRIPTS).with_suffix("").parts) for file in sorted(ROOT.rglob("*.py"))}
MODULES = {name.removesuffix(".__init__") for name in FILES.values()}


def imports(file: Path) -> set[str]:
    """Modules of vectors/ that a file imports anywhere, in functions too, but not only for a type checker."""
    tree = ast.parse(file.read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            node.body = [ast.Pass()]
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module:
            names = {f"{node.module}.{alias.name}" for alias in node.names} & MODULES
            found |= names or {node.module} & MODULES
    return found


def folder(module: str) -> str:
    """The subfolder of a module; a module of vectors/ itself stands for itself."""
    package, rest = "tauspeech.vectors", module.split(".")[2:]
    subfolder = len(rest) > 1 or f"{module}.__init__" in FILES.values()
    return f"{package}.{rest[0]}" if rest and subfolder else module


@pytest.mark.parametrize("unit", [lambda module: module, folder], ids=["files", "folders"])
def test_no_circle(unit):
    graph: dict[str, set[str]] = {}
    for file, name in FILES.items():
        user = unit(name.removesuffix(".__init__"))
        graph.setdefault(user, set()).update({unit(used) for used in imports(file)} - {user})
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        pytest.fail(f"circle: {' <- '.join(error.args[1])}")


def test_declarations_and_recipes_need_no_numpy():
    code = (
        "import sys; from tauspeech.vectors import methods, recipe; assert methods.declared();"
        "assert methods.option_schema('ties', 'keep')['maximum'] == 1;"
        "assert not {'numpy', 'torch', 'jsonschema.cli'} & sys.modules.keys(), sorted(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], env={"PYTHONPATH": str(SCRIPTS)}, check=True)
