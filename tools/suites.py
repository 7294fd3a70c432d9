"""Slow test suites, which run only when a file that they cover has changed: ``suites.py due SUITE`` or ``suites.py record SUITE``.

tests/suites.tsv holds the hash of the files that each suite covered when it last passed. ``due`` exits with 0 if the suite
has to run, with 1 if it does not. ``record`` writes the present hash, which is committed with the change.
"""

import argparse
import csv
import hashlib
import os
import subprocess
import sys
from pathlib import Path

from tauspeech.plan.fingerprint import hash_of_code

ROOT = Path(__file__).resolve().parents[1]
RECORD = "tests/suites.tsv"
# Patterns of files, as git has them; ``**`` is any number of folders.
SCRIPTS = "workflow/scripts"
PACKAGE = f"{SCRIPTS}/tauspeech"
RUNS = ("Snakefile", "rules/*", "tests/processes/*.py", "tests/workflow/project.py")
COVERED = {
    "tts": (
        *RUNS,
        f"{PACKAGE}/speech/**",
        f"{PACKAGE}/plan/*voice*.py",
        f"{PACKAGE}/runtime/environments.py",
        *(f"{SCRIPTS}/{name}.py" for name in ("make_environment", "synthesise", "train_voice")),
        "envs/*coqui*",
        "envs/*kokoro*",
        "resources/voices/**",
        "tests/speech/engines/*",
        *(f"tests/workflow/{name}" for name in ("neural_tiny.yaml", "test_neural_run.py")),
    ),
    "slurm": (
        *RUNS,
        "profiles/**",
        f"{PACKAGE}/plan/batches.py",
        f"{PACKAGE}/plan/index.py",
        f"{PACKAGE}/plan/run_lock.py",
        f"{PACKAGE}/runtime/*.py",
        f"{SCRIPTS}/on_gpus.py",
        f"{SCRIPTS}/snakemake_logger_plugin_tauspeech/*.py",
        "envs/requirements.txt",
        "tests/slurm/*",
        "tests/workflow/tiny.yaml",
    ),
}


def covered(suite: str, root: Path = ROOT) -> list[Path]:
    """Files that a suite covers, below ``root``: those in git, and new ones that git does not ignore."""
    found = set()
    for pattern in COVERED[suite]:
        command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", "--", f":(glob){pattern}"]
        listed = subprocess.run(command, cwd=root, capture_output=True, text=True, check=True).stdout.split("\0")
        files = {name for name in listed if name and (root / name).is_file()}
        if not files:
            raise ValueError(f"suite {suite}: no file matches {pattern}: correct COVERED in tools/suites.py")
        found |= files
    return [root / name for name in sorted(found)]


def hash_of(suite: str, root: Path = ROOT) -> str:
    """Hash of the names and the content of what a suite covers; of Python files without comments and docstrings."""
    lines = []
    for file in covered(suite, root):
        digest = hash_of_code(file) if file.suffix == ".py" else hashlib.sha256(file.read_bytes()).hexdigest()
        lines.append(f"{file.relative_to(root).as_posix()} {digest}\n")
    return hashlib.sha256("".join(lines).encode()).hexdigest()[:16]


def recorded(root: Path = ROOT) -> dict[str, str]:
    file = root / RECORD
    if not file.is_file():
        return {}
    with file.open(encoding="utf-8", newline="") as rows:
        return {row["suite"]: row["hash"] for row in csv.DictReader(rows, delimiter="\t")}


def is_due(suite: str, root: Path = ROOT) -> bool:
    return recorded(root).get(suite) != hash_of(suite, root)


def record(suite: str, root: Path = ROOT) -> None:
    found = recorded(root) | {suite: hash_of(suite, root)}
    part = root / f"{RECORD}.part"
    part.write_text("suite\thash\n" + "".join(f"{name}\t{found[name]}\n" for name in sorted(found)), encoding="utf-8")
    os.replace(part, root / RECORD)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition(":")[0])
    parser.add_argument("action", choices=["due", "record"])
    parser.add_argument("suite", choices=sorted(COVERED))
    arguments = parser.parse_args()
    if arguments.action == "record":
        record(arguments.suite)
        print(f"{RECORD} has the hash of what {arguments.suite} covers: commit it with the change.")
        return 0
    if is_due(arguments.suite):
        print(f"The suite {arguments.suite} is due: files that it covers have changed since it passed.")
        return 0
    print(f"The suite {arguments.suite} is not due: nothing that it covers has changed since it passed.")
    return 1


if __name__ == "__main__":
    try:
        sys.exit(main())
    except (ValueError, subprocess.CalledProcessError, OSError) as error:
        print(f"Error: {error}", file=sys.stderr)
        sys.exit(2)
