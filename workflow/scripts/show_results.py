"""Say where the results of a run lie and print its main table: ``show_results.py results/<name>``."""

import sys
from pathlib import Path


def main(results: Path) -> None:
    table = results / "tables" / "table2.md"
    if not table.is_file():
        sys.exit(f"{results} has no table2 yet: see the messages above, or run again.")
    print(f"\n{table.read_text(encoding='utf-8')}\nTables: {results / 'tables'}\nReport: {results / 'report.html'}")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
