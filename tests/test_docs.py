"""The guide against the project: keys and defaults, links, commands."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[1]
REFERENCE = ROOT / "config" / "README.md"
SCHEMAS = sorted((ROOT / "workflow" / "schemas").glob("*.schema.yaml"))
PAGES = [page for page in (ROOT / "README.md", REFERENCE, *sorted((ROOT / "docs").glob("*.md"))) if page.is_file()]

FENCED = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)
INDENTED = re.compile(r"^ {4,}\S.*$", re.MULTILINE)
SPAN = re.compile(r"`([^`\n]+)`")
LINK = re.compile(r"!?\[[^\]]*\]\(([^()\s]+)\)")
SHARED_ROW = re.compile(r"^\| `([A-Za-z0-9_.]+)` \| (.+?) \| ", re.MULTILINE)
KEY_ROW = re.compile(r"^\| `([a-z_.]+)` \| (.+?) \| ", re.MULTILINE)


def keys(schema: dict[str, Any], prefix: str = "") -> Iterator[tuple[str, dict[str, Any], bool]]:
    """Every key that holds a value, dotted; its schema; and whether it must be given."""
    for name, part in schema["properties"].items():
        if name == "$part":
            continue
        if "properties" in part:
            yield from keys(part, f"{prefix}{name}.")
        else:
            yield prefix + name, part, name in schema.get("required", ())


def section(text: str, experiment: str) -> str:
    """The part of the reference that lists the keys of an experiment."""
    title = f"## Keys of the experiment `{experiment}`\n"
    assert title in text, f"config/README.md has no heading {title.strip()!r}"
    return text.partition(title)[2].partition("\n## ")[0]


def documented(experiment: str) -> dict[str, str]:
    """Key -> its cell of defaults."""
    rows = KEY_ROW.findall(section(REFERENCE.read_text(encoding="utf-8"), experiment))
    assert len(rows) == len(dict(rows)), "a key has two rows"
    return dict(rows)


def without_blocks(page: Path) -> str:
    """A page but for its blocks of code."""
    return INDENTED.sub("", FENCED.sub("", page.read_text(encoding="utf-8")))


def commands(page: Path) -> list[str]:
    """Lines of blocks of code, and code within lines."""
    text = page.read_text(encoding="utf-8")
    blocks = [*FENCED.findall(text), *INDENTED.findall(FENCED.sub("", text))]
    lines = [line.strip().removeprefix("$ ") for block in blocks for line in block.splitlines()]
    return lines + SPAN.findall(without_blocks(page))


def headings(page: Path) -> set[str]:
    """Anchors as GitHub makes them."""
    titles = re.findall(r"^#+ (.+)$", without_blocks(page), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


def name_of(path: Path) -> str:
    return str(path.relative_to(ROOT))


@pytest.fixture(params=SCHEMAS, ids=lambda path: path.name.removesuffix(".schema.yaml"))
def schema(request: pytest.FixtureRequest) -> tuple[str, dict[str, Any]]:
    content = yaml.safe_load(request.param.read_text(encoding="utf-8"))
    return request.param.name.removesuffix(".schema.yaml"), content


def test_every_key_is_documented_and_no_other(schema):
    experiment, content = schema
    assert set(documented(experiment)) == {key for key, _, _ in keys(content)}


def test_the_defaults_are_the_schemas(schema):
    experiment, content = schema
    cells = documented(experiment)
    for key, part, required in keys(content):
        if required:
            assert cells[key] == "required", key
        else:
            written = yaml.safe_load(cells[key].strip("`"))
            assert (type(written), written) == (type(part["default"]), part["default"]), key


def shared_keys(
    part: dict[str, Any], prefix: str, required: list[str] | tuple[str, ...] = ()
) -> Iterator[tuple[str, Any]]:
    """Keys of the parts that schemas share; what a user names is NAME."""
    for name, each in part.items():
        inner = each.get("additionalProperties")
        if "properties" in each and name != "price":
            yield from shared_keys(each["properties"], f"{prefix}{name}.", each.get("required", ()))
        elif isinstance(inner, dict) and name not in ("prompts", "languages"):
            yield from shared_keys(inner["properties"], f"{prefix}{name}.NAME.", inner.get("required", ()))
        else:
            assert each["description"], name
            yield prefix + name, "required" if name in required else each.get("default", "none")


@pytest.mark.parametrize(("part", "title"), [("sentence_models", "write"), ("voice_models", "speak")])
def test_shared_keys_and_their_defaults_are_documented(part, title):
    content = yaml.safe_load((ROOT / "workflow/schemas/parts" / f"{part}.yaml").read_text(encoding="utf-8"))
    text = REFERENCE.read_text(encoding="utf-8").partition(f"## Models that {title}\n")[2].partition("\n## ")[0]
    rows = {key: yaml.safe_load(cell.strip("`")) for key, cell in SHARED_ROW.findall(text)}
    assert rows == dict(shared_keys(content, "text." if part == "sentence_models" else "speech."))


def test_every_choice_is_named(schema):
    experiment, content = schema
    text = section(REFERENCE.read_text(encoding="utf-8"), experiment)
    rows = {match[1]: line for line in text.splitlines() if (match := KEY_ROW.match(line + " "))}
    for key, part, _ in keys(content):
        for choice in part.get("enum", []):
            assert f"`{yaml.safe_dump(choice).splitlines()[0]}`" in rows[key], f"{key}: {choice}"


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_relative_links_lead_somewhere(page):
    for link in LINK.findall(without_blocks(page)):
        if re.match(r"[a-z]+:", link):
            continue
        file, _, anchor = link.partition("#")
        target = (page.parent / file).resolve() if file else page
        assert target.exists(), f"{name_of(page)} links to {link}"
        assert target.is_relative_to(ROOT), f"{name_of(page)} links out of the project: {link}"
        if anchor and target.suffix == ".md":
            assert anchor in headings(target), f"{name_of(page)} links to {link}"


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_make_targets_exist(page):
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    calls = [command.partition("#")[0].split() for command in commands(page) if command.startswith("make ")]
    named = {word for call in calls for word in call[1:] if "=" not in word}
    assert named <= targets, f"{name_of(page)} names {sorted(named - targets)}"
