"""Name of a run with its seeds, for the facts of a report."""

from typing import Any


def run_name(config: dict[str, Any]) -> str:
    first = config["seed"]
    last = first + config.get("repetitions", 1) - 1
    return f"{config['name']}, seed {first}" if first == last else f"{config['name']}, seeds {first} to {last}"
