"""`make run` prints the main table that the plan names."""

import json

import pytest

from tools import show_results


@pytest.fixture
def results(tmp_path):
    for folder in ("plan", "tables"):
        (tmp_path / folder).mkdir()
    (tmp_path / "tables" / "table2.md").write_text("| word | TA |\n", encoding="utf-8")
    (tmp_path / "report.html").write_text("", encoding="utf-8")

    def planned(**content):
        (tmp_path / "plan" / "plan.json").write_text(json.dumps({"jobs": [], **content}), encoding="utf-8")
        return tmp_path

    return planned


def test_the_main_table_and_the_places_of_results_are_printed(results, capsys):
    folder = results(main_table="table2")
    show_results.main(folder)
    assert capsys.readouterr().out == (
        f"\n| word | TA |\n\nTables: {folder / 'tables'}\nReport: {folder / 'report.html'}\n"
    )


def test_of_several_seeds_the_table_over_all_is_printed(results, capsys):
    folder = results(main_table="table2", jobs=[["table", "table2"], ["table", "table2--seeds"]])
    (folder / "tables" / "table2--seeds.md").write_text("| word | TA ± |\n", encoding="utf-8")
    show_results.main(folder)
    assert capsys.readouterr().out.startswith("\n| word | TA ± |\n\nTables: ")


@pytest.mark.parametrize("content", [{}, {"main_table": None}])
def test_an_experiment_without_a_main_table(results, capsys, content):
    folder = results(**content)
    (folder / "report.html").unlink()
    show_results.main(folder)
    assert capsys.readouterr().out == f"\nThis experiment has no main table.\nTables: {folder / 'tables'}\n"


def test_a_missing_main_table_or_plan_is_an_error(results, tmp_path):
    with pytest.raises(SystemExit, match=r"Error: .*table4\.md does not exist: run snakemake again"):
        show_results.main(results(main_table="table4"))
    with pytest.raises(SystemExit, match=r"Error: .* has no plan: run snakemake first"):
        show_results.main(tmp_path / "none")
