"""List files that no plan names any more, and remove them on request: ``clean_orphans.py results/<name> [yes]``."""

import sys
from pathlib import Path

from tauspeech.plan.index import FROZEN
from tauspeech.plan.orphans import orphans
from tauspeech.runtime.errors import UserError


def main(results: Path, delete: bool) -> None:
    if not (results / FROZEN).is_file():
        sys.exit(f"{results} has no plan: run snakemake first.")
    try:
        found = list(orphans(results))
    except UserError as error:
        sys.exit(f"Error: {error}")
    for file in found:
        print(file)
        if delete:
            file.unlink()
    size = "removed" if delete else "not named by the plan; DELETE=yes removes them"
    print(f"{len(found)} files {size}.")
    if delete:
        for folder in sorted((path for path in results.rglob("*") if path.is_dir()), reverse=True):
            if not any(folder.iterdir()):
                folder.rmdir()


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2:] == ["yes"])
