"""Write what is generated from the experiments' schemas: the tables of keys in config/README.md, and config/schemas/.

With --check, only compare.
"""

import argparse
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "workflow" / "scripts")]

from tools.editor_schemas import editor_schema  # noqa: E402
from tools.key_tables import page_with_tables  # noqa: E402

from tauspeech.plan.config import experiments  # noqa: E402

PAGE = ROOT / "config" / "README.md"
SCHEMAS = ROOT / "config" / "schemas"


def generated() -> dict[Path, str]:
    """The generated files with their content."""
    files = {SCHEMAS / f"{name}.json": editor_schema(name) for name in experiments()}
    return files | {PAGE: page_with_tables(PAGE.read_text(encoding="utf-8"))}


def differing() -> dict[Path, str | None]:
    """Files that are out of date, with the content that they should have; None for a schema of no experiment."""
    files: dict[Path, str | None] = dict.fromkeys(SCHEMAS.glob("*.json")) | generated()
    return {
        path: text for path, text in files.items() if not path.is_file() or path.read_text(encoding="utf-8") != text
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="exit with 1 if a file is out of date; write nothing")
    stale = differing()
    if parser.parse_args().check:
        if stale:
            names = ", ".join(str(path.relative_to(ROOT)) for path in stale)
            raise SystemExit(f"{names}: out of date with the schemas of the experiments; run `make docs`.")
        return
    SCHEMAS.mkdir(exist_ok=True)
    for path, text in stale.items():
        if text is None:
            path.unlink()
        else:
            path.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
