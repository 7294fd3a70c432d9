"""Compare every artifact with its receipt: ``verify_results.py results/<name> [yes]``.

With ``yes``, damaged artifacts are removed with their receipts, and the next run makes them again.
"""

import sys
from pathlib import Path

from tauspeech.plan.orphans import planned_receipts
from tauspeech.runtime.errors import UserError
from tauspeech.runtime.receipts import Receipt
from tauspeech.runtime.stages import PLAN_INDEX


def main(results: Path, repair: bool) -> None:
    if not (results / PLAN_INDEX).is_file():
        sys.exit(f"Error: {results} has no plan: run snakemake first.")
    intact, damaged = 0, 0
    for path in planned_receipts(results):
        try:
            Receipt.read(path).files()
            intact += 1
        except UserError as error:
            damaged += 1
            print(error)
            if repair:
                remove(path)
    state = "removed: the next run makes them again" if repair else "damaged; REPAIR=yes removes them"
    print(f"{intact} artifacts are intact, {damaged} {state}." if damaged else f"All {intact} artifacts are intact.")
    if damaged and not repair:
        sys.exit(1)


def remove(receipt: Path) -> None:
    """Remove a receipt and the files that it lists."""
    try:
        files = Receipt.read(receipt).content["outputs"]
    except UserError:
        files = {}
    for name in [*files, receipt.name]:
        (receipt.parent / name).unlink(missing_ok=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2:] == ["yes"])
