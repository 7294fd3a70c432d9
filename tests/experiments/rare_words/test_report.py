"""Captions of the report: which reading of the paper's weights a table or figure follows, and how FT was trained."""

import pandas as pd
import pytest

from tauspeech.experiments.rare_words.report import described_figures, described_tables, examples, facts

TABLES = {
    name: pd.DataFrame() for name in ("table1", "table2", "table3", "fig2", "fig2_normalised", "rarity", "overlap")
}


@pytest.fixture
def reported(plan):
    """The sections of the configuration that the report gets."""
    return lambda **sections: plan(**sections).jobs["report", "report"].settings["config"]


@pytest.fixture
def captions(reported):
    """Captions of tables and figures, by name."""

    def make(**sections):
        config = reported(**sections)
        described = described_tables(TABLES, config)
        described += described_figures(dict.fromkeys(("fig2", "fig2_normalised", "weights"), "<svg/>"), config)
        found: dict[str, str] = {}
        for each in described:
            found[each.name] = f"{found.get(each.name, '')} {each.caption}"
        return found

    return make


def test_each_figure_2_says_which_reading_of_the_paper_it_follows(captions):
    found = captions()
    assert found["fig2"].count("Weights are chosen on validation, after the paper's section 4.2") == 2
    assert found["fig2_normalised"].count("Each of K vectors has the weight 1/max(2, K)") == 2
    assert "TA is Average at these weights: one model, in two columns." in found["fig2_normalised"]
    assert "TA is Average at these weights: one model, one line." in found["fig2_normalised"]


@pytest.mark.parametrize(
    ("weight", "sentence"),
    [
        ("validation", "Where it is 1/2, TA is Average."),
        ("normalised", "Weight: 1/2 for a single vector. TA is Average: one model, in two columns."),
        (0.5, "Weight: 0.5. TA is Average: one model, in two columns."),
        (1.0, "Weight: 1. TA is FT: one model, in two columns."),
    ],
)
def test_tables_2_and_3_say_which_systems_are_one_model(captions, weight, sentence):
    found = captions(merging={"weight": weight})
    assert sentence in found["table2"] and sentence in found["table3"]


@pytest.mark.parametrize("merging", [{"weight": 0.7}, {"weight": "normalised", "methods": ["ties"]}])
def test_tables_in_which_they_differ_say_no_such_thing(captions, merging):
    assert "TA is Average" not in captions(merging=merging)["table2"]


def test_figure_2_without_ta_says_nothing_about_it(captions):
    found = captions(merging={"methods": ["ties"]})
    assert "TA is" not in found["fig2"] + found["fig2_normalised"]


def test_figure_2_says_how_long_its_fine_tune_was_trained(captions):
    unlimited = captions()["fig2"]
    assert unlimited.count("trained on all words for as many epochs as on one.") == 2
    limited = captions(composition={"joint_steps": 2})
    for name in ("fig2", "fig2_normalised"):
        assert limited[name].count("at most 2 times the steps of one (composition.joint_steps)") == 2


def test_the_facts_name_the_weight_and_the_decoding(reported):
    table1 = pd.DataFrame([{"word": "Avignon", "train": 1, "validation": 1, "test": 1}])
    found = facts(reported(merging={"weight": "normalised"}), {"table1": table1})
    assert ("Weight in Tables 2 and 3", "1/2 for a single vector") in found
    assert ("Decoding", "greedy, without timestamps") in found


def test_where_a_run_was_decoded_is_not_reported(reported):
    assert "gpus" not in reported()["decoding"] and "gpus" not in reported()["training"]


def test_an_example_has_the_word_as_the_scores_normalise_it(reported):
    settings = {
        "config": reported(task="translate", scoring={"normaliser": "whisper"}),
        "words": {"colour": {"zh": ["颜色"], "en": ["Colour"]}},
        "systems": {"colour": [("TA", "ta")]},
    }
    row = {"utterance": "u1", "zh": "颜色", "en": "The colour", "audio": {"bytes": b""}}
    (example,) = examples({"colour": [row]}, {("ta", "translate"): {"u1": "the color purple"}}, settings)
    assert [output.hit for output in example.outputs] == [True]


def test_the_facts_name_the_systems_in_place_of_a_vector(reported):
    table1 = pd.DataFrame([{"word": "Avignon", "train": 1, "validation": 1, "test": 1}])
    names = [name for name, _ in facts(reported(), {"table1": table1})]
    assert "In place of a vector" not in names
    baselines = {"systems": ["bias"], "distractors": 0, "strengths": [2], "tolerance": 0, "lora_learning_rate": None}
    found = dict(facts(reported() | {"baselines": baselines}, {"table1": table1}))
    assert found["In place of a vector"] == "Bias; 0 distractors; strength: the best of 2 on validation"


@pytest.mark.parametrize(("script", "marked"), [("as_is", False), ("simplified", True)])
def test_an_example_has_the_word_where_the_scores_have_it(reported, script, marked):
    settings = {
        "config": reported(task="transcribe", scoring={"chinese": {"script": script}}),
        "words": {"wall": {"zh": ["柏林墙"], "en": ["Berlin Wall"]}},
        "systems": {"wall": [("TA", "ta")]},
    }
    row = {"utterance": "u1", "zh": "柏林墙很长", "en": "The Berlin Wall is long", "audio": {"bytes": b""}}
    (example,) = examples({"wall": [row]}, {("ta", "transcribe"): {"u1": "柏林牆很長"}}, settings)
    assert [output.hit for output in example.outputs] == [marked]
