"""A fingerprint of the code that a stage runs, blind to comments, docstrings and layout.

It covers the stage's script and whatever of this package the script imports, also deep inside. Plumbing is
left out: it moves specifications, bytes and messages and decides no result.
"""

import ast
import hashlib
from functools import cache
from pathlib import Path

SCRIPTS = Path(__file__).resolve().parents[2]
PLUMBING = {
    "tauspeech",
    "tauspeech.runtime.disk",
    "tauspeech.runtime.errors",
    "tauspeech.runtime.files",
    "tauspeech.runtime.job",
    "tauspeech.runtime.pace",
    "tauspeech.runtime.paths",
    "tauspeech.runtime.receipts",
}


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
    """Names that may be modules of this package; ``from a import b`` may mean the module ``a.b``."""
    names = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
            names |= {node.module} | {f"{node.module}.{alias.name}" for alias in node.names}
    return {name for name in names if name.split(".")[0] == "tauspeech"}


@cache
def _read(path: Path) -> tuple[str, frozenset[str]]:
    tree = _without_docstrings(ast.parse(path.read_text(encoding="utf-8")))
    return hashlib.sha256(_dump(tree).encode()).hexdigest(), frozenset(_imported(tree))


def _data_files(module: Path) -> list[Path]:
    """Templates, styles and lists that lie beside a module's code are code."""
    return sorted(path for pattern in ("*.jinja", "*.css", "*.tsv") for path in module.parent.glob(pattern))


@cache
def fingerprint(script: str, scripts: Path = SCRIPTS, chosen: str | None = None) -> str:
    """Of ``workflow/scripts/<script>`` and all that it imports from here, and of a module that it is told to import."""
    files, queue, seen = {script: scripts / script}, list(_read(scripts / script)[1]), set()
    if chosen:
        queue.append(chosen)
    while queue:
        name = queue.pop()
        file = _module_file(name, scripts)
        if name in seen or name in PLUMBING or file is None:
            continue
        seen.add(name)
        files[name] = file
        queue += _read(file)[1]
    parts = [f"{name} {_read(file)[0]}" for name, file in sorted(files.items())]
    beside = {path for file in files.values() if file.parent != scripts for path in _data_files(file)}
    parts += [f"{path.name} {hashlib.sha256(path.read_bytes()).hexdigest()}" for path in sorted(beside)]
    return f"{script}@{hashlib.sha256(chr(10).join(parts).encode()).hexdigest()[:16]}"
