"""Make an environment from its lock: ``make_environment.py NAME [READY LOG]``; READY, in its folder, is written last."""

import fcntl
import re
import shutil
import subprocess
import sys
import venv
from collections.abc import Iterator
from pathlib import Path
from typing import TextIO

from tauspeech.runtime.environments import folder_of, lock_of, locked, torch_of
from tauspeech.runtime.files import write_text

IMPORT_CHECK = re.compile(r"# import: (\S+)")


def main(name: str, ready: Path, log: Path) -> None:
    folder = ready.parent
    folder.parent.mkdir(parents=True, exist_ok=True)
    with open(folder.with_suffix(".lock"), "w") as guard:
        fcntl.flock(guard, fcntl.LOCK_EX)  # two runs that share the folder create it once
        if ready.is_file():
            return
        shutil.rmtree(folder, ignore_errors=True)
        venv.create(folder, with_pip=True)
        python = folder / "bin" / "python"
        _install(python, name, log)
        if torch_of(name).is_file():
            _without_cuda(python)
        if check := IMPORT_CHECK.search(locked(name)):
            _run([str(python), "-c", f"import {check.group(1)}"], f"{check.group(1)} cannot be imported in {folder}")
        write_text(ready, locked(name))
    print(f"The environment {name} is ready in {folder}.")


def _install(python: Path, name: str, log: Path) -> None:
    """Install the hashed packages first, so that torch adds only the packages of its own build."""
    total = sum(bool(re.match(r"[A-Za-z0-9]", line)) for line in locked(name).splitlines())
    found = 0
    with open(log, "w", encoding="utf-8") as output:
        for lock, options in ((lock_of(name), ["--require-hashes", "--no-deps"]), (torch_of(name), [])):
            if not lock.is_file():
                continue
            for line in _pip(python, [*options, "-r", str(lock)], output):
                if line.startswith("Collecting "):  # progress, because the installation takes minutes
                    found += 1
                    print(f"  {found} of {total}: {line.split()[1]}", flush=True)
                elif line.startswith("Installing"):
                    print("  installing ...", flush=True)


def _pip(python: Path, arguments: list[str], output: TextIO) -> Iterator[str]:
    """Yield lines of pip's output, which are also written to the log."""
    command = [str(python), "-m", "pip", "install", "--disable-pip-version-check", "--progress-bar", "off", *arguments]
    lines = []
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as pip:
        assert pip.stdout
        for line in pip.stdout:
            output.write(line)
            lines.append(line)
            yield line
    if pip.returncode:
        sys.exit(f"Error: pip could not install what {arguments[-1]} locks; see {output.name}:\n{''.join(lines[-10:])}")


def _without_cuda(python: Path) -> None:
    """Remove torchaudio's compiled parts if torch has no CUDA: they would fail to load, and Coqui does not need them."""
    code = "import torch, importlib.util as u; s = u.find_spec('torchaudio'); print(torch.version.cuda or (s and s.origin) or '')"
    done = subprocess.run([str(python), "-c", code], capture_output=True, text=True)
    package = done.stdout.strip()
    if package.endswith("__init__.py"):
        for library in (Path(package).parent / "lib").glob("*.so"):
            library.unlink()


def _run(command: list[str], message: str) -> None:
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"Error: {message}:\n{done.stderr[-2000:]}")


if __name__ == "__main__":
    default = folder_of(sys.argv[1]) / "ready"
    main(sys.argv[1], *(map(Path, sys.argv[2:]) if sys.argv[2:] else (default, default.parent.with_suffix(".log"))))
