"""Known vulnerabilities in locked packages: ``audit.py FILE ...``, by pip-audit, which reads PyPI's advisories.

Exits with 1 if there are any. If the advisories cannot be reached, prints a note and exits with 0.
"""

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

PIP_AUDIT = Path(sys.executable).with_name("pip-audit")
OPTIONS = ["--no-deps", "--disable-pip", "--progress-spinner", "off", "--format", "json"]
# Errors of pip-audit without an answer: its own advice, or an exception of a library.
NO_ANSWER = re.compile(r"your network may be blocking|^requests\.exceptions\.|ServiceError", re.MULTILINE)


def main(files: list[Path]) -> None:
    known = vulnerable = 0
    for file in files:
        packages = _audited(file)
        if packages is None:
            print(f"PyPI's advisories cannot be reached: {file} and the files after it were not audited.")
            break
        for package in packages:
            if "skip_reason" in package:
                print(f"{file}: {package['skip_reason']}")
                continue
            known += 1
            vulnerable += bool(package["vulns"])
            for each in package["vulns"]:
                print(f"{file}: {_sentence(package, each)}")
    if vulnerable:
        sys.exit(
            f"Error: {vulnerable} packages have known vulnerabilities: change their versions, then run `make lock`."
        )
    if known:
        print(f"No known vulnerabilities in {known} packages.")


def _audited(file: Path) -> list[dict[str, Any]] | None:
    """pip-audit's result for each package of a file; None without an answer.

    A mirror of PyPI without advisories answers as if the packages did not exist, and pip-audit skips them.
    """
    done = subprocess.run([str(PIP_AUDIT), *OPTIONS, "-r", str(file)], capture_output=True, text=True)
    if done.stdout.strip():
        packages = json.loads(done.stdout)["dependencies"]
        return None if all("skip_reason" in package for package in packages) else packages
    if NO_ANSWER.search(done.stderr):
        return None
    last = (done.stderr.strip().splitlines() or [f"exit status {done.returncode}"])[-1]
    sys.exit(f"Error: pip-audit could not audit {file}: {last}")


def _sentence(package: dict[str, Any], vulnerability: dict[str, Any]) -> str:
    names = ", ".join([vulnerability["id"], *vulnerability["aliases"]])
    fixed = " or ".join(vulnerability["fix_versions"])
    return f"{package['name']} {package['version']} has {names}, {f'fixed in {fixed}' if fixed else 'not fixed yet'}."


if __name__ == "__main__":
    main([Path(name) for name in sys.argv[1:]])
