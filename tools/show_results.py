"""Say where the results of a run lie and print its main table: ``show_results.py results/<name>``."""

import sys
from pathlib import Path

MAIN = ("table4", "table10", "table2")  # all languages and tasks in lors; each word in rare_words


def main(results: Path) -> None:
    found = [table for name in MAIN if (table := results / "tables" / f"{name}.md").is_file()]
    if not found:
        sys.exit(f"{results} has no main table yet: see the messages above, or run again.")
    print(f"\n{found[0].read_text(encoding='utf-8')}\nTables: {results / 'tables'}\nReport: {results / 'report.html'}")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
