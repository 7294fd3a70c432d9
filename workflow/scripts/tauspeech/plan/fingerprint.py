"""Fingerprint of the code that a stage runs; comments, docstrings and layout do not count.

It covers the stage's script and all modules of this package that the script imports, directly or indirectly. The folder
runtime/ is left out: it moves specifications, bytes and messages, and no result depends on it.
"""

import ast
import hashlib
from functools import cache
from pathlib import Path

SCRIPTS = Path(__file__).resolve().parents[2]
RUNTIME = "tauspeech.runtime"


def _without_docstrings(tree: ast.AST) -> ast.AST:
    for node in ast.walk(tree):
        body = getattr(node, "body", None)
        if isinstance(body, list) and body and isinstance(body[0], ast.Expr):
            value = body[0].value
            if isinstance(value, ast.Constant) and isinstance(value.value, str):
                body[:] = body[1:] or [ast.Pass()]
    return tree


def _dump(node: object) -> str:
    """``ast.dump`` without empty fields, so that Python versions that add optional fields agree."""
    if isinstance(node, ast.AST):
        fields = [(name, value) for name, value in ast.iter_fields(node) if value not in (None, [])]
        inner = ",".join(f"{name}={_dump(value)}" for name, value in fields if name not in ("type_comment", "kind"))
        return f"{type(node).__name__}({inner})"
    if isinstance(node, list):
        return "[" + ",".join(map(_dump, node)) + "]"
    return repr(node)


def _module_file(name: str, scripts: Path) -> Path | None:
    path = scripts.joinpath(*name.split("."))
    for candidate in (path.with_suffix(".py"), path / "__init__.py"):
        if candidate.is_file():
            return candidate
    return None


def _imported(tree: ast.AST) -> set[str]:
    """Names that may be modules of this package: ``from a import b`` can mean the module ``a.b``."""
    names = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
            names |= {node.module} | {f"{node.module}.{alias.name}" for alias in node.names}
    return {name for name in names if name.split(".")[0] == "tauspeech"}


@cache
def _read(path: Path) -> tuple[str, frozenset[str]]:
    tree = _tree_of(path)
    return _hash_of(tree), frozenset(_imported(tree))


def _tree_of(path: Path) -> ast.AST:
    return _without_docstrings(ast.parse(path.read_text(encoding="utf-8")))


def _hash_of(tree: ast.AST) -> str:
    return hashlib.sha256(_dump(tree).encode()).hexdigest()


def hash_of_code(path: Path) -> str:
    """Hash of a Python file without its comments, docstrings and layout."""
    return _hash_of(_tree_of(path))


def _data_files(module: Path) -> list[Path]:
    """Templates, style sheets and tables that belong to a module by their name, as page.css to page.py; they are code."""
    endings = (".jinja", ".css", ".tsv")
    return sorted(path for path in module.parent.glob(f"{module.stem}.*") if path.suffix in endings)


@cache
def fingerprint(script: str, modules: tuple[str, ...] = (), scripts: Path = SCRIPTS) -> str:
    """Fingerprint of ``workflow/scripts/<script>``, of further modules that it loads by name, and of all they import."""
    files: dict[str, Path] = {script: scripts / script}
    seen: set[str] = set()
    queue = [*_read(scripts / script)[1], *modules]
    while queue:
        name = queue.pop()
        file = _module_file(name, scripts)
        if name in seen or name == "tauspeech" or f"{name}.".startswith(f"{RUNTIME}.") or file is None:
            continue
        seen.add(name)
        files[name] = file
        queue += _read(file)[1]
    parts = [f"{name} {_read(file)[0]}" for name, file in sorted(files.items())]
    beside = {path for file in files.values() if file.parent != scripts for path in _data_files(file)}
    parts += [f"{path.name} {hashlib.sha256(path.read_bytes()).hexdigest()}" for path in sorted(beside)]
    return f"{script}@{hashlib.sha256(chr(10).join(parts).encode()).hexdigest()[:16]}"
