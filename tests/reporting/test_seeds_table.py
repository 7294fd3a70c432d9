"""Tables over all seeds: means and standard deviations of the same rows, in files, in Markdown and in the report."""

from statistics import mean, stdev

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import make_table
from tauspeech.plan.jobs import Plan, PlannedJob
from tauspeech.plan.tables import tables_of_seeds
from tauspeech.reporting.cells import grid
from tauspeech.reporting.content import Table
from tauspeech.reporting.seeds_table import over_seeds, with_seeds
from tauspeech.reporting.tables import markdown
from tauspeech.runtime.files import write_text
from tauspeech.runtime.job import Job
from tauspeech.runtime.stages import spec_path

SEEDS = [
    pd.DataFrame({"words": [1, 2], "TA": [90.0, 80.0], "TA_low": [89.0, 79.0], "TA_high": [91.0, 81.0]}),
    pd.DataFrame({"words": [1, 2], "TA": [92.0, 80.0], "TA_low": [91.0, 79.0], "TA_high": [93.0, 81.0]}),
]
NUMBERS = st.lists(st.integers(0, 10_000).map(lambda number: number / 100), min_size=2, max_size=5)


def test_a_row_has_means_and_deviations_without_the_intervals_of_single_seeds():
    found = over_seeds(SEEDS, ("words",))
    assert found.to_dict("records") == [
        {"words": 1, "TA": 91.0, "TA_sd": 1.4142},
        {"words": 2, "TA": 80.0, "TA_sd": 0.0},
    ]
    assert markdown(found).splitlines()[2:] == ["| 1 | 91.00 ± 1.41 |", "| 2 | 80.00 ± 0.00 |"]


@given(NUMBERS)
def test_they_are_those_of_the_standard_library(values):
    frames = [pd.DataFrame({"system": ["Raw"], "BLEU": [value]}) for value in values]
    found = over_seeds(frames, ("system",)).iloc[0]
    assert found["BLEU"] == pytest.approx(mean(values), abs=1e-4)
    assert found["BLEU_sd"] == pytest.approx(stdev(values), abs=1e-4)


def test_rows_are_matched_by_their_names_and_rows_with_the_same_names_by_their_order():
    first = pd.DataFrame({"words": [1, 1, 1], "system": ["TA", "gain", "gain"], "F1": [1.0, 2.0, 3.0]})
    second = pd.DataFrame({"words": [1, 1, 1], "system": ["gain", "gain", "TA"], "F1": [4.0, 5.0, 7.0]})
    found = over_seeds([first, second], ("words", "system"))
    assert found["system"].tolist() == ["TA", "gain", "gain"] and found["F1"].tolist() == [4.0, 3.0, 4.0]


def test_a_number_that_a_seed_lacks_is_left_out_and_so_are_texts():
    frames = [
        pd.DataFrame({"system": ["Bias", "TA"], "precision": [value, 50.0], "place": [1, 2], "note": ["a", "b"]})
        for value in (float("nan"), 40.0, 50.0)
    ]
    found = over_seeds(frames, ("system",))
    assert list(found) == ["system", "precision", "place", "precision_sd", "place_sd"]
    assert markdown(found).splitlines()[2:] == ["| Bias | – | 1.00 ± 0.00 |", "| TA | 50.00 ± 0.00 | 2.00 ± 0.00 |"]


def test_whole_numbers_with_gaps_have_means():
    frames = [
        pd.DataFrame({"system": ["TA", "gain"], "improved": pd.array([None, count], "Int64")}) for count in (1, 2)
    ]
    assert over_seeds(frames, ("system",))["improved"].tolist()[1] == 1.5


def build(job):
    """Module of a table, as the jobs below name it."""
    return pd.DataFrame(
        {"word_id": ["a", "b"], "TA": job.settings["TA"], "TA_low": [0.0, 0.0], "TA_high": [99.0, 99.0]}
    ), None


def test_a_run_of_several_seeds_writes_the_tables_of_each_and_over_all(tmp_path):
    def table(scores):
        return PlannedJob("table", "table2", {"names": ["word_id"], "TA": scores}, {}, modules=(__name__,))

    first, further = table([90.0, 80.0]), {2: {"table2": table([92.0, 80.0])}, 3: {"table2": table([94.0, 83.0])}}
    of_seeds, (over_all,) = tables_of_seeds({"table2": first}, further)
    for path, text in Plan([first, *of_seeds, over_all]).specs().items():
        write_text(tmp_path / path, text)
    for job in (first, *of_seeds, over_all):
        make_table.main(Job(tmp_path / spec_path("table", job.id), 1))
    assert (tmp_path / "tables/table2--seed3.md").read_text(encoding="utf-8").endswith("| b | 83.00 |\n")
    assert (tmp_path / "tables/table2--seeds.tsv").read_text(encoding="utf-8").splitlines() == [
        "word_id\tTA\tTA_sd",
        "a\t92.0\t2.0",
        "b\t81.0\t1.7321",
    ]


def test_the_report_has_the_table_over_all_seeds_behind_that_of_the_first():
    described = [
        Table("fig2", "Figure 2 in numbers", "Caption.", SEEDS[0], "max", ("TA",)),
        Table("rarity", "Rare?", "", SEEDS[1]),
    ]
    first, over_all, other = with_seeds(described, {"fig2": SEEDS[0], "fig2--seeds": over_seeds(SEEDS, ("words",))})
    assert [first, other] == described and over_all.name == "fig2--seeds" and over_all.best_among == ("TA",)
    cells = grid(over_all)
    assert [cell.text for cell in cells.header] == ["words", "TA"]
    assert (cells.rows[0][1].text, cells.rows[0][1].interval) == ("91.00", "± 1.41")
