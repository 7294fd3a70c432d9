"""Text of a report about the retention sets."""

from collections.abc import Mapping
from typing import Any


def retention_sets(sets: Mapping[str, Mapping[str, Any]]) -> str:
    """Names of the sets, each with its task and languages."""
    return ", ".join(f"{name} ({_task(about)})" for name, about in sets.items())


def _task(about: Mapping[str, Any]) -> str:
    languages = about["language"] if about["task"] == "transcribe" else f"{about['language']} to {about['target']}"
    return f"{about['task']}, {languages}"
