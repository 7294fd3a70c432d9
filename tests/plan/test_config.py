"""Configurations: complete, or one sentence about what is wrong."""

from collections import Counter
from importlib import import_module
from pathlib import PurePosixPath

import pytest
import yaml

from tauspeech.plan.config import complete, experiments, schema_of
from tauspeech.runtime.errors import UserError
from tauspeech.runtime.paths import EXPERIMENTS, ROOT
from tauspeech.runtime.stages import receipt_path
from tests.plan.small import with_corpus, with_cosyvoice, with_domains, with_recordings, with_speech_llm

MINIMAL = {"name": "t", "experiment": "rare_words", "words": "words.tsv", "base": "foundation/tiny"}
SHIPPED = sorted((ROOT / "config").rglob("*.yaml"))


def mistake(**changes):
    with pytest.raises(UserError) as caught:
        complete(MINIMAL | changes, "c.yaml")
    message = str(caught.value)
    assert message.startswith("c.yaml: key '")
    assert "\n" not in message
    return message.removeprefix("c.yaml: ")


def leaves(schema):
    """Every key, dotted; its schema; and whether it must be given where the one above it is."""
    for key, part in schema["properties"].items():
        yield key, part, key in schema.get("required", ())
        if "properties" in part:
            yield from ((f"{key}.{inner}", each, required) for inner, each, required in leaves(part))


def test_what_is_left_out_has_its_default():
    result = complete(MINIMAL, "c.yaml")
    assert result["seed"] == 1
    assert result["languages"] == {"source": "zh", "target": "en"}
    assert result["training"]["epochs"] == 5
    assert result["merging"]["ties"] == {"keep": 0.5, "scope": "global"}
    assert result["composition"] == {"counts": None, "subsets": {}, "joint_steps": None}
    assert result["overrides"] == {}


def test_what_is_given_stays_and_the_rest_of_its_section_is_filled_in():
    result = complete(MINIMAL | {"merging": {"ties": {"keep": 0.2}}, "training": {"epochs": 3}}, "c.yaml")
    assert result["merging"]["ties"] == {"keep": 0.2, "scope": "global"}
    assert result["merging"]["weight"] == "validation"
    assert (result["training"]["epochs"], result["training"]["batch"]) == (3, 32)


def test_an_override_is_not_filled_in():
    given = {"a": {"training": {"epochs": 3}}}
    assert complete(MINIMAL | {"overrides": given}, "c.yaml")["overrides"] == given


def test_a_complete_configuration_is_its_own_completion():
    result = complete(MINIMAL, "c.yaml")
    assert complete(result, "c.yaml") == result


def test_the_given_configuration_is_not_touched():
    given = MINIMAL | {"training": {}}
    complete(given, "c.yaml")
    assert given == MINIMAL | {"training": {}}


def test_one_completion_does_not_reach_the_next():
    complete(MINIMAL, "c.yaml")["merging"]["grid"].append(99)
    assert 99 not in complete(MINIMAL, "c.yaml")["merging"]["grid"]


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.name)
def test_every_shipped_configuration_is_valid_and_can_be_planned(path, tmp_path, monkeypatch):
    monkeypatch.chdir(ROOT)  # the words are named from there
    config = complete(yaml.safe_load(path.read_text(encoding="utf-8")), path.name)
    for prepared in (with_corpus, with_cosyvoice, with_recordings, with_domains, with_speech_llm):
        config = prepared(config, tmp_path)
    if "repetitions" in config:
        config["repetitions"] = 2
    plan = import_module(f"tauspeech.experiments.{config['experiment']}.plan").plan(config, tmp_path)
    assert plan.jobs
    require_own_files(plan)


def require_own_files(plan):
    """A receipt lists files below its own folder, and no two jobs may write the same file: with any number of seeds."""
    written = Counter()
    for (stage, id), job in plan.jobs.items():
        if stage == "decode":
            folder = PurePosixPath("hypotheses", job.settings["folder"])
            assert folder.is_relative_to(PurePosixPath(receipt_path(stage, id)).parent), id
            written.update(
                (folder, name, task["kind"]) for name, tasks in job.settings["tasks"].items() for task in tasks
            )
    assert not [file for file, count in written.items() if count > 1]


def test_every_folder_of_an_experiment_has_a_schema():
    folders = {path.parent.name for path in EXPERIMENTS.glob("*/plan.py")}
    assert set(experiments()) == folders >= {"foundation", "lors", "rare_words"}


@pytest.mark.parametrize("experiment", experiments())
def test_every_key_is_described_and_either_required_or_has_a_default(experiment):
    for key, part, required in leaves(schema_of(experiment)):
        assert key == "experiment" or part["description"], key
        assert required or "default" in part, key


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"trainig": {}}, "key 'trainig' is unknown: did you mean 'training'?"),
        ({"training": {"epoch": 3}}, "key 'training.epoch' is unknown: did you mean 'epochs'?"),
        ({"merging": {"ties": {"keeep": 1}}}, "key 'merging.ties.keeep' is unknown: did you mean 'keep'?"),
        ({"merging": {"ties": {"zzz": 1}}}, "key 'merging.ties.zzz' is unknown: known are keep, scope."),
        ({"training": {"epochs": "many"}}, "key 'training.epochs': 'many' is not of type 'number' (it is: Passes"),
        ({"training": {"batch": 1.5}}, "key 'training.batch': 1.5 is not of type 'integer'"),
        ({"training": {"gradient_checkpointing": "yes"}}, "key 'training.gradient_checkpointing': 'yes' is not of"),
        ({"training": [1]}, "key 'training': [1] is not of type 'object'"),
        ({"training": None}, "key 'training': None is not of type 'object'"),
        ({"merging": {"ties": {"keep": 0}}}, "key 'merging.ties.keep': 0 is less than or equal to the minimum of 0"),
        ({"merging": {"ties": {"keep": 1.5}}}, "key 'merging.ties.keep': 1.5 is greater than the maximum of 1"),
        ({"merging": {"methods": ["tis"]}}, "key 'merging.methods.0': 'tis' is not one of ['ta', 'ties', 'dare']"),
        ({"merging": {"weight": "best"}}, "key 'merging.weight': 'best' is not"),
        ({"task": "sing"}, "key 'task': 'sing' is not one of ['translate', 'transcribe']"),
        ({"overrides": {"a": {"trainin": {}}}}, "key 'overrides.a.trainin' is unknown: did you mean 'training'?"),
        ({"overrides": {"a": {"training": {"epochs": 0}}}}, "key 'overrides.a.training.epochs': 0 is less than"),
        ({"overrides": {"a": {"text": {"limits": {}}}}}, "key 'overrides.a.text.limits' is unknown"),
        ({"name": "../up"}, "key 'name': '../up' does not match"),
        ({"speech": {"voices": {"zh": ["a;rm -rf"]}}}, "key 'speech.voices.zh.0': 'a;rm -rf' does not match"),
        (
            {"experiment": "rare_word"},
            "key 'experiment' is 'rare_word': give one of foundation, language_expansion, lors, negative_vectors, rare_words, "
            "syn2real.",
        ),
        ({"experiment": ["rare_words"]}, "key 'experiment' is ['rare_words']: give one of"),
    ],
)
def test_a_mistake_is_one_sentence_with_file_and_key(changes, message):
    assert mistake(**changes).startswith(message)


@pytest.mark.parametrize("key", ["name", "words", "base"])
def test_a_missing_key_is_explained(key):
    with pytest.raises(UserError, match=rf"^c\.yaml: key '{key}' is missing: \S+ \S+"):
        complete({other: value for other, value in MINIMAL.items() if other != key}, "c.yaml")


def test_a_missing_experiment_is_explained():
    with pytest.raises(UserError, match="key 'experiment' is None: give one of"):
        complete({"name": "t"}, "c.yaml")
