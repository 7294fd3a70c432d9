"""Write the table of merge methods in docs/merging.md from their declarations; with --check, only compare."""

import argparse
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "workflow" / "scripts"))

from tauspeech.vectors import methods  # noqa: E402
from tauspeech.vectors.method import Method, Option  # noqa: E402

PAGE = ROOT / "docs" / "merging.md"
BEGIN = "<!-- methods: written by tools/method_table.py -->"
END = "<!-- end of methods -->"
COLUMNS = ("method", "Phi, with out = base + scale * Phi", "options", "when to use it", "reference")


def table() -> str:
    """The table in Markdown, one row for each method."""
    rows = [COLUMNS, ("---",) * len(COLUMNS), *map(_row, methods.declared())]
    return "".join(f"| {' | '.join(row)} |\n" for row in rows)


def page_with_table(page: str) -> str:
    """The page with the table between the two markers."""
    before, begin, rest = page.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise SystemExit(f"{PAGE.name} needs the lines {BEGIN} and {END}, between which the table is written.")
    return f"{before}{BEGIN}\n{table()}{END}{after}"


def _row(method: Method) -> tuple[str, ...]:
    options = "<br>".join(map(_option, method.options))
    return f"`{method.name}`<br>{method.title}", method.formula, options, method.use, method.reference


def _option(option: Option) -> str:
    default = "" if option.required else f"; default `{option.default}`"
    return f"`{option.name}`: {option.description}, {option.range}{default}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="exit with 1 if the page is out of date; write nothing")
    arguments = parser.parse_args()
    page = PAGE.read_text(encoding="utf-8")
    current = page_with_table(page)
    if arguments.check and page != current:
        raise SystemExit(f"The table of methods in docs/{PAGE.name} is out of date; run `make docs`.")
    if not arguments.check:
        PAGE.write_text(current, encoding="utf-8")


if __name__ == "__main__":
    main()
