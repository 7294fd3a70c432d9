"""Hashes for what the locks pin: ``lock.py FILE ...``, by uv, which asks the package index for those of all platforms.

A file keeps its versions, their markers and the comments at its top: to change a version, change it there and lock again.
"""

import re
import subprocess
import sys
from pathlib import Path

from tauspeech.runtime.files import write_text

UV = Path(sys.executable).with_name("uv")
OPTIONS = ["--quiet", "--universal", "--no-deps", "--generate-hashes", "--no-header", "--no-annotate"]
OLDEST = "3.11.5"  # 3.11.0, which 3.11 would mean to uv, is too old for one of CosyVoice's packages
COMMENT = re.compile(r"^#.*\n", re.MULTILINE)
PIN = re.compile(r"^[A-Za-z0-9][^\\\n]*", re.MULTILINE)  # without its hashes, which may be those of another version


def main(files: list[Path]) -> None:
    for file in files:
        text = file.read_text(encoding="utf-8")
        locked = _locked(file, PIN.findall(text))
        content = "".join(COMMENT.findall(text)) + locked
        if content != text:  # make installs again what is younger than its environment
            write_text(file, content)
        print(f"{file}: {len(PIN.findall(locked))} packages, {locked.count('--hash=')} hashes")


def _locked(file: Path, pins: list[str]) -> str:
    command = [str(UV), "pip", "compile", *OPTIONS, "--python-version", OLDEST, "-"]
    done = subprocess.run(command, input="\n".join(pins), capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"Error: {file} stays as it is, since uv could not lock it:\n{done.stderr.strip()}")
    return done.stdout


if __name__ == "__main__":
    main([Path(name) for name in sys.argv[1:]])
