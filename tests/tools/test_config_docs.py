"""Files generated from the experiments' schemas: the tables of keys in config/README.md, and schemas for editors."""

import json
import re
from pathlib import Path

import pytest
import yaml
from jsonschema import Draft7Validator
from tools.editor_schemas import editor_schema

from tauspeech.plan.config import experiments, marked_schema_of, schema_of
from tools import config_docs, key_tables

CONFIG = Path(config_docs.ROOT) / "config"
SHIPPED = sorted([*CONFIG.glob("*.yaml"), *CONFIG.glob("*/*.yaml")])
HEADER = re.compile(r"# yaml-language-server: \$schema=(\S+)\n")


def tables(*owners):
    return "".join(f"<!-- keys: {owner} -->\nold\n<!-- end of keys -->\n" for owner in owners)


SHARED = ("sentence_models", "sentence_limits", "voice_models", "channel", "trainable", "optimiser", "own_finetunes")
EVERY = tables(*experiments(), *SHARED, "retention", "word_tests", "decoding", "scoring")


@pytest.mark.parametrize(
    "row",
    [
        "| `words` | required | Path of the [table of rare words](#the-table-of-words). |",
        "| `training.learning_rate` | `0.00001` | Peak learning rate, after warm-up. |",
        "| `speech.rate` | `[220, 270]` | Speaking rate of espeak-ng",
        "| `merging.ties.scope` | `global` | Set of entries that are trimmed together: `global` (the whole vector)",
        "| `text.openai.price` | `null` | Price of a million tokens, such as `{input: 0.15, output: 0.6}`",
        "| `speech.models.http.NAME.url` | required | Base URL",
        "| `retention.NAME.language` | required | Code of the spoken language",
        "| `groups.low.hours.train` | `1` | Hours of training speech",
        "| `overrides` | `{}` | [Settings of single words]",
    ],
)
def test_a_key_has_its_default_and_its_description(row):
    assert f"\n{row}" in key_tables.page_with_tables(EVERY)


def test_required_keys_come_first_and_shared_keys_stand_once():
    page = key_tables.page_with_tables(EVERY)
    rare_words = page.partition("<!-- keys: rare_words -->")[2].partition("<!-- end")[0]
    assert re.findall(r"^\| `(\w+)", rare_words, re.MULTILINE)[:4] == ["name", "experiment", "words", "base"]
    assert page.count("| `speech.longest` |") == 1
    assert "| `speech.longest` |" not in rare_words


def test_text_between_the_tables_stays():
    page = f"# Keys\n{EVERY}\nThe `end`.\n"
    filled = key_tables.page_with_tables(page)
    assert filled.startswith("# Keys\n<!-- keys: ")
    assert filled.endswith("<!-- end of keys -->\n\nThe `end`.\n")
    assert key_tables.page_with_tables(filled) == filled


def test_a_section_with_a_table_of_its_own_is_not_in_the_other():
    filled = key_tables.page_with_tables(EVERY + tables("foundation training"))
    before, after = filled.split("<!-- keys: foundation training -->")
    of_foundation = before.partition("<!-- keys: foundation -->")[2].partition("<!-- end")[0]
    assert "`training.threads`" in after
    assert "`training.threads`" not in of_foundation
    assert "`languages.source`" in of_foundation


@pytest.mark.parametrize(
    ("page", "message"),
    [
        (EVERY.replace("foundation", "foundation text"), "'name' of foundation in 0 tables: put it into one"),
        (EVERY + tables("lors groups", "lors groups.low"), "'groups.low.[a-z.]*' of lors in 2 tables"),
        (EVERY + tables("lore"), "a table of keys of 'lore', and there are .*lors"),
    ],
)
def test_a_key_without_a_table_or_with_two_is_named(page, message):
    with pytest.raises(SystemExit, match=message):
        key_tables.page_with_tables(page)


def test_the_check_names_what_is_out_of_date_and_what_to_run(tmp_path, monkeypatch):
    page, schemas = tmp_path / "README.md", tmp_path / "schemas"
    page.write_text(EVERY, encoding="utf-8")
    for name, value in (("ROOT", tmp_path), ("PAGE", page), ("SCHEMAS", schemas)):
        monkeypatch.setattr(config_docs, name, value)
    monkeypatch.setattr("sys.argv", ["config_docs.py", "--check"])
    with pytest.raises(SystemExit, match=r"schemas/lors\.json, .*README\.md: out of date .*; run `make docs`\."):
        config_docs.main()
    assert page.read_text(encoding="utf-8") == EVERY
    monkeypatch.setattr("sys.argv", ["config_docs.py"])
    config_docs.main()
    (schemas / "gone.json").write_text("{}", encoding="utf-8")
    assert list(config_docs.differing()) == [schemas / "gone.json"]
    config_docs.main()
    assert not config_docs.differing()


def choices(schema):
    """Dotted keys with a fixed choice of values, each with its values and its description."""
    for name, part in schema.get("properties", {}).items():
        if part.get("enum"):
            yield name, part["enum"], part["description"]
        yield from ((f"{name}.{inner}", *rest) for inner, *rest in choices(part))


@pytest.mark.parametrize("experiment", experiments())
def test_every_choice_is_named(experiment):
    for key, values, description in choices(marked_schema_of(experiment)):
        for value in values:
            assert f"`{yaml.safe_dump(value).splitlines()[0]}`" in description, f"{key}: {value}"


@pytest.mark.parametrize("experiment", experiments())
def test_descriptions_in_messages_are_plain(experiment):
    assert not re.search(r"`|\]\(", json.dumps(schema_of(experiment)))


# Editors


def errors(experiment, config):
    """Messages of plain jsonschema, by key."""
    schema = json.loads(editor_schema(experiment))
    Draft7Validator.check_schema(schema)
    found = Draft7Validator(schema).iter_errors(config)
    return {".".join(map(str, error.absolute_path)): error.message for error in found}


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: str(path.relative_to(CONFIG)))
def test_a_shipped_configuration_is_valid_for_the_schema_that_it_names(path):
    text = path.read_text(encoding="utf-8")
    config, header = yaml.safe_load(text), HEADER.match(text)
    assert header, f"{path.name} does not begin with a line for editors"
    assert (path.parent / header[1]).resolve() == CONFIG / "schemas" / f"{config['experiment']}.json"
    assert not errors(config["experiment"], config)


@pytest.mark.parametrize(
    ("changes", "key", "message"),
    [
        ({"trainig": {}}, "", "'trainig' was unexpected"),
        ({"training": {"epoch": 3}}, "training", "'epoch' was unexpected"),
        ({"training": {"epochs": "six"}}, "training.epochs", "'six' is not of type 'number'"),
        ({"merging": {"ties": {"scope": "all"}}}, "merging.ties.scope", "'all' is not one of"),
        ({"merging": {"ties": {"keep": 2}}}, "merging.ties.keep", "greater than the maximum"),
        ({"text": {"openai": {"url": "x"}}}, "text.openai", "'model' is a required property"),
        ({"overrides": {"a": {"speech": {"models": {}, "rat": 1}}}}, "overrides.a.speech", "'rat' was unexpected"),
    ],
)
def test_an_editor_reports_unknown_keys_and_wrong_values(changes, key, message):
    basis = {"name": "t", "experiment": "rare_words", "words": "words.tsv", "base": "foundation/tiny"}
    assert message in errors("rare_words", basis | changes)[key]


def test_an_editor_explains_keys_without_what_it_does_not_know():
    schema = json.loads(editor_schema("rare_words"))
    assert schema["properties"]["words"]["description"] == "Path of the table of rare words."
    assert schema["properties"]["task"]["markdownDescription"].endswith("`translate` or `transcribe`.")
    assert not re.search(r"\$part|\$options|x-one-row|\"partial\"", json.dumps(schema))
