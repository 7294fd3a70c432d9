"""Configurations, as Snakemake is given them."""

import datetime
import math
from typing import Any

import pytest
import yaml

from tests.bad_inputs.judge import Case, refused
from tests.bad_inputs.world import CONFIG, World


def given(name: str, says: str | tuple[str, ...], /, **sections: Any) -> Case:
    says = (says,) if isinstance(says, str) else says
    return Case(name, lambda world: world.configure(**sections), says)


def served(**changes: Any) -> dict[str, Any]:
    return {"text": {"source": "openai", "openai": {"url": "http://127.0.0.1:9/v1", "model": "m"} | changes}}


def without(key: str) -> Case:
    rest = {other: value for other, value in CONFIG.items() if other != key}
    return Case(
        f"without {key}",
        lambda world: world.write("config.yaml", yaml.safe_dump(rest)),
        (f"key '{key}'",),
    )


LORS = {"experiment": "lors", "name": "t", "base": "base", "groups": {"high": {"languages": ["ca", "de"], "hours": {}}}}


def lors(name: str, says: tuple[str, ...], **sections: Any) -> Case:
    return Case(name, lambda world: world.write("config.yaml", yaml.safe_dump(LORS | sections)), says)


CASES = [
    *map(without, ("words", "base", "experiment")),
    given("an unknown section", "key 'trainig' is unknown: did you mean 'training'?", trainig={}),
    given("an unknown key deep inside", "'merging.ties.keeep' is unknown", merging={"ties": {"keeep": 1}}),
    given("a key that is a number", "key '1' is unknown", **{"training": {"epochs": 1}, "1": 2}),
    given(
        "text for a number",
        "key 'training.learning_rate': '2e-4' is text in YAML: write 2.0e-04",
        training={"learning_rate": "2e-4"},
    ),
    given("no number at all", "a value is neither text nor number", training={"learning_rate": math.nan}),
    given("infinity", "a value is neither text nor number", training={"learning_rate": math.inf}),
    given("a date", "put dates into quotes", seed=datetime.date(2024, 1, 1)),
    given("an experiment that there is not", "key 'experiment' is 'sing': give one of", experiment="sing"),
    given("a list for a section", "key 'training': ['a'] is not of type 'object'", training=["a"]),
    given("a huge value", ("key 'task'", "..."), task="x" * 10_000),
    given("a name of 10,000 letters", ("key 'name'", "is too long"), name="a" * 10_000),
    given("a name that leads away", "key 'name': '../up'", name="../up"),
    given("a name with a line break", "key 'name'", name="t\n"),
    given("a name that a shell would run", "key 'name'", name="t$(touch ran)"),
    given("a language that is a path", "key 'languages.source'", languages={"source": "../", "target": "en"}),
    given("a voice that a shell would run", "key 'speech.voices.zh.0'", speech={"voices": {"zh": ["cmn;touch ran"]}}),
    given("a voice with a line break", "key 'speech.voices.zh.0'", speech={"voices": {"zh": ["cmn\n"]}}),
    given("a voice of a model that is not described", "coqui/none", speech={"voices": {"zh": ["coqui/none"]}}),
    given("a subset that is a path", "../x", composition={"subsets": {"../x": ["berlin-wall"]}}),
    given("settings of a word that there is not", "'overrides.wall'", overrides={"wall": {"training": {"epochs": 2}}}),
    given(
        "a foundation that there is not", "key 'base': there is no foundation of size 'huge'", base="foundation/huge"
    ),
    given("a folder without a model", "key 'base': the folder ./nothing is not a model folder", base="./nothing"),
    given("a table of words that there is not", "none.tsv (key 'words') does not exist", words="none.tsv"),
    given("a folder as the table of words", "base (key 'words') does not exist", words="base"),
    given("a model that writes and is not described", "text.openai", text={"source": "openai"}),
    given(
        "a key in place of its variable's name", "key 'text.openai.key_variable'", **served(key_variable="sk-1234-56")
    ),
    given("a key in an address", "text.openai.url", **served(url="http://127.0.0.1:9/v1?key=sk-123456789")),
    given("a password in an address", "text.openai.url", **served(url="http://me:secret@127.0.0.1:9/v1")),
    lors("a group that is a path", ("../g",), groups={"../g": {"languages": ["ca", "de"], "hours": {}}}),
    lors("one language twice", ("key 'groups.high.languages'",), groups={"high": {"languages": ["ca", "ca"]}}),
    lors(
        "a language that no grammar speaks",
        ("no template grammar for xx and en", "text.own"),
        groups={"high": {"languages": ["ca", "xx"]}},
    ),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_a_bad_configuration_is_refused(world: World, case: Case) -> None:
    case.harm(world)
    sentence = refused(world, lambda: world.snakemake("--dry-run"), "Error: ", case.says)
    assert "config.yaml" in sentence or "words" in sentence or "text.own" in sentence
    assert not {path.name for path in world.project.glob("results/*")} - {"t"}


def test_a_secret_in_an_address_is_written_nowhere(world: World) -> None:
    world.configure(**served(url="http://127.0.0.1:9/v1?key=sk-planted-987"))
    world.snakemake("--dry-run")
    files = (file for file in world.project.rglob("*") if file.is_file())
    assert [file.name for file in files if b"sk-planted-987" in file.read_bytes()] == ["config.yaml"]
