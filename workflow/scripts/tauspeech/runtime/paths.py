"""Folders of the project that code reads from."""

from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
FOUNDATIONS = ROOT / "resources" / "foundation"
ENVS = ROOT / "envs"
VOICES = ROOT / "resources" / "voices"
GRAMMARS = ROOT / "resources" / "grammar"
SCHEMAS = ROOT / "workflow" / "schemas"
