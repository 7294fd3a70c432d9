"""The profiles speak of rules that exist, and say for each rule that takes long what it needs."""

import re

import pytest
import yaml

from tauspeech.paths import ROOT

RULES = {
    name: body
    for file in (ROOT / "rules").glob("*.smk")
    for name, body in re.findall(r"^rule (\w+):\n((?:    .*\n|\n)*)", file.read_text(encoding="utf-8"), re.MULTILINE)
}


@pytest.fixture(scope="module")
def slurm():
    return yaml.safe_load((ROOT / "profiles/slurm/config.yaml").read_text(encoding="utf-8"))


def test_the_rules_are_found_at_all():
    assert {"make_text", "finetune", "decode", "write_report"} < set(RULES)


def test_it_names_no_rule_that_is_not_there(slurm):
    assert set(slurm["set-resources"]) | set(slurm["groups"]) <= set(RULES)
    assert set(slurm["groups"].values()) == set(slurm["group-components"])


def test_every_rule_that_may_take_a_gpu_has_its_memory_and_time(slurm):
    listening = {name for name, body in RULES.items() if re.search(r"gpu=gpus_of\(\"(training|decoding)\"\),", body)}
    assert {"finetune", "decode", "check_rarity"} <= listening
    assert listening <= set(slurm["set-resources"])


def test_a_training_shares_its_submission_with_nothing(slurm):
    assert not {"finetune", "prepare_base", "train_voice"} & set(slurm["groups"])


def test_retries_ask_for_more(slurm):
    numbers = [value for about in slurm["set-resources"].values() for value in about.values()]
    numbers += [slurm["default-resources"][key] for key in ("mem_mb", "runtime")]
    assert all(str(value).endswith("* attempt") for value in numbers)
    assert slurm["retries"] >= 1


def test_every_stage_that_listens_is_told_how_many_gpus_it_has():
    for name, body in RULES.items():
        if "gpu=" in body:
            assert "on_gpus.py" in body, name
