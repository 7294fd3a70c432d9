"""Roles of inputs: a rule names every role in which a job of its stage has inputs."""

import re

import pytest
import yaml

from tauspeech.plan.config import complete
from tauspeech.plan.index import PlanIndex, _plan_of
from tauspeech.plan.jobs import Plan, PlannedJob
from tauspeech.runtime.paths import ROOT
from tauspeech.runtime.stages import PRIMARY_OUTPUT, STAGES
from tests.plan.small import with_corpus

RULES = {path.name: path.read_text(encoding="utf-8") for path in sorted((ROOT / "rules").glob("*.smk"))}
CALL = re.compile(r"\b(receipts_of|alone)\(\s*((?:\"\w+\",?\s*)+)")


def calls(function):
    """Stage and roles of each call in the rules."""
    for text in RULES.values():
        for name, arguments in CALL.findall(text):
            if name == function:
                stage, *roles = re.findall(r'"(\w+)"', arguments)
                yield stage, set(roles)


@pytest.fixture(
    params=[
        "config.yaml",
        "lors.yaml",
        "rare_words_neural.yaml",
        "paper/lors.yaml",
        "foundation.yaml",
        "foundation_speech_llm.yaml",
    ]
)
def planned(request, tmp_path, monkeypatch):
    monkeypatch.chdir(ROOT)  # the words are named from there
    config = yaml.safe_load((ROOT / "config" / request.param).read_text(encoding="utf-8"))
    if config["experiment"] != "foundation":
        config |= {"retrain_foundation": True, "speech": config.get("speech", {}) | {"retrain_voice": True}}
    return _plan_of(with_corpus(complete(config, request.param), tmp_path), tmp_path)


def roles_in(plan, stage):
    return {
        role for (found, _), job in plan.jobs.items() if found == stage for role, jobs in job.inputs.items() if jobs
    }


@pytest.mark.parametrize("function", ["receipts_of", "alone"])
def test_rules_name_every_role_of_the_specifications(planned, function):
    named = dict(calls(function))
    for stage in {stage for stage, _ in planned.jobs}:
        roles = roles_in(planned, stage)
        if function == "receipts_of" or (STAGES[stage].batched and stage in PRIMARY_OUTPUT):
            assert roles <= named.get(stage, set()), stage


def test_a_stage_has_the_same_roles_in_all_its_rules():
    for stage, roles in calls("alone"):
        assert roles == dict(calls("receipts_of"))[stage], stage
    assert len(list(calls("receipts_of"))) == len(dict(calls("receipts_of")))


def test_rules_name_no_role_or_stage_that_is_unknown():
    """Roles of a merge that plans can hold include references and searches."""
    assert {stage for stage, _ in calls("receipts_of")} <= set(STAGES)
    known = {"base", "ft", "hypotheses", "model", "raw", "references", "rarity", "scores", "searches", "sets", "speech"}
    known |= {"table", "tables", "figures", "claims", "text", "tts", "vectors", "voice", "voice_samples", "finetuned"}
    known |= {"converted", "extractor", "merged"}
    assert {role for _, roles in calls("receipts_of") for role in roles} <= known


def index_of(*jobs):
    plan = Plan(jobs)
    frozen = {"jobs": [list(place) for place in plan.jobs], "batches": {}, "gpus": {}, "threads": {}}
    return PlanIndex("r", frozen | {"text_source": "template"}, lambda stage, id: plan.jobs[stage, id].spec)


def test_a_rule_that_does_not_name_a_role_is_an_error():
    text, base = PlannedJob("text", "a", {}), PlannedJob("base", "base", {})
    index = index_of(PlannedJob("speech", "a", {}, {"text": text, "base": base, "tts": None}))
    expected = ["r/models/base/receipt.json", "r/text/a.receipt.json"]
    assert index.inputs_of("speech", "a", ("text", "base", "tts")) == expected
    assert index.inputs_of_one("speech", "a", ("text", "base")) == expected
    with pytest.raises(ValueError, match="the rule of stage speech does not name its input base"):
        index.inputs_of("speech", "a", ("text",))
    with pytest.raises(ValueError, match="the rule of stage speech does not name its input text"):
        index.inputs_of_one("speech", "a", ("base",))
