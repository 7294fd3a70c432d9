"""The tables of keys in config/README.md, from the schemas of the experiments and from the parts that they share.

A table stands between ``<!-- keys: OWNER SECTION ... -->`` and ``<!-- end of keys -->``. OWNER is an experiment or a
shared part. Without a section, the table has the owner's keys that no other table has.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from itertools import takewhile
from typing import Any

import yaml

from tauspeech.plan.config import experiments, marked_part, marked_schema_of, parts_of

COLUMNS = ("key", "default", "meaning")
_TABLE = re.compile(r"(<!-- keys: ([\w ./]+?) -->\n).*?(<!-- end of keys -->)", re.DOTALL)


@dataclass(frozen=True)
class Key:
    """A row of a table."""

    name: str  # dotted; NAME stands for a name that a user chooses
    default: str
    meaning: str  # Markdown


def page_with_tables(page: str) -> str:
    """The page with every table between its markers; SystemExit if a key has no table, or has two."""
    owners = _keys_by_owner()
    wanted = [match[2].split() for match in _TABLE.finditer(page)]
    if unknown := sorted({owner for owner, *_ in wanted} - set(owners)):
        raise SystemExit(f"config/README.md has a table of keys of '{unknown[0]}', and there are {', '.join(owners)}.")
    shown: dict[str, list[str]] = {owner: [] for owner in owners}

    def table(match: re.Match[str]) -> str:
        owner, *sections = match[2].split()
        elsewhere = [section for other, *named in wanted if other == owner for section in named]
        rows = [
            key
            for key in owners[owner]
            if (_is_within(key.name, sections) if sections else not _is_within(key.name, elsewhere))
        ]
        shown[owner] += [key.name for key in rows]
        return f"{match[1]}{_table(rows)}{match[3]}"

    filled = _TABLE.sub(table, page)
    for owner, keys in owners.items():
        for key in keys:
            if (count := shown[owner].count(key.name)) != 1:
                raise SystemExit(
                    f"config/README.md has '{key.name}' of {owner} in {count} tables: put it into one, between the lines "
                    f"<!-- keys: {owner} {key.name.rpartition('.')[0]} --> and <!-- end of keys -->."
                )
    return filled


def _keys_by_owner() -> dict[str, list[Key]]:
    """Keys of each experiment, without those of parts that several share, and keys of each such part."""
    shared: dict[str, str] = {}
    for prefix, part in (found for name in experiments() for found in parts_of(name)):
        shared[part] = _common_end(shared.get(part, prefix), prefix)
    found = {part: list(keys_of(marked_part(part), prefix)) for part, prefix in shared.items()}
    for name in experiments():
        included = {f"{prefix}{key}" for prefix, part in parts_of(name) for key in marked_part(part)["properties"]}
        found[name] = list(keys_of(marked_schema_of(name), "", frozenset(included)))
    return found


def _common_end(first: str, second: str) -> str:
    """The dotted sections in which two prefixes end, such as ``channel.`` of ``speech.channel.`` and ``recorded.channel.``."""
    pairs = zip(reversed(first.split(".")), reversed(second.split(".")), strict=False)
    return ".".join(reversed([one for one, _ in takewhile(lambda pair: pair[0] == pair[1], pairs)]))


def keys_of(schema: dict[str, Any], prefix: str = "", left_out: frozenset[str] = frozenset()) -> Iterator[Key]:
    """Every key that holds a value, the required ones of a section first."""
    required = schema.get("required", ())
    for name in sorted(schema["properties"], key=lambda name: name not in required):
        key, part = f"{prefix}{name}", schema["properties"][name]
        inner = part.get("additionalProperties")
        if key in left_out:
            continue
        if part.get("x-one-row"):
            yield _key(key, part, name in required)
        elif "properties" in part:
            yield from keys_of(part, f"{key}.", left_out)
        elif isinstance(inner, dict) and "properties" in inner:
            yield from keys_of(inner, f"{key}.NAME.", left_out)
        else:
            yield _key(key, part, name in required)


def _key(name: str, schema: dict[str, Any], required: bool) -> Key:
    default = "required" if required else f"`{_in_yaml(schema['default'])}`" if "default" in schema else "none"
    return Key(name, default, f"{schema['description'].rstrip('.')}.".replace("|", "\\|"))


def _in_yaml(value: Any) -> str:
    """A value as one would write it into a configuration, on one line."""
    if isinstance(value, dict):
        return f"{{{', '.join(f'{key}: {_in_yaml(each)}' for key, each in value.items())}}}"
    if isinstance(value, list):
        return f"[{', '.join(map(_in_yaml, value))}]"
    if isinstance(value, float):  # PyYAML would write 1.0e-05
        return f"{Decimal(repr(value)):f}"
    return str(yaml.safe_dump(value, width=1000).splitlines()[0])


def _is_within(key: str, sections: list[str]) -> bool:
    return any(key == section or key.startswith(f"{section}.") for section in sections)


def _table(keys: list[Key]) -> str:
    rows = [COLUMNS, ("---",) * len(COLUMNS), *((f"`{key.name}`", key.default, key.meaning) for key in keys)]
    return "".join(f"| {' | '.join(row)} |\n" for row in rows).replace("| --- | --- | --- |", "|---|---|---|")
