"""List files that the plan no longer contains, and remove them on request: ``clean_orphans.py results/<name> [yes]``."""

import sys
from pathlib import Path

from tauspeech.plan.orphans import orphans
from tauspeech.runtime.errors import UserError
from tauspeech.runtime.stages import PLAN_INDEX


def main(results: Path, delete: bool) -> None:
    if not (results / PLAN_INDEX).is_file():
        sys.exit(f"Error: {results} has no plan: run snakemake first.")
    try:
        found = list(orphans(results))
    except UserError as error:
        sys.exit(f"Error: {error}")
    for file in found:
        print(file)
        if delete:
            file.unlink()
    state = "removed" if delete else "are not in the plan: DELETE=yes removes them"
    print(f"{len(found)} files {state}.")
    if delete:
        for folder in sorted((path for path in results.rglob("*") if path.is_dir()), reverse=True):
            if not any(folder.iterdir()):
                folder.rmdir()


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2:] == ["yes"])
