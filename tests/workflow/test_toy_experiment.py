"""A new experiment is one folder and one configuration: nothing else of the project is changed for it."""

import json
import shutil
from pathlib import Path

import pytest

from tests.workflow.project import ROOT, Project, new_project
from tests.workflow.test_run import rows

pytestmark = pytest.mark.workflow

TOY = Path(__file__).with_name("toy")
FOLDER = "workflow/scripts/tauspeech/experiments/toy"

# The project's Snakefile; each wake-up that Snakemake's scheduler asks for by a timer leaves a line in a file.
COUNTED = """
include: "Snakefile"

from snakemake.scheduling.job_scheduler import JobScheduler

wake_later = JobScheduler._schedule_reevalutation


def counted(scheduler, delay):
    with open("wakes.txt", "a") as file:
        print(delay, file=file)
    wake_later(scheduler, delay)


JobScheduler._schedule_reevalutation = counted
"""


@pytest.fixture(scope="module")
def toy(tmp_path_factory: pytest.TempPathFactory) -> Project:
    project = new_project(tmp_path_factory.mktemp("toy") / "project")
    shutil.copytree(TOY / "experiment", project.path(FOLDER))
    shutil.copy(TOY / "toy.yaml", project.path("config"))
    project = Project(project.folder, "config/toy.yaml")
    project.path("counted.smk").write_text(COUNTED, encoding="utf-8")
    project.run("--snakefile", "counted.smk", "all")
    return project


def test_it_runs_to_its_report(toy: Project) -> None:
    page = toy.result("report.html").read_text(encoding="utf-8")
    assert "A toy" in page and "Table 1. Systems" in page and "A negated vector makes the model worse." in page
    assert "data:audio/flac;base64," in page
    assert [row["system"] for row in rows(toy.result("tables/table1.tsv"))] == ["Base", "Tuned", "Negated"]
    assert len(rows(toy.result("claims.tsv"))) == 1
    assert toy.planned() == set()


def test_snakemake_wakes_when_a_job_has_ended_and_not_by_timers(toy: Project) -> None:
    assert not toy.path("wakes.txt").exists()


def test_its_merge_has_a_negative_weight(toy: Project) -> None:
    import torch
    from safetensors.torch import load_file

    receipt = json.loads(toy.result("merged/negated/merge_receipt.json").read_text(encoding="utf-8"))
    assert [entry["weight"] for entry in receipt["recipe"]["vectors"]] == [-0.5]
    base, tuned, negated = (
        load_file(toy.result(folder, "model.safetensors"))
        for folder in ("models/base", "models/tuned", "merged/negated")
    )
    assert any(not torch.equal(tuned[name], base[name]) for name in base)
    for name in base:
        torch.testing.assert_close(negated[name], base[name] - 0.5 * (tuned[name] - base[name]), rtol=1e-5, atol=1e-7)


def test_no_other_file_was_changed(toy: Project) -> None:
    """All files but the experiment's are the project's, to the byte; configurations of tests and words are data."""
    for part in ("Snakefile", "rules", "workflow", "profiles", "envs", "tools"):
        files = [file for file in [toy.path(part), *toy.path(part).rglob("*")] if file.is_file()]
        for file in files:
            name = file.relative_to(toy.folder)
            if "__pycache__" not in name.parts and not name.is_relative_to(FOLDER):
                assert file.read_bytes() == (ROOT / name).read_bytes(), name


def test_an_edit_of_its_plan_or_report_reaches_its_jobs_alone(toy: Project, tmp_path: Path) -> None:
    copy = toy.copied_to(tmp_path / "project")
    copy.edit(f"{FOLDER}/report.py", '"A toy"', '"Another toy"')
    assert copy.planned() == {"write_report"}
    copy.edit(copy.config, "forget: 0.5", "forget: 0.25")
    assert copy.changed() == {
        *("merge/negated", "decode/negated", "score/negated"),
        *("table/table1", "claims/claims", "report/report"),
    }
