"""A forked process behaves as one of a real interpreter: tests of the workflow rely on it."""

import os
import signal
import subprocess
import time
from pathlib import Path

import pytest

from tests.processes import prepared, python

PROGRAMS = {
    "arguments, folder and modules": """
        import os, sys
        print(sys.argv[1:], os.getcwd(), __name__, sys.path[0] == os.path.dirname(os.path.abspath(__file__)))
        print([name for name in sys.modules if name.startswith(("tauspeech", "tests"))])
    """,
    "streams": "import sys; print(sys.stdin.read().upper()); print('Ärger', file=sys.stderr)",
    "a status": "import sys; print('out'); sys.exit(7)",
    "a message": "import sys; sys.exit('Error: no')",
    "an exception": "raise ValueError('no')",
    "a signal": "import os, signal; os.kill(os.getpid(), signal.SIGKILL)",
    "work at the end": "import atexit; atexit.register(print, 'the end')",
}


def program(folder: Path, text: str) -> str:
    lines = text.strip("\n").splitlines()
    indent = len(lines[0]) - len(lines[0].lstrip())
    (folder / "program.py").write_text("\n".join(line[indent:] for line in lines), encoding="utf-8")
    return str(folder / "program.py")


@pytest.mark.parametrize("name", PROGRAMS)
def test_it_ends_as_a_real_process_does(tmp_path, name):
    command = [program(tmp_path, PROGRAMS[name]), "a b", "ü"]
    found = [
        subprocess.run([python(real), *command], cwd=tmp_path, input="hello", capture_output=True, encoding="utf-8")
        for real in (False, True)
    ]
    forked, real = ((done.returncode, done.stdout) for done in found)
    assert forked == real
    assert found[0].stderr.splitlines()[-1:] == found[1].stderr.splitlines()[-1:]


def alive(pid: int) -> bool:
    # No zombie is left: the server waits for its children.
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def waiting(tmp_path: Path) -> tuple[subprocess.Popen[str], int]:
    """A process that waits, and the process id that it gives for itself."""
    text = "import os, time; print(os.getpid(), flush=True); time.sleep(60)"
    process = subprocess.Popen(
        [python(), program(tmp_path, text)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert process.stdout
    return process, int(process.stdout.readline())


def test_a_killed_process_takes_its_work_with_it(tmp_path):
    process, pid = waiting(tmp_path)
    assert alive(pid)
    process.kill()
    process.communicate()
    until = time.monotonic() + 10
    while alive(pid) and time.monotonic() < until:
        time.sleep(0.01)
    assert not alive(pid)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_signals_reach_it(tmp_path, number):
    process, _ = waiting(tmp_path)
    process.send_signal(number)
    _, errors = process.communicate(timeout=10)
    assert process.returncode == -number
    assert ("KeyboardInterrupt" in errors) == (number == signal.SIGINT)


def test_statements_may_come_before_the_command(tmp_path):
    command = [python(), program(tmp_path, "import os; print(os.environ.get('TESTS_PREPARATION'), os.umask(0))")]
    done = subprocess.run(command, env=prepared("import os; os.umask(0o77)"), capture_output=True, text=True)
    assert done.stdout == f"None {0o77}\n"
