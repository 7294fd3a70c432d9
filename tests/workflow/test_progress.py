"""Messages of a run: while it goes on, at its end, and when it fails."""

import json
import re

import pytest

from tauspeech.runtime.stages import PLAN_INDEX, STAGES
from tests.workflow.project import Project
from tests.workflow.test_run import rows

pytestmark = pytest.mark.workflow


def test_the_summary_of_a_whole_run_counts_every_job_of_the_plan(finished: Project) -> None:
    jobs = json.loads(finished.result(PLAN_INDEX).read_text(encoding="utf-8"))["jobs"]
    planned = {stage.script.removesuffix(".py"): 0 for stage in STAGES.values()}
    for stage, _ in jobs:
        planned[STAGES[stage].script.removesuffix(".py")] += 1
    summary = rows(finished.result("summary.tsv"))
    assert {row["stage"]: int(row["ran"]) for row in summary} == {
        rule: count for rule, count in planned.items() if count
    }
    assert {(row["up_to_date"], row["pending"]) for row in summary} == {("0", "0")}
    (finetune,) = [row for row in summary if row["stage"] == "finetune"]
    assert 0 < float(finetune["mean"]) <= float(finetune["longest"]) < float(finetune["seconds"])


def test_the_summary_has_the_memory_of_a_job(project: Project) -> None:
    """Of a real process: the memory of a forked one is not counted as that of its job."""
    project.result("figures/weights.svg").unlink()
    project.run("results/tiny/figures/weights.svg", real=True)
    (figure,) = [row for row in rows(project.result("summary.tsv")) if row["stage"] == "draw_figure"]
    assert (figure["ran"], figure["up_to_date"]) == ("1", "2")
    assert float(figure["peak_mb"]) > 50


def test_a_run_that_failed_says_which_job_and_why_and_is_summed_up(project: Project) -> None:
    path = project.result("scores/berlin-wall--ta.tsv")
    path.write_text(path.read_text(encoding="utf-8").replace("\t0.", "\t9.", 1), encoding="utf-8")
    for table in ("table1", "table2"):
        project.result(f"tables/{table}.tsv").unlink()
    done = project.snakemake("--cores", "1")
    assert done.returncode != 0
    assert "Traceback" not in done.stdout and "CalledProcessError" not in done.stdout
    log = "results/tiny/logs/table/table2.log"
    assert f"make_table table2 failed.\n  {log}:\n    Error in table 'table2': " in done.stdout
    assert re.search(r"^The run stopped after .* Jobs: 1 ran, \d+ up to date, 1 pending\.", done.stdout, re.MULTILINE)
    (tables,) = [row for row in rows(project.result("summary.tsv")) if row["stage"] == "make_table"]
    assert (tables["ran"], tables["pending"]) == ("1", "1")
    assert float(tables["seconds"]) > 0


def test_a_run_is_told_in_few_lines_and_more_is_to_be_had(project: Project) -> None:
    project.result("tables/table1.tsv").unlink()
    target = "results/tiny/tables/table1.tsv"
    few = project.run(target)
    assert re.search(r"^1 of 1 jobs, .* so far: make_table 1/1, ", few, re.MULTILINE)
    assert "rule make_table" not in few and "Select jobs" not in few
    project.result("tables/table1.tsv").unlink()
    assert "rule make_table" in project.run("--verbose", target)


def test_a_run_with_nothing_to_do_says_so_and_keeps_the_summary(project: Project) -> None:
    before = project.result("summary.tsv").read_bytes()
    assert "Nothing to be done" in project.run()
    assert project.result("summary.tsv").read_bytes() == before


def test_a_summary_that_cannot_be_kept_is_shown_all_the_same(project: Project) -> None:
    project.result("tables/table1.tsv").unlink()
    project.result("summary.tsv").unlink()
    project.result("summary.tsv").mkdir()
    told = project.run()
    assert re.search(r"^The run finished after .* Jobs: [1-9] ran, ", told, re.MULTILINE)
    assert "summary.tsv was not written: " in told and "Traceback" not in told
