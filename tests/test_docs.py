"""The documentation compared with the project: keys, defaults and meanings, links, commands."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tauspeech.plan.config import experiments, schema_of
from tauspeech.runtime.paths import SCHEMA_PARTS

ROOT = Path(__file__).resolve().parents[1]
REFERENCE = ROOT / "config" / "README.md"
PAGES = [page for page in (ROOT / "README.md", REFERENCE, *sorted((ROOT / "docs").glob("*.md"))) if page.is_file()]

SHARED = {"sentence_models": "text", "voice_models": "speech"}  # the section of a configuration that includes each part

FENCED = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)
INDENTED = re.compile(r"^ {4,}\S.*$", re.MULTILINE)
SPAN = re.compile(r"`([^`\n]+)`")
LINK = re.compile(r"!?\[[^\]]*\]\(([^()\s]+)\)")
ROW = re.compile(r"^\| `([A-Za-z0-9_.]+)` \| (.+?) \| (.+) \|$", re.MULTILINE)


def shared_part(name: str) -> dict[str, Any]:
    """Keys that the schemas of several experiments include."""
    content: dict[str, Any] = yaml.safe_load((SCHEMA_PARTS / f"{name}.yaml").read_text(encoding="utf-8"))
    return content


def keys(schema: dict[str, Any], prefix: str = "") -> Iterator[tuple[str, dict[str, Any], bool]]:
    """Every key that holds a value, dotted, with its schema and True if it is required; without the shared parts."""
    for name, part in schema["properties"].items():
        if prefix + name in INCLUDED:
            continue
        if "properties" in part:
            yield from keys(part, f"{prefix}{name}.")
        else:
            yield prefix + name, part, name in schema.get("required", ())


INCLUDED = {f"{section}.{key}" for part, section in SHARED.items() for key in shared_part(part)}


def section(text: str, experiment: str) -> str:
    """The part of config/README.md that lists the keys of an experiment."""
    title = f"## Keys of the experiment `{experiment}`\n"
    assert title in text, f"config/README.md has no heading {title.strip()!r}"
    return text.partition(title)[2].partition("\n## ")[0]


def rows_of(text: str) -> dict[str, tuple[str, str]]:
    """Key -> its cells of defaults and meanings."""
    rows = ROW.findall(text)
    found = {key: (default, meaning) for key, default, meaning in rows}
    assert len(rows) == len(found), "a key has two rows"
    return found


def documented(experiment: str) -> dict[str, tuple[str, str]]:
    return rows_of(section(REFERENCE.read_text(encoding="utf-8"), experiment))


def plain(meaning: str) -> str:
    """A cell without links, marks of code and final period, to compare it with a description of a schema."""
    return re.sub(r"\[([^\]]*)\]\([^()]*\)", r"\1", meaning).replace("`", "").replace("\\|", "|").rstrip(".")


def without_blocks(page: Path) -> str:
    """A page without its blocks of code."""
    return INDENTED.sub("", FENCED.sub("", page.read_text(encoding="utf-8")))


def commands(page: Path) -> list[str]:
    """Lines of blocks of code, and inline code."""
    text = page.read_text(encoding="utf-8")
    blocks = [*FENCED.findall(text), *INDENTED.findall(FENCED.sub("", text))]
    lines = [line.strip().removeprefix("$ ") for block in blocks for line in block.splitlines()]
    return lines + SPAN.findall(without_blocks(page))


def headings(page: Path) -> set[str]:
    """Anchors of headings, as GitHub derives them."""
    titles = re.findall(r"^#+ (.+)$", without_blocks(page), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


def name_of(path: Path) -> str:
    return str(path.relative_to(ROOT))


@pytest.fixture(params=experiments())
def schema(request: pytest.FixtureRequest) -> tuple[str, dict[str, Any]]:
    return request.param, schema_of(request.param)


def test_every_key_is_documented_and_no_other(schema):
    experiment, content = schema
    assert set(documented(experiment)) == {key for key, _, _ in keys(content)}


def test_defaults_equal_those_of_the_schemas(schema):
    experiment, content = schema
    cells = documented(experiment)
    for key, part, required in keys(content):
        default, _ = cells[key]
        if required:
            assert default == "required", key
        else:
            written = yaml.safe_load(default.strip("`"))
            assert (type(written), written) == (type(part["default"]), part["default"]), key


def test_meanings_equal_the_descriptions_of_the_schemas(schema):
    experiment, content = schema
    found = {key: plain(meaning) for key, (_, meaning) in documented(experiment).items()}
    assert found == {key: part["description"].rstrip(".") for key, part, _ in keys(content)}


def shared_keys(
    part: dict[str, Any], prefix: str, required: list[str] | tuple[str, ...] = ()
) -> Iterator[tuple[str, Any, str]]:
    """Keys, defaults and descriptions of the parts that schemas share; NAME stands for a name that a user chooses."""
    for name, each in part.items():
        inner = each.get("additionalProperties")
        if "properties" in each and name != "price":
            yield from shared_keys(each["properties"], f"{prefix}{name}.", each.get("required", ()))
        elif isinstance(inner, dict) and name not in ("prompts", "languages"):
            yield from shared_keys(inner["properties"], f"{prefix}{name}.NAME.", inner.get("required", ()))
        else:
            default = "required" if name in required else each.get("default", "none")
            yield prefix + name, default, each["description"].rstrip(".")


@pytest.mark.parametrize(("part", "title"), [("sentence_models", "Sentence models"), ("voice_models", "Voice models")])
def test_shared_keys_are_documented_with_their_defaults_and_descriptions(part, title):
    text = REFERENCE.read_text(encoding="utf-8").partition(f"## {title}\n")[2].partition("\n## ")[0]
    rows = [
        (key, yaml.safe_load(default.strip("`")), plain(meaning)) for key, (default, meaning) in rows_of(text).items()
    ]
    assert sorted(rows, key=str) == sorted(shared_keys(shared_part(part), f"{SHARED[part]}."), key=str)


def test_every_choice_is_named(schema):
    experiment, content = schema
    rows = documented(experiment)
    for key, part, _ in keys(content):
        for choice in part.get("enum", []):
            assert f"`{yaml.safe_dump(choice).splitlines()[0]}`" in rows[key][1], f"{key}: {choice}"


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_relative_links_lead_somewhere(page):
    for link in LINK.findall(without_blocks(page)):
        if re.match(r"[a-z]+:", link):
            continue
        file, _, anchor = link.partition("#")
        target = (page.parent / file).resolve() if file else page
        assert target.exists(), f"{name_of(page)} links to {link}"
        assert target.is_relative_to(ROOT), f"{name_of(page)} links outside the project: {link}"
        if anchor and target.suffix == ".md":
            assert anchor in headings(target), f"{name_of(page)} links to {link}"


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_make_targets_exist(page):
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    calls = [command.partition("#")[0].split() for command in commands(page) if command.startswith("make ")]
    named = {word for call in calls for word in call[1:] if "=" not in word}
    assert named <= targets, f"{name_of(page)} names {sorted(named - targets)}"
