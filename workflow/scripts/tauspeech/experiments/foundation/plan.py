"""The experiment foundation: a small model trained from scratch, to be shipped as a base."""

from pathlib import Path
from typing import Any

from tauspeech.plan.foundation import foundation_base
from tauspeech.plan.jobs import Plan


def plan(config: dict[str, Any], results: Path) -> Plan:
    sources, targets = (_languages(config["languages"][key]) for key in ("source", "target"))
    return Plan([foundation_base(config["size"], sources, targets, config, config["seed"])])


def _languages(given: str | list[str]) -> tuple[str, ...]:
    return tuple(given) if isinstance(given, list) else (given,)
