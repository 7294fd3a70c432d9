"""The plan of syn2real: which models and vectors each target has, and what its scale is chosen by."""

import re
from collections import Counter

import pytest

from tauspeech.experiments.syn2real.conditions import PSEUDO2REAL, syn2real
from tauspeech.experiments.syn2real.data import DomainSets
from tauspeech.experiments.syn2real.domains import choose_domains, known_domains
from tauspeech.experiments.syn2real.jobs import ENSEMBLE, SINGLE
from tauspeech.experiments.syn2real.systems import Syn2RealSystems
from tauspeech.plan.config import complete
from tauspeech.plan.jobs import PlannedJob, once
from tauspeech.runtime.errors import UserError
from tauspeech.runtime.paths import ROOT
from tests.experiments.syn2real.conftest import BASIS, FOUR, ancestors

PAIRS = {"syn2real": syn2real(), "pseudo2real": PSEUDO2REAL}


@pytest.fixture
def systems(folder):
    def make(**sections):
        config = complete(BASIS | sections, "c.yaml")
        return Syn2RealSystems(config, choose_domains(config, known_domains(config)))

    return make


def other_base(name, **training):
    return {"other_bases": {name: {"base": "foundation/english-test", "training": training}}}


def of_domain(jobs, domain):
    """Sets, sentences and models that have to do with a domain, but those that leave it out."""
    return {
        (stage, id)
        for stage, id in jobs
        if (
            stage in ("text", "speech", "channel", "tts", "pseudo_labels", "finetune", "vector")
            and domain in id.replace("--then-", "--").split("--")[0].split("-") + id.partition("--then-")[2].split("-")
            and not id.startswith("without-")
        )
        or (stage == "finetune" and f"--then-{domain}-" in id)
    }


@pytest.mark.parametrize("pair", PAIRS.values(), ids=PAIRS)
@pytest.mark.parametrize("kind", [SINGLE, ENSEMBLE])
def test_nothing_of_a_target_is_an_ancestor_of_its_scale(systems, pair, kind):
    """Neither a recording nor a sentence of the target, nor a model that has seen one."""
    experiment = systems(domains={"targets": FOUR})
    for target in FOUR:
        found = ancestors(experiment.models().scale_choice(target, pair, kind))
        assert not of_domain(found, target)
        sets = {id for stage, id in found if stage in ("speech", "channel", "pseudo_labels", "text")}
        assert sets and not any(id.split("--")[0] == target for id in sets)
        trained = [job for (stage, _), job in found.items() if stage == "finetune"]
        assert trained
        assert not any(speech.id.startswith(f"{target}--") for job in trained for speech in job.inputs["sets"])


def test_a_scale_stays_as_it_is_when_the_targets_recordings_change(systems, monkeypatch):
    def scales():
        models = systems(domains={"targets": FOUR}).models()
        return {target: models.scale_choice(target, syn2real(), SINGLE).key for target in FOUR}

    before, recorded = scales(), DomainSets.recorded

    @once
    def others(self, domain):
        job = recorded(self, domain)
        return PlannedJob(job.stage, job.id, job.settings | {"changed": True}, job.inputs) if domain == "music" else job

    monkeypatch.setattr(DomainSets, "recorded", others)
    after = scales()
    assert after["music"] == before["music"]
    assert {target for target in FOUR if after[target] != before[target]} == {
        target for target in FOUR if target != "music"
    }, "models of other targets have music as a source"


def test_a_targets_model_is_the_mixed_model_taught_further_at_a_tenth_of_the_rate(systems):
    models = systems(training={"learning_rate": 1e-3}, continuation={"rate": 0.1, "epochs": 3}).models()
    sources = models.domains.sources("music")
    taught = models.target("music", sources, syn2real())
    mixed = taught.inputs["base"]
    assert mixed.id == "without-music--mixed" and mixed.inputs["base"] is models.build.base
    assert [speech.id for speech in taught.inputs["sets"]] == ["music--synthetic"]
    assert (taught.settings["learning_rate"], taught.settings["epochs"]) == (1e-4, 3)
    assert mixed.settings["learning_rate"] == 1e-3
    kinds = Counter(speech.id.partition("--")[2] for speech in mixed.inputs["sets"])
    assert kinds == {"recorded": 17, "synthetic": 17}
    assert not any(speech.id.startswith("music--") for speech in mixed.inputs["sets"])


def test_the_vector_lies_between_two_fine_tunes_and_acts_on_a_third(systems):
    models = systems().models()
    merge = models.merge("music", syn2real(), SINGLE)
    (vector,) = merge.inputs["vectors"]
    assert vector.inputs["finetuned"].id == "without-music--recorded"
    assert vector.inputs["base"].id == "without-music--synthetic"
    assert [job.id for job in merge.inputs["references"]] == ["without-music--synthetic"]
    assert merge.inputs["base"].id == "without-music--mixed--then-music-synthetic"
    assert merge.settings["merge"]["scale"] == {"search": "music--syn2real--scale", "choice": "scale"}


def test_an_ensemble_is_the_mean_of_a_vector_for_each_source(systems):
    models = systems().models()
    merge = models.merge("music", syn2real(), ENSEMBLE)
    assert len(merge.inputs["vectors"]) == 17 and merge.settings["merge"]["method"] == "average"
    assert all(job.inputs["base"].id == f"{job.id.partition('--')[0]}--synthetic" for job in merge.inputs["vectors"])


def test_an_ensemble_of_one_source_is_the_single_vector(systems):
    models = systems().models()
    one, pair = ("alarm",), syn2real()
    assert models.merge_spec(one, pair, ENSEMBLE).settings == models.merge_spec(one, pair, SINGLE).settings


def test_sources_are_held_out_by_hash_for_each_target(systems):
    domains = systems().domains
    held_out = {target: domains.held_out(target) for target in domains.targets}
    assert all(len(found) == 3 and target not in found for target, found in held_out.items())
    assert len(set(held_out.values())) > 9
    assert systems(seed=2).domains.held_out("music") != held_out["music"]


@pytest.mark.parametrize(("sources", "count"), [(3, 1), (4, 2), (5, 3), (6, 3)])
def test_of_few_sources_fewer_are_held_out(systems, sources, count):
    """With the target itself among them, a target has one source less."""
    chosen = ["cooking", "music", "news", "play", "qa", "social"][:sources]
    domains = systems(domains={"sources": chosen, "targets": ["cooking"]}).domains
    assert len(domains.held_out("cooking")) == count


def test_a_fixed_scale_needs_no_held_out_models(systems):
    models = systems(merging={"scale": 0.2}).models()
    merge = models.merge("music", syn2real(), SINGLE)
    assert merge.settings["merge"]["scale"] == 0.2 and merge.inputs["searches"] is None


def test_numbers_of_source_domains_in_figure_6(systems):
    curve = systems(figures={"draws": 2}).models().count_curve("music", syn2real())
    found = Counter(candidate["count"] for candidate in curve.settings["candidates"])
    assert found == dict.fromkeys(range(1, 17, 2), 2) | {17: 1}
    for candidate in curve.settings["candidates"]:
        assert len(set(candidate["vectors"])) == candidate["count"] and "music--syn2real" not in candidate["vectors"]


def test_counts_of_a_plan_of_all_domains_as_targets(plan):
    found = Counter(stage for stage, _ in plan().jobs)
    domains, pairs = 18, len({tuple(sorted((t, h))) for t, h in _pairs(plan)})
    single = 2 * domains  # of each domain, recorded and synthetic
    of_target = 3 + 1 + 2  # mixed, recorded and synthetic sources; joint; continued with synthetic and recorded speech
    held_out = 3 * pairs + len(_pairs(plan))  # models without both; a continuation for each
    assert found["finetune"] == single + of_target * domains + held_out
    assert found["channel"] == found["text"] - 1 == domains  # and the text of the foundation
    assert found["merge"] == 2 * domains


def _pairs(plan):
    choices = [
        job for (stage, id), job in plan().jobs.items() if stage == "search" and id.endswith("--syn2real--scale")
    ]
    return [
        (job.id.partition("--")[0], search.id.partition("--")[0])
        for job in choices
        for search in job.inputs["searches"]
    ]


def test_a_new_source_runs_what_contains_it_and_nothing_else(plan):
    few = {"targets": ["cooking"], "sources": ["alarm", "cooking", "music", "news"]}
    before = plan(domains=few).specs()
    after = plan(domains=few | {"sources": [*few["sources"], "weather"]}).specs()
    kept = {path for path in before if before[path] == after.get(path)}
    for domain in ("alarm", "music", "news"):
        for condition in ("recorded", "synthetic"):
            assert f"plan/finetune/{domain}--{condition}.json" in kept
        assert f"plan/vector/{domain}--syn2real.json" in kept
    assert "plan/base/base.json" in kept and "plan/channel/music--recorded.json" in kept
    assert "plan/finetune/without-cooking--mixed.json" not in kept


def test_other_bases_and_engines_have_names_of_their_own(plan):
    jobs = plan(
        domains={"targets": ["cooking"], "sources": ["alarm", "cooking", "music", "news"]},
        other_bases={"large": {"base": "foundation/english-test", "training": {"epochs": 2}}},
        speech={"engines": {"other": ["en-029"]}},
        tables=["table2", "table4"],
        figures={"drawn": ["fig4"]},
    ).jobs
    assert jobs["finetune", "large--without-cooking--mixed"].settings["epochs"] == 2
    assert jobs["finetune", "large--without-cooking--mixed"].inputs["base"].id == "base--large"
    other = jobs["finetune", "without-cooking--mixed-other"].inputs["sets"]
    assert {speech.id.partition("--")[2] for speech in other} == {"recorded", "synthetic-other"}


def test_targets_that_are_no_sources_have_the_same_numbers_in_figure_6(systems):
    found = systems(
        domains={"targets": ["cooking", "weather"], "sources": ["alarm", "cooking", "music", "news"]}
    ).models()
    numbers = [
        [(each["count"], each["draw"]) for each in found.count_curve(target, syn2real()).settings["candidates"]]
        for target in ("cooking", "weather")
    ]
    assert numbers[0] == numbers[1] == [(1, 1), (1, 2), (1, 3), (3, 1)]


def test_sizes_are_compared_from_the_smallest_whatever_their_order_is(plan):
    others = {name: {"base": f"openai/whisper-{name}"} for name in ("tiny", "large-v3", "base")} | {
        "mine": {"base": "someone/model"}
    }
    jobs = plan(base="openai/whisper-small", other_bases=others, tables=["table2"], domains={"targets": FOUR}).jobs
    statements = [
        each["statement"] for each in jobs["claims", "claims"].settings["claims"] if "gains-more" in each["id"]
    ]
    assert [statement.partition("of ")[2].partition(" by")[0] for statement in statements] == [
        "tiny",
        "base",
        "whisper-small",
    ]
    assert [statement.split(" than that of ")[1].split()[0] for statement in statements] == [
        "base",
        "whisper-small",
        "large-v3",
    ]


def test_no_fine_tune_is_taken_for_a_base_whatever_the_bases_name_is(plan):
    (pattern,) = re.findall(
        r'^BASE = "(.*?)"', (ROOT / "rules" / "models.smk").read_text(encoding="utf-8"), re.MULTILINE
    )
    jobs = plan(
        other_bases={"base": {"base": "foundation/english-test"}}, tables=["table2"], domains={"targets": FOUR}
    ).jobs
    bases = {id for stage, id in jobs if stage == "base"}
    assert bases == {"base", "base--base"} and all(re.fullmatch(pattern, id) for id in bases)
    assert not [id for stage, id in jobs if stage == "finetune" and re.fullmatch(pattern, id)]


@pytest.mark.parametrize(
    ("sections", "words"),
    [
        ({"speech": {"voices": {"en": ["en-us-nyc"]}}}, ("en-us-nyc", "speech.voices", "recorded.voices")),
        ({"speech": {"voices": {"en": ["en-us+m1"]}}}, ("en-us+m1", "the foundation's", "speech.voices")),
        ({"recorded": {"voices": ["en-us"]}, "speech": {"engines": {"mini": ["coqui/mini"]}}}, ("en-us", "coqui/mini")),
        ({"domains": {"targets": ["cookin"]}}, ("domains.targets", "did you mean 'cooking'")),
        ({"domains": {"compared": ["news"], "targets": ["music"]}}, ("domains.compared", "news")),
        ({"domains": {"sources": ["music", "news"], "targets": ["music"]}}, ("music", "fewer than two source domains")),
        ({"language": "de"}, ("de",)),
        ({"tables": ["table3"]}, ("table3", "other_bases")),
        (other_base("large", learning_rte=1), ("other_bases.large.training", "learning_rte", "learning_rate")),
        (other_base("large", epochs="many"), ("other_bases.large.training", "epochs", "many")),
        (other_base("large", trainable="nothing"), ("other_bases.large.training", "trainable")),
        (other_base("english-test"), ("other_bases.english-test", "another name")),
        ({"speech": {"engines": {"espeak": ["en-029"]}}}, ("speech.engines.espeak", "another name")),
        ({"figures": {"drawn": ["fig5"]}}, ("fig5", "speech.engines")),
    ],
    ids=str,
)
def test_mistakes_are_refused_in_one_sentence(plan, sections, words):
    with pytest.raises(UserError) as refused:
        plan(**sections)
    assert all(word in str(refused.value) for word in words), str(refused.value)
    assert "\n" not in str(refused.value)
