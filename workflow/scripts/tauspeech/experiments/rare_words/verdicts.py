"""Verdicts of finished rarity checks, which the plan reads to skip known words."""

import json
from pathlib import Path

from tauspeech.plan.jobs import PlannedJob
from tauspeech.runtime.stages import receipt_path


def read_verdict(results: Path, check: PlannedJob) -> str | None:
    """Verdict on a word: known, rare or unintelligible; None if the check has not been run as it is planned now."""
    receipt = results / receipt_path(check.stage, check.id)
    try:
        if json.loads(receipt.read_text(encoding="utf-8"))["key"] != check.key:
            return None
        verdict: str = json.loads(receipt.with_name(f"{check.id}.json").read_text(encoding="utf-8"))["verdict"]
        return verdict
    except (OSError, ValueError, KeyError):
        return None
