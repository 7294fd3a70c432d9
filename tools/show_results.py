"""Print the main table of a run, over all its seeds, and where its results are: ``show_results.py results/<name>``."""

import json
import sys
from pathlib import Path

from tauspeech.runtime.stages import PLAN_INDEX


def main(results: Path) -> None:
    if not (results / PLAN_INDEX).is_file():
        sys.exit(f"Error: {results} has no plan: run snakemake first.")
    index = json.loads((results / PLAN_INDEX).read_text(encoding="utf-8"))
    if name := index.get("main_table"):
        of_all = f"{name}--seeds"
        name = of_all if ["table", of_all] in index["jobs"] else name
    print(f"\n{_table(results, name) if name else 'This experiment has no main table.'}")
    for title, path in (("Tables", results / "tables"), ("Report", results / "report.html")):
        if path.exists():
            print(f"{title}: {path}")


def _table(results: Path, name: str) -> str:
    path = results / "tables" / f"{name}.md"
    if not path.is_file():
        sys.exit(f"Error: {path} does not exist: run snakemake again and read its messages.")
    return path.read_text(encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
