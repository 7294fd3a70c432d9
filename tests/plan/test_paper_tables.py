"""The papers' tables are complete, and their means follow from their columns."""

import pytest

from tauspeech.plan.paper_tables import paper_table
from tauspeech.runtime.paths import PAPERS

LORS = [1, 2, 4, 7, 8, 9, 10, 11]
ROUNDED = 0.06  # two numbers of one decimal and of two


@pytest.mark.parametrize("number", LORS)
def test_bleu_means_follow_from_the_languages(number: int) -> None:
    """Of WER the paper prints means of up to 0.12 above those of its columns."""
    for system, row in paper_table("lors", f"table{number}").items():
        for metric, near in (("BLEU", ROUNDED), ("WER", 0.15)):
            languages = [value for column, value in row.items() if column.startswith(metric) and "Avg." not in column]
            if languages:
                assert sum(languages) / 5 == pytest.approx(row[f"{metric} Avg."], abs=near), (system, metric)


def test_tables_of_the_same_systems_agree() -> None:
    of_tasks, by_language = paper_table("lors", "table3"), paper_table("lors", "table11")
    assert of_tasks == {
        system: {column: value for column, value in row.items() if "Avg." in column}
        for system, row in by_language.items()
    }


def test_every_table_has_a_row_a_system_without_gaps() -> None:
    for path in PAPERS.rglob("*.tsv"):
        table = paper_table(path.parent.name, path.stem)
        assert len({tuple(row) for row in table.values()}) == 1
        assert len(table) >= {"syn2real": 3, "language_expansion": 2}.get(path.parent.name, 8)


def test_averages_of_syn2real_follow_from_the_domains_but_for_table_2():
    """Its relative gains are of averages; those of Table 2 are not the means of its cells, which the docs name."""
    for name in ("table1", "table3", "table4", "table5"):
        for system, row in paper_table("syn2real", name).items():
            cells = [value for domain, value in row.items() if domain != "Average"]
            if not system.endswith("(%)"):
                assert sum(cells) / len(cells) == pytest.approx(row["Average"], abs=0.02), (name, system)
    table1 = paper_table("syn2real", "table1")
    baseline, merged = (table1[each]["Average"] for each in ("Target Synthetic ASR (Baseline)", "+SYN2REAL"))
    assert 100 * (1 - merged / baseline) == pytest.approx(table1["Relative WER (%)"]["Average"], abs=0.02)
    means = [round(sum(list(row.values())[:4]) / 4, 2) for row in paper_table("syn2real", "table2").values()]
    assert means == pytest.approx([15.17, 12.78, 5.25], abs=0.01)
