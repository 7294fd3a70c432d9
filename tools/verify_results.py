"""Hold every artifact against its receipt: ``verify_results.py results/<name> [yes]``.

With ``yes``, what is damaged is removed with its receipt, and the next run makes it again.
"""

import sys
from pathlib import Path

from tauspeech.plan.index import FROZEN
from tauspeech.plan.orphans import planned_receipts
from tauspeech.runtime.errors import UserError
from tauspeech.runtime.receipts import Receipt


def main(results: Path, repair: bool) -> None:
    if not (results / FROZEN).is_file():
        sys.exit(f"Error: {results} has no plan: run snakemake first.")
    whole, damaged = 0, 0
    for path in planned_receipts(results):
        try:
            Receipt.read(path).files()
            whole += 1
        except UserError as error:
            damaged += 1
            print(error)
            if repair:
                remove(path)
    what = "removed: the next run makes them again" if repair else "damaged; REPAIR=yes removes them"
    print(f"{whole} artifacts are whole, {damaged} {what}." if damaged else f"All {whole} artifacts are whole.")
    if damaged and not repair:
        sys.exit(1)


def remove(receipt: Path) -> None:
    try:
        files = Receipt.read(receipt).content["outputs"]
    except UserError:
        files = {}
    for name in [*files, receipt.name]:
        (receipt.parent / name).unlink(missing_ok=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2:] == ["yes"])
