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


def _remove_docstring(node: ast.AST) -> None:
    body = getattr(node, "body", None)
    if isinstance(body, list) and body and isinstance(body[0], ast.Expr):
        value = body[0].value
        if isinstance(value, ast.Constant) and isinstance(value.value, str):
            body[:] = body[1:] or [ast.Pass()]


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


def _imported(node: ast.AST) -> set[str]:
    """Names that may be modules: ``from a import b`` can mean the module ``a.b``."""
    if isinstance(node, ast.Import):
        return {alias.name for alias in node.names}
    if isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
        return {node.module} | {f"{node.module}.{alias.name}" for alias in node.names}
    return set()


def _parse(path: Path) -> tuple[str, frozenset[str]]:
    """Hash of a file's code, and the modules of this package that it may import."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    names: set[str] = set()
    for node in ast.walk(tree):  # one walk for both: reading 140 files is most of the time that a small plan takes
        _remove_docstring(node)
        names |= _imported(node)
    imported = frozenset(name for name in names if name.split(".")[0] == "tauspeech")
    return hashlib.sha256(_dump(tree).encode()).hexdigest(), imported


_read = cache(_parse)


def hash_of_code(path: Path) -> str:
    """Hash of a Python file without its comments, docstrings and layout."""
    return _parse(path)[0]


def _data_files(module: Path) -> list[Path]:
    """Templates, style sheets, tables and schemas named after a module, as page.css after page.py; they are code."""
    endings = (".jinja", ".css", ".tsv", ".yaml")
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
