"""Learning rates of the experiment lors: which trainings try them, and what the others wait for; and sequential training."""

import pytest
import yaml

from tauspeech.experiments.lors.plan import plan as plan_of
from tauspeech.plan.config import complete
from tauspeech.runtime.errors import UserError
from tauspeech.runtime.paths import ROOT
from tests.experiments.lors.conftest import BASIS, BOTH, HIGH, LOW
from tests.experiments.lors.test_plan import ids, systems, table

RATES = [3e-4, 1e-3]


@pytest.fixture
def plan(folder):
    def make(training=None, languages=HIGH, **sections):
        config = BASIS | {"base": "a/b", "groups": {"high": {"languages": languages}}, "scoring": {"sclite": False}}
        config |= {"figures": {"drawn": []}, "training": {"learning_rate": RATES, "search": "kind"} | (training or {})}
        return plan_of(complete(config | sections, "c.yaml"), folder / "results" / "t")

    return make


def rate(planned, id):
    """The rates that a training tries, or the training whose choice it uses."""
    job = planned.jobs["finetune", id]
    rates = job.settings["learning_rate"]
    if not isinstance(rates, dict):
        assert not job.inputs["searches"]
        return rates
    assert rates == {"search": job.inputs["searches"][0].id, "choice": "learning_rate"}
    return rates["search"]


def trials(planned):
    return {id for id in ids(planned, "finetune") if isinstance(rate(planned, id), list)}


def test_one_training_of_each_kind_tries_the_rates_and_the_others_use_its_choice(plan):
    planned = plan()
    assert trials(planned) == {"ca--asr", "ca--st", "ca--mt", "high--ml--asr", "high--ml--st", "high--mlmt"}
    for language in HIGH[1:]:
        for kind in ("asr", "st", "mt"):
            assert rate(planned, f"{language}--{kind}") == f"ca--{kind}"


def test_each_group_has_kinds_of_its_own(plan):
    planned = plan(groups=BOTH)
    assert rate(planned, f"{LOW[1]}--asr") == f"{LOW[0]}--asr"
    assert {"low--ml--st", "low--mlmt"} < trials(planned)


def test_trainings_on_several_languages_try_rates_on_a_share_of_the_speech(plan):
    planned = plan({"search_share": 0.2})
    assert trials(planned) == {"ca--asr", "ca--st", "ca--mt"} | {
        f"high--{kind}--of20" for kind in ("ml--asr", "ml--st", "mlmt")
    }
    assert planned.jobs["finetune", "high--mlmt--of20"].settings["share"] == 0.2
    assert rate(planned, "high--mlmt") == "high--mlmt--of20"


def test_trainings_for_figures_use_the_rate_of_their_kind(plan):
    planned = plan({"search_share": 0.2}, figures={"drawn": ["fig4"], "shares": [0.2, 0.5, 1]})
    assert rate(planned, "ca--asr--of20") == rate(planned, "de--asr--of50") == "ca--asr"
    assert rate(planned, "high--ml--asr--of20") == RATES  # a training of the figure and the trial are one job
    assert rate(planned, "high--ml--asr--of50") == "high--ml--asr--of20"


def test_by_default_each_training_searches_for_itself(plan):
    planned = plan({"search": "each"})
    assert trials(planned) == {id for id in ids(planned, "finetune") if "--sequential--" not in id}
    assert rate(planned, "high--sequential--asr--de") == "de--asr"  # the rate of the single training


def test_without_a_list_nothing_is_searched_and_there_is_no_table(plan):
    planned = plan({"learning_rate": 1e-5})
    assert {rate(planned, id) for id in ids(planned, "finetune")} == {1e-5}
    assert "rates" not in ids(planned, "table")


def test_a_training_with_rates_of_its_own_neither_uses_nor_makes_the_choice_of_its_kind(plan):
    overrides = {
        "ca--asr": {"training": {"learning_rate": 1e-6}},
        "de--st": {"training": {"learning_rate": [1e-6, 1e-5]}},
    }
    planned = plan(overrides=overrides)
    assert rate(planned, "ca--asr") == 1e-6
    assert rate(planned, "de--asr") == RATES and rate(planned, "it--asr") == "de--asr"
    assert rate(planned, "de--st") == [1e-6, 1e-5] and rate(planned, "it--st") == "ca--st"
    labels = table(planned, "rates")["labels"]
    assert (labels["high--asr"], labels["high--st"], labels["de--st"]) == ("de--asr", "ca--st", "de--st")


def test_a_users_own_fine_tune_makes_no_choice(plan, mine):
    planned = plan(models={"ca--asr": mine})
    assert "own" in planned.jobs["finetune", "ca--asr"].settings
    assert rate(planned, "de--asr") == RATES and rate(planned, "es--asr") == "de--asr"


@pytest.fixture
def mine(folder):
    """A folder that looks like a fine-tune of the user's."""
    (folder / "mine").mkdir()
    for name in ("config.json", "model.safetensors"):
        (folder / "mine" / name).write_text("{}")
    return str(folder / "mine")


def test_a_kind_of_own_fine_tunes_has_nobody_to_search_for_the_others(plan, mine):
    """Trainings on a part of the speech, for the figures, then try the rates themselves."""
    planned = plan(models={"high--ml--asr": mine}, figures={"drawn": ["fig4"], "shares": [0.2, 1]})
    assert rate(planned, "high--ml--asr--of20") == RATES and rate(planned, "de--asr--of20") == "ca--asr"
    every = {f"{language}--asr": mine for language in HIGH}
    planned = plan(models=every, figures={"drawn": ["fig5"], "shares": [0.2, 1]}, sequential=["asr"])
    assert rate(planned, "de--asr--of20") == rate(planned, "high--sequential--asr--de") == RATES


def test_a_step_in_sequence_uses_the_rate_of_its_kind_where_the_single_training_is_the_users(plan, mine):
    planned = plan(models={"de--asr": mine}, sequential=["asr"])
    assert rate(planned, "high--sequential--asr--de") == rate(planned, "high--sequential--asr--es") == "ca--asr"
    planned = plan({"search": "each"}, models={"de--asr": mine}, sequential=["asr"])
    assert rate(planned, "high--sequential--asr--de") == RATES


def test_a_trial_that_is_the_users_is_not_asked(plan, mine):
    """A fine-tune of the user's has no list of rates that were tried."""
    planned = plan({"search_share": 0.2}, models={"high--mlmt--of20": mine}, figures={"drawn": []})
    assert rate(planned, "high--mlmt") == RATES


def test_a_list_of_one_rate_is_that_rate(plan):
    planned = plan({"learning_rate": [1e-5], "search_share": 0.2})
    assert {str(rate(planned, id)) for id in ids(planned, "finetune")} == {"[1e-05]"}
    assert not any(id.endswith("--of20") for id in ids(planned, "finetune")) and "rates" not in ids(planned, "table")


def test_who_searches_may_be_set_for_single_trainings(plan):
    overrides = {
        "de--asr": {"training": {"search": "each"}},
        "high--mlmt": {"training": {"search_share": 0.2}},
    }
    planned = plan(overrides=overrides)
    assert rate(planned, "de--asr") == RATES and rate(planned, "es--asr") == "ca--asr"
    assert rate(planned, "high--mlmt") == "high--mlmt--of20" and rate(planned, "high--ml--asr") == RATES
    assert table(planned, "rates")["labels"]["de--asr"] == "de--asr"


def test_shares_that_would_have_the_same_name_are_refused(plan):
    figures = {"drawn": ["fig4"], "shares": [0.2, 1]}
    with pytest.raises(UserError, match=r"key 'training\.search_share': 0\.204 is not in whole percent: give 0\.2"):
        plan({"search_share": 0.204}, figures=figures)
    assert rate(plan({"search_share": 0.29}), "high--mlmt") == "high--mlmt--of29"


def test_a_new_language_searches_again_only_where_it_takes_part(plan):
    before, after = plan({"search_share": 0.2}, HIGH[:4]), plan({"search_share": 0.2})
    same = {id for stage, id in before.jobs if stage == "finetune" and _key(before, id) == _key(after, id)}
    assert ids(before, "finetune") - same == {
        f"high--{kind}{size}" for kind in ("ml--asr", "ml--st", "mlmt") for size in ("", "--of20")
    }


def _key(planned, id):
    return planned.jobs["finetune", id].key


def test_who_searches_is_no_setting_of_a_training(plan):
    fixed = plan({"learning_rate": 1e-5})
    for changes in ({"search": "each"}, {"search_share": 0.5}):
        other = plan({"learning_rate": 1e-5} | changes)
        assert {id: _key(fixed, id) for id in ids(fixed, "finetune")} == {
            id: _key(other, id) for id in ids(other, "finetune")
        }


@pytest.mark.parametrize(
    ("name", "groups"), [("lors.yaml", ["ca", "high"]), ("lors_full.yaml", ["ca", "high", "id", "low"])]
)
def test_the_bundled_configurations_try_two_rates_once_for_each_kind(name, groups, folder):
    config = yaml.safe_load((ROOT / "config" / name).read_text(encoding="utf-8"))
    planned = plan_of(complete(config, name), folder / "results" / "t")
    kinds = {f"{each}--{kind}" for each in groups if len(each) == 2 for kind in ("asr", "st", "mt")}
    kinds |= {f"{each}--{kind}--of20" for each in groups if len(each) > 2 for kind in ("ml--asr", "ml--st", "mlmt")}
    assert trials(planned) == kinds
    assert all(len(rate(planned, id)) == 2 for id in kinds)


# Sequential training


def chain(planned, id):
    """Trainings in sequence, the last one first, down to the base."""
    found = [id]
    while (before := planned.jobs["finetune", found[-1]].inputs["base"]).stage == "finetune":
        found.append(before.id)
    return found


def test_trainings_in_sequence_start_from_the_one_before(plan):
    planned = plan(sequential=["asr", "mt", "mlmt"])
    asr = [*(f"high--sequential--asr--{language}" for language in reversed(HIGH[1:])), "ca--asr"]
    assert chain(planned, "high--sequential--asr--it") == asr
    assert chain(planned, "ca--sequential--asr-st--ca") == ["ca--sequential--asr-st--ca", "ca--asr"]
    every = [f"high--sequential--asr-st--{language}" for language in reversed(HIGH)]
    assert chain(planned, every[0]) == every + asr
    step = planned.jobs["finetune", "high--sequential--asr--fr"]
    assert [job.id for job in step.inputs["sets"]] == ["fr"]
    assert rate(planned, "high--sequential--asr--fr") == "ca--asr"


def test_rows_of_sequential_training_are_those_that_are_asked_for(plan):
    planned = plan(sequential=["st", "mt"])
    rows = {name: systems(planned, name).count("Sequential training") for name in ids(planned, "table") & TABLES}
    assert rows == {"table1": 0, "table2": 1, "table3": 1, "table4": 0, "table11": 1}
    cells = {row["names"]["system"]: row["cells"] for row in table(planned, "table3")["rows"]}["Sequential training"]
    assert cells["WER Avg."][1] == ["de--sequential--asr-st--de", "de", "transcribe", "de"]
    assert [found[0] for found in cells["BLEU Avg."]] == [f"{each}--sequential--asr-st--{each}" for each in HIGH]


TABLES = {"table1", "table2", "table3", "table4", "table11"}


def test_a_new_language_leaves_the_sequence_before_it_alone(plan):
    before, after = plan(languages=HIGH[:4]), plan()
    for id in chain(before, "high--sequential--st--fr"):
        assert _key(before, id) == _key(after, id)


# Beams of choices


def test_choices_may_be_made_with_fewer_beams_than_tests(plan):
    planned = plan(decoding={"beams": 20, "choice_beams": 4}, figures={"drawn": ["fig5"], "shares": [1]})
    beams = {
        (stage, id): job.settings["beams"] for (stage, id), job in planned.jobs.items() if stage in ("search", "decode")
    }
    assert beams["search", "high--asr--ta"] == beams["search", "ca--asr--pruning"] == 4
    assert beams["search", "ca--asr--pruning-curve"] == 20  # test scores
    assert {found for (stage, _), found in beams.items() if stage == "decode"} == {20}
    same = plan(decoding={"beams": 20})
    assert same.jobs["search", "high--asr--ta"].settings["beams"] == 20
