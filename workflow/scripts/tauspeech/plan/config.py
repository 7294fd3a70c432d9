"""Reading a configuration: the schema fills in defaults, and a mistake names its key."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from tauspeech.data.schemas import checked
from tauspeech.remote import addresses
from tauspeech.runtime.errors import UserError
from tauspeech.runtime.paths import SCHEMAS


def complete(config: dict[str, Any], origin: str) -> dict[str, Any]:
    """The configuration with its defaults, or one sentence about what is wrong with it."""
    experiment = config.get("experiment")
    known = sorted(path.name.removesuffix(".schema.yaml") for path in SCHEMAS.glob("*.schema.yaml"))
    if not isinstance(experiment, str) or experiment not in known:
        raise UserError(f"{origin}: key 'experiment' is {experiment!r}: give one of {', '.join(known)}.")
    try:
        plain = json.loads(json.dumps(config, allow_nan=False))  # also makes Snakemake's dictionaries plain ones
    except (TypeError, ValueError) as error:
        raise UserError(f"{origin}: a value is neither text nor number ({error}): put dates into quotes.") from None
    complete_config: dict[str, Any] = checked(plain, schema_of(experiment), origin)
    for place, url in _addresses(complete_config):
        addresses.checked(url, f"{origin}: {place}")  # before the plan writes it anywhere
    return complete_config


def _addresses(config: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Of all servers that it names, by the sections that they stand in."""
    if server := config.get("text", {}).get("openai"):
        yield "text.openai", server["url"]
    for name, server in config.get("speech", {}).get("models", {}).get("http", {}).items():
        yield f"speech.models.http.{name}", server["url"]


def schema_of(experiment: str) -> dict[str, Any]:
    """The experiment's schema; keys that several experiments share lie in files of their own, which ``$part`` names."""
    schema: dict[str, Any] = _whole(_read(SCHEMAS / f"{experiment}.schema.yaml"))
    return schema


def _read(path: Path) -> Any:
    return yaml.safe_load(path.read_text(encoding="utf-8"))


def _whole(value: Any) -> Any:
    if isinstance(value, list):
        return [_whole(each) for each in value]
    if not isinstance(value, dict):
        return value
    whole: dict[str, Any] = {}
    for key, part in value.items():
        if key == "$part":
            whole |= _whole(_read(SCHEMAS / "parts" / f"{part}.yaml"))
        else:
            whole[key] = _whole(part)
    return whole
