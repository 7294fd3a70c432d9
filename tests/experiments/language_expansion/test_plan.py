"""Plan of the fourth experiment: how many jobs the paper's tables need, what a language changes, and mistakes."""

from collections import Counter

import pytest

from tauspeech.experiments.language_expansion.plan import plan as plan_of
from tauspeech.plan.config import complete
from tauspeech.runtime.errors import UserError
from tests.plan.small import folder

__all__ = ["folder"]

TABLE3 = {"languages": ["de", "fr"], "control": "fr"}
TABLE4 = {"languages": ["de", "zh"], "control": "de"}


@pytest.fixture
def plan(folder):
    def make(table3=TABLE3, table4=TABLE4, **sections):
        config = {"name": "t", "experiment": "language_expansion", "base": "foundation/speech-llm"}
        expansions = {"table3": table3, "table4": table4}
        return plan_of(complete(config | {"expansions": expansions} | sections, "c.yaml"), folder / "results/t")

    return make


def test_both_tables_and_the_synthesis_need_so_many_models(plan):
    counts = Counter(stage for stage, _ in plan().jobs)
    # Three languages, joint trainings for two tables, two translations of texts, and language control for two sets.
    assert counts["finetune"] == 3 + 2 + 2 + 2
    # Merges of the paper, those of Tables 3 and 4 with free weights as well.
    assert counts["search"] == counts["merge"] == 4 + 4 + 4 + 2 * 4
    by_lora = plan(training={"trainable": "lora"}).jobs
    linear = {id for stage, id in by_lora if stage == "merge"} - {id for stage, id in plan().jobs if stage == "merge"}
    assert linear == {"table3--linear-adapters", "table4--linear-adapters"}
    higher = {"de--st": {"training": {"lora": {"rank": 4}}}}  # factors of other ranks cannot be summed
    of_ranks = {id for stage, id in plan(training={"trainable": "lora"}, overrides=higher).jobs if stage == "merge"}
    assert not of_ranks & linear
    assert Counter(stage for stage, _ in plan(merging={"free": False}).jobs)["search"] == 4 + 4 + 4
    assert (counts["units"], counts["speech"], counts["table"]) == (3, 3, 4)
    assert Counter(stage for stage, _ in plan(table4=None, synthesised=False).jobs)["finetune"] == 4


def test_language_control_asks_for_the_languages_of_its_table(plan):
    jobs = plan(added="zh").jobs
    tasks = {name: jobs["finetune", f"{name}--control"].settings["tasks"] for name in ("table3", "table4")}
    targets = {
        name: {set: [task["target"] for task in each] for set, each in found.items()} for name, found in tasks.items()
    }
    assert targets == {"table3": {"fr": ["de", "fr"]}, "table4": {"de": ["de", "zh"]}}


def test_a_third_language_is_one_more_vector_with_nothing_trained_or_chosen_again(plan):
    before, after = plan().jobs, plan(added="zh").jobs
    new = {key for key in after.keys() - before.keys() if key[0] not in ("decode", "score", "table")}
    assert new == {("merge", f"table3--{name}-lc-added") for name in ("addition", "ties")}
    for _, name in new:
        merge = after["merge", name]
        assert {each.id for each in merge.inputs["vectors"]} == {"de--st", "fr--st", "zh--st", "table3--control"}
        (search,) = merge.inputs["searches"]
        assert search.key == before["search", name.removesuffix("-added")].key


def test_the_weights_of_two_languages_are_equal_and_those_of_an_analogy_free(plan):
    jobs = plan(merging={"grid": [0.5, 1.0], "free_grid": [0.5, 1.0], "control_grid": [0.3, 0.9, 1.5]}).jobs

    def candidates(name):
        return [point["weights"] for point in jobs["search", name].settings["candidates"]]

    assert candidates("table3--addition") == [{"both": 0.5}, {"both": 1.0}]
    assert len(candidates("table3--ties-free-lc")) == 4 and {"first": 0.5, "second": 1.0} in candidates(
        "table3--ties-free-lc"
    )
    assert len(candidates("table3--ties-lc")) == 6 and len(candidates("table3--analogy-lc")) == 12
    assert {"first": 0.5, "second": 1.0, "lc": 1.5} in candidates("table3--synthesised-lc")
    sets = {
        name: [each.id for each in jobs["search", name].inputs["sets"]] for name in ("table3--analogy", "table3--ties")
    }
    assert sets == {"table3--analogy": ["fr"], "table3--ties": ["de", "fr"]}


def test_a_change_of_one_language_concerns_its_own_chain_and_what_contains_it(plan):
    before, after = (plan(overrides=each).specs() for each in ({}, {"zh--st": {"training": {"epochs": 9}}}))
    changed = {path.removeprefix("plan/").removesuffix(".json") for path in before if before[path] != after[path]}
    assert {"finetune/zh--st", "vector/zh--st", "search/table4--ties-lc", "table/table4"} <= changed
    parts = {part for name in changed for part in name.partition("/")[2].split("--")}
    assert not parts & {"de", "fr", "de-fr", "table3", "table5"}


def test_tables_of_each_seed_are_kept(plan):
    jobs = plan(repetitions=3).jobs
    assert not [id for _, id in jobs if "--seed2--seed2" in id]
    found = {id for stage, id in jobs if stage == "table"}
    names = {"table3", "table4", "table5", "confusion"}
    over_all = {f"{name}--seeds" for name in names - {"confusion"}}
    assert found == names | {f"{name}--seed{seed}" for name in names for seed in (2, 3)} | over_all


def test_examples_have_each_model_once(plan):
    systems = plan(added="zh").jobs["report", "report"].settings["systems"]["de.translate"]
    folders = [folder for _, folder in systems]
    assert len(folders) == len(set(folders)) and ["A2 de alone", "de--st"] in systems
    assert not any("free" in name for name, _ in systems)


def test_no_batch_waits_for_itself(plan):
    jobs = plan().jobs
    for (stage, _), job in jobs.items():
        if job.batch:
            ancestors, queue = set(), list(job.parents)
            while queue:
                parent = queue.pop()
                if (parent.stage, parent.id) not in ancestors:
                    ancestors.add((parent.stage, parent.id))
                    queue += parent.parents
            same = {key for key in ancestors if key[0] == stage and jobs[key].batch_name == job.batch_name}
            assert not same


def test_claims_have_the_papers_differences(plan):
    claims = {each["id"]: each for each in plan().jobs["claims", "claims"].settings["claims"]}
    found = {
        name: claims[name]["paper"]
        for name in ("table3_lc_de", "table3_lc_fr", "table4_lc_de", "table4_best_zh", "table5_loss_fr", "table5_cost_de",
                     "table3_lc_confused_de", "table3_lc_confused_fr", "table4_confused_zh")
    }  # fmt: skip
    assert found == {
        "table3_lc_de": 3.77, "table3_lc_fr": 0.27, "table4_lc_de": -0.12, "table4_best_zh": 4.92, "table5_loss_fr": 0.0,
        "table5_cost_de": 8.2, "table3_lc_confused_de": 17.16, "table3_lc_confused_fr": 4.28, "table4_confused_zh": None,
    }  # fmt: skip


def test_a_base_of_another_family_is_refused_and_one_of_the_hub_is_not(plan, folder):
    (folder / "base").mkdir()
    (folder / "base" / "config.json").write_text('{"model_type": "whisper"}', encoding="utf-8")
    with pytest.raises(
        UserError,
        match="'whisper', which is trained to transcribe and to translate, and this run is to control_language",
    ):
        plan(base="base")
    assert plan(base="Qwen/Qwen2-Audio-7B-Instruct").jobs


@pytest.mark.parametrize(
    ("sections", "message"),
    [
        ({"table3": None, "table4": None}, r"key 'expansions': give the languages of a table"),
        ({"table3": TABLE3 | {"languages": ["en", "fr"]}}, r"expansions\.table3\.languages': 'en' is what is spoken"),
        ({"table3": TABLE3 | {"control": "zh"}}, r"expansions\.table3\.control' is 'zh'"),
        ({"added": "fr"}, r"key 'added' is 'fr': give a third language for the two of expansions\.table3"),
        ({"overrides": {"de--sr": {}}}, r"overrides\.de--sr': there is no such training: .*de--st"),
        ({"base": "foundation/english-tiny"}, "the shipped foundation/english-tiny was trained on en"),
        ({"base": "foundation/english-tiny", "retrain_foundation": True}, r"languages\.target' is .*, and a foundation of the size english-tiny has one"),
    ],
)  # fmt: skip
def test_mistakes_are_one_sentence(plan, sections, message):
    with pytest.raises(UserError, match=message):
        plan(**sections)
