"""Folders of the project that code reads from."""

from pathlib import Path

PACKAGE = Path(__file__).resolve().parents[1]
ROOT = PACKAGE.parents[2]
EXPERIMENTS = PACKAGE / "experiments"
FOUNDATIONS = ROOT / "resources" / "foundation"
ENVS = ROOT / "envs"
VOICES = ROOT / "resources" / "voices"
GRAMMARS = ROOT / "resources" / "grammar"
PAPERS = ROOT / "resources" / "papers"
SCHEMA_PARTS = ROOT / "workflow" / "schemas" / "parts"
