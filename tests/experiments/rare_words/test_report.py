"""Captions of the report: which reading of the paper's weights a table or figure follows, and how FT was trained."""

import pandas as pd
import pytest

from tauspeech.experiments.rare_words.report import described_figures, described_tables, facts
from tauspeech.plan.config import complete

TABLES = {
    name: pd.DataFrame() for name in ("table1", "table2", "table3", "fig2", "fig2_normalised", "rarity", "overlap")
}


@pytest.fixture
def captions(config):
    """Captions of tables and figures, by name."""

    def make(**sections):
        completed = complete(config(**sections), "c.yaml")
        described = described_tables(TABLES, completed)
        described += described_figures(dict.fromkeys(("fig2", "fig2_normalised", "weights"), "<svg/>"), completed)
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
    ],
)
def test_tables_2_and_3_say_that_ta_and_average_are_one_model(captions, weight, sentence):
    found = captions(merging={"weight": weight})
    assert sentence in found["table2"] and sentence in found["table3"]


@pytest.mark.parametrize("merging", [{"weight": 0.7}, {"weight": "normalised", "methods": ["ties"]}])
def test_tables_in_which_they_differ_say_no_such_thing(captions, merging):
    assert "TA is Average" not in captions(merging=merging)["table2"]


def test_figure_2_says_how_long_its_fine_tune_was_trained(captions):
    unlimited = captions()["fig2"]
    assert unlimited.count("trained on all words for as many epochs as on one.") == 2
    limited = captions(composition={"joint_steps": 2})
    for name in ("fig2", "fig2_normalised"):
        assert limited[name].count("at most 2 times the steps of one (composition.joint_steps)") == 2


def test_the_facts_name_the_weight(config):
    table1 = pd.DataFrame([{"word": "Avignon", "train": 1, "validation": 1, "test": 1}])
    completed = complete(config(merging={"weight": "normalised"}), "c.yaml")
    assert ("Weight in Tables 2 and 3", "1/2 for a single vector") in facts(completed, {"table1": table1})
