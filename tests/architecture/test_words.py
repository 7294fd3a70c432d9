"""Names follow the field's words: words that were replaced by them are not used again, and a class name means one class."""

import ast
import re
from collections import defaultdict

import pytest
import yaml

from tauspeech.runtime.stages import PLAN_INDEX, PRIMARY_OUTPUT, RUNTIME_SETTINGS, STAGES, TTS_CACHE
from tests.architecture.source import PROJECT, SCRIPTS, docstrings, shown, tree_of

# By the word that replaces them. Only names are tested, since most of these words have other uses in a sentence.
REPLACED = {
    "task, training set": "lesson lessons asked asking taught course courses",
    "hypothesis, decode, Decoder": "heard hear hears hearing ears listen listens listener listening",
    "synthesis, tts": "voiced said say says saying speak speaks speaking",
    "voice_samples": "showing",
    "search, pruning curve": "retained",
    "runtime settings, result settings, TransientError": "operation operations lasting passing",
    "render, report, import, load": "told settle settles",
    "MergeSpec": "mixture mixtures",
    "tied, kind, batch, validation score": "twin twins way together judge judges judged",
    "a name that says it": "ledger tabs",
}
REPLACEMENT = {word: better for better, words in REPLACED.items() for word in words.split()}
# Whole names. Early stopping has a patience, of which training.patience is the key; an engine has a failure budget.
NAMES = {"Kept", "KEPT", "Patience", "PATIENCE", "patience", "Task"}
MODULES = {"server", "tabs", "work", "kinds", "ledger"}

SOURCES = sorted(path for folder in ("workflow", "tools", "bench") for path in (PROJECT / folder).rglob("*.py"))
RULES = [PROJECT / "Snakefile", PROJECT / "workflow" / "Snakefile", *sorted((PROJECT / "rules").glob("*.smk"))]
SCHEMAS = sorted([*SCRIPTS.rglob("*schema.yaml"), *(PROJECT / "workflow" / "schemas").rglob("*.yaml")])
NAME_LIKE = re.compile(r"[\w./{}*-]+")  # a key, an id or a path, but no sentence


def words_of(name: str) -> list[str]:
    """Words of a name in snake case or camel case, in lower case."""
    return [word.lower() for word in re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+", name)]


def replaced(name: str) -> str | None:
    """The words to use in place of one in the name; None if there is none to replace."""
    return next((REPLACEMENT[word] for word in words_of(name) if word in REPLACEMENT), None)


def identifiers(tree):
    """Identifiers of a file with their lines: of variables, attributes, arguments, functions, classes and modules."""
    for node in ast.walk(tree):
        for key in ("id", "attr", "arg", "name", "asname"):
            if isinstance(name := getattr(node, key, None), str):
                yield name, getattr(node, "lineno", 0)


def short_texts(tree):
    """Keys, ids and paths of a file with their lines; options of other programs are left out."""
    skipped = docstrings(tree)
    for node in ast.walk(tree):
        text = node.value if isinstance(node, ast.Constant) and id(node) not in skipped else None
        if isinstance(text, str) and NAME_LIKE.fullmatch(text) and not text.startswith("--"):
            yield text, node.lineno


@pytest.mark.parametrize("name", ["HearingTest", "said_folder", "voiced/{id}", "taughtWords", "Listener"])
def test_words_are_found_inside_names(name):
    assert replaced(name)


@pytest.mark.parametrize("name", ["espeak", "essay", "always", "twinkle", "prejudge", "aside"])
def test_parts_of_longer_words_are_not_found(name):
    assert replaced(name) is None


def test_names_and_keys_in_code_are_the_fields():
    found = []
    for path in SOURCES:
        tree = tree_of(path)
        found += [
            f"{shown(path)}:{line}: {name} -> {replaced(name) or 'another name'}"
            for name, line in [*identifiers(tree), *short_texts(tree)]
            if replaced(name)
        ]
        found += [f"{shown(path)}:{line}: {name}" for name, line in identifiers(tree) if name in NAMES]
    assert not found


def test_files_and_folders_of_code_have_names_that_say_it():
    found = [shown(path) for path in SOURCES if replaced(path.stem) or path.stem in MODULES]
    found += [shown(path) for path in SCRIPTS.rglob("progress") if path.is_dir()]
    found += [shown(path) for path in SCRIPTS.glob("tauspeech/speech/voices.py")]
    assert not found


def test_stages_and_result_folders_are_named_in_the_fields_words():
    paths = [stage.receipt for stage in STAGES.values()] + [stage.script for stage in STAGES.values()]
    paths += [*STAGES, *PRIMARY_OUTPUT.values(), PLAN_INDEX, RUNTIME_SETTINGS, TTS_CACHE]
    for file in RULES:
        text = file.read_text(encoding="utf-8")
        paths += re.findall(r"\{RESULTS\}/([\w/{}.-]+)", text)
        paths += re.findall(r"^rule (\w+):", text, re.MULTILINE) + re.findall(r"^def (\w+)\(", text, re.MULTILINE)
    assert len(paths) > 100
    assert not [path for path in paths if replaced(path)]


def test_keys_of_configurations_are_named_in_the_fields_words():
    keys = {key for schema in SCHEMAS for key in _properties(yaml.safe_load(schema.read_text(encoding="utf-8")))}
    assert len(keys) > 50
    assert not [key for key in keys if replaced(key)]


def _properties(schema):
    """Names of all properties in a schema, or in a part of one."""
    if isinstance(schema, list):
        for each in schema:
            yield from _properties(each)
    elif isinstance(schema, dict):
        for key, each in schema.items():
            if key == "properties" and isinstance(each, dict):
                yield from each
            yield from _properties(each)


def test_no_two_classes_have_the_same_name():
    places = defaultdict(list)
    for path in sorted(SCRIPTS.rglob("*.py")):
        for node in ast.walk(tree_of(path)):
            if isinstance(node, ast.ClassDef):
                places[node.name].append(f"{shown(path)}:{node.lineno}")
    assert not {name: found for name, found in places.items() if len(found) > 1}
