"""Python processes of the tests: forked from a server that has the slow imports done, or real ones."""

import atexit
import os
import subprocess
import sys
import tempfile
from functools import cache
from pathlib import Path

from tauspeech.runtime.paths import ROOT
from tests.processes.server import PREPARATION

HERE = Path(__file__).parent


def python(real: bool = False) -> str:
    """Path of an interpreter: forked ones start in milliseconds and have a hash seed in common."""
    return sys.executable if real else _forking()


def prepared(statements: str) -> dict[str, str]:
    """Environment in which a forked process first executes some statements."""
    return os.environ | {PREPARATION: statements}


@cache
def _forking() -> str:
    """Start the server; the interpreter that it serves is called ``python``, as rules call theirs."""
    folder = tempfile.TemporaryDirectory(prefix="tests-", dir="/tmp")
    interpreter = Path(folder.name, "bin", "python")
    interpreter.parent.mkdir()
    client = (HERE / "client.py").read_text(encoding="utf-8")
    interpreter.write_text(f"#!{sys.executable} -IS\n{client}", encoding="utf-8")
    interpreter.chmod(0o755)
    for program in Path(sys.executable).parent.iterdir():  # what rules find beside it, such as accelerate
        if not program.name.startswith("python"):
            interpreter.with_name(program.name).symlink_to(program)
    # The logger plug-in is the one of this checkout.
    environment = os.environ | {"PYTHONPATH": str(ROOT / "workflow" / "scripts")}
    server = subprocess.Popen(
        [sys.executable, HERE / "server.py", Path(folder.name, "address")],
        stdin=subprocess.PIPE,
        env=environment,
        start_new_session=True,
    )

    def close() -> None:
        assert server.stdin
        server.stdin.close()
        server.wait()
        folder.cleanup()

    atexit.register(close)
    while not Path(folder.name, "address").exists():
        assert server.poll() is None, "the server of forked processes has ended"
    return str(interpreter)
