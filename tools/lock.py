"""Hashes of locked packages: ``lock.py FILE ...``, by uv, for all platforms.

A file keeps its versions, markers and the comments at its top: to change a version, edit it in the file and lock again. Runs
in an environment without this project, so it imports nothing of it.
"""

import os
import re
import subprocess
import sys
from pathlib import Path

UV = Path(sys.executable).with_name("uv")
OPTIONS = ["--quiet", "--universal", "--no-deps", "--generate-hashes", "--no-header", "--no-annotate"]
OLDEST = "3.11.5"  # uv takes 3.11 for 3.11.0, which is too old for one of CosyVoice's packages
COMMENT = re.compile(r"^#.*\n", re.MULTILINE)
PIN = re.compile(r"^[A-Za-z0-9][^\\\n]*", re.MULTILINE)  # without hashes, which may belong to another version


def main(files: list[Path]) -> None:
    for file in files:
        text = file.read_text(encoding="utf-8")
        locked = _locked(file, PIN.findall(text))
        content = "".join(COMMENT.findall(text)) + locked
        if content != text:  # a new time stamp would make `make` install again
            part = file.with_name(f".{file.name}.part")
            part.write_text(content, encoding="utf-8")
            os.replace(part, file)
        print(f"{file}: {len(PIN.findall(locked))} packages, {locked.count('--hash=')} hashes")


def _locked(file: Path, pins: list[str]) -> str:
    command = [str(UV), "pip", "compile", *OPTIONS, "--python-version", OLDEST, "-"]
    done = subprocess.run(command, input="\n".join(pins), capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"Error: {file} is unchanged, since uv could not lock it:\n{done.stderr.strip()}")
    return done.stdout


if __name__ == "__main__":
    main([Path(name) for name in sys.argv[1:]])
