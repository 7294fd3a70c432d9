"""Verdicts of finished rarity checks: the one thing that a plan learns from results."""

import json
from pathlib import Path

from tauspeech.plan.jobs import PlannedJob
from tauspeech.runtime.stages import receipt_path


def read_verdict(results: Path, check: PlannedJob) -> bool | None:
    """Whether the base knows the word; None while the check, as planned now, has not been done."""
    receipt = results / receipt_path(check.stage, check.id)
    try:
        if json.loads(receipt.read_text(encoding="utf-8"))["key"] != check.key:
            return None
        return bool(json.loads(receipt.with_name(f"{check.id}.json").read_text(encoding="utf-8"))["known"])
    except (OSError, ValueError, KeyError):
        return None
