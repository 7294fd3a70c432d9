"""The experiment foundation: a small model trained from scratch, to be shipped as a base."""

from pathlib import Path
from typing import Any

from tauspeech.plan.foundation import foundation_base
from tauspeech.plan.jobs import Plan


def plan(config: dict[str, Any], results: Path) -> Plan:
    sources = config["languages"]["source"]
    sources = tuple(sources) if isinstance(sources, list) else (sources,)
    return Plan([foundation_base(config["size"], sources, config["languages"]["target"], config, config["seed"])])
