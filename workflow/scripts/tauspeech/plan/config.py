"""Configurations: read against the schema of their experiment, which fills in defaults; a mistake names its key."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from tauspeech.data.schemas import checked
from tauspeech.remote import addresses
from tauspeech.runtime.errors import UserError
from tauspeech.runtime.paths import EXPERIMENTS, SCHEMA_PARTS
from tauspeech.vectors.methods import find

# libyaml's parser takes a tenth of the time; both build plain values only.
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_LINK = re.compile(r"\[([^\]]*)\]\([^()]*\)")


def experiments() -> list[str]:
    """Names of the experiments: the folders of experiments/ that have a schema."""
    return sorted(path.parent.name for path in EXPERIMENTS.glob("*/schema.yaml"))


def complete(config: dict[str, Any], origin: str) -> dict[str, Any]:
    """The configuration with its defaults; a UserError in one sentence if there is a mistake in it."""
    experiment, known = config.get("experiment"), experiments()
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
    """Addresses of all servers of a configuration, with the sections that they belong to."""
    if server := config.get("text", {}).get("openai"):
        yield "text.openai", server["url"]
    for name, server in config.get("speech", {}).get("models", {}).get("http", {}).items():
        yield f"speech.models.http.{name}", server["url"]


def schema_of(experiment: str) -> dict[str, Any]:
    """Schema of an experiment, with plain descriptions, for checks and messages."""
    schema: dict[str, Any] = _with_plain_descriptions(marked_schema_of(experiment))
    return schema


def marked_schema_of(experiment: str) -> dict[str, Any]:
    """Schema of an experiment, with descriptions in Markdown, as config/README.md shows them; links are relative to it.

    ``$part`` includes keys that several experiments share, from files of their own, one or a list of them. ``$options`` includes the options
    of a merge method as the method declares them, with the experiment's defaults.
    """
    schema: dict[str, Any] = _with_parts(_read(EXPERIMENTS / experiment / "schema.yaml"))
    return schema


def marked_part(name: str) -> dict[str, Any]:
    """Keys that several experiments share, as the properties of a schema."""
    return {"properties": _with_parts(_read(SCHEMA_PARTS / f"{name}.yaml"))}


def parts_of(experiment: str) -> Iterator[tuple[str, str]]:
    """The shared parts of an experiment's schema: the dotted prefix of their keys, and the part's name."""
    return _parts(_read(EXPERIMENTS / experiment / "schema.yaml"), "")


def _parts(schema: dict[str, Any], prefix: str) -> Iterator[tuple[str, str]]:
    for name, each in schema.get("properties", {}).items():
        if name == "$part":
            yield from ((prefix, part) for part in _listed(each))
        elif isinstance(each, dict):
            yield from _parts(each, f"{prefix}{name}.")


def _listed(names: str | list[str]) -> list[str]:
    return [names] if isinstance(names, str) else names


def plain(description: str) -> str:
    """A description without its marks: code without backticks, links as their text."""
    return without_links(description).replace("`", "")


def without_links(description: str) -> str:
    return _LINK.sub(r"\1", description)


def _read(path: Path) -> Any:
    return yaml.load(path.read_text(encoding="utf-8"), _LOADER)


def _with_plain_descriptions(value: Any) -> Any:
    if isinstance(value, list):
        return [_with_plain_descriptions(each) for each in value]
    if not isinstance(value, dict):
        return value
    return {
        key: plain(each) if key == "description" and isinstance(each, str) else _with_plain_descriptions(each)
        for key, each in value.items()
    }


def _with_parts(value: Any) -> Any:
    if isinstance(value, list):
        return [_with_parts(each) for each in value]
    if not isinstance(value, dict):
        return value
    whole: dict[str, Any] = {}
    for key, part in value.items():
        if key == "$part":
            for name in _listed(part):
                whole |= _with_parts(_read(SCHEMA_PARTS / f"{name}.yaml"))
        elif key == "$options":
            whole |= _options(**part)
        else:
            whole[key] = _with_parts(part)
    return whole


def _options(method: str, defaults: dict[str, Any]) -> dict[str, Any]:
    """Schemas of a merge method's options, with defaults for those that have none."""
    found = {}
    for option in find(method).options:
        schema = option.schema()
        default = {"default": defaults[option.name]} if option.name in defaults else {}
        allowed = option.range
        for choice in schema.get("enum", ()):
            allowed = allowed.replace(f"{choice} (", f"`{choice}` (")
        found[option.name] = schema | default | {"description": f"{schema['description']}: {allowed}"}
    return found
