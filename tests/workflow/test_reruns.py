"""What runs again after a change, and what does not: the table of docs/how_it_reruns.md, row by row."""

import json
import os
import shutil
from collections.abc import Iterable
from pathlib import Path

import pytest

from tests.workflow.project import Project

pytestmark = pytest.mark.workflow

FINAL = {
    "check_claims",
    "write_report",
    "make_table/table2",
    "make_table/table3",
    "make_table/fig2",
    "make_table/fig2_normalised",
    "draw_figure/fig2",
    "draw_figure/fig2_normalised",
}


def stages(jobs: Iterable[str]) -> set[str]:
    return {job.partition("/")[0] for job in jobs}


def test_nothing_runs_after_a_finished_run(project: Project) -> None:
    assert project.planned() == set()


def test_an_added_word_runs_its_chain_and_what_contains_it(project: Project) -> None:
    before = project.artifacts()
    with project.path("config/words.tsv").open("a", encoding="utf-8") as table:
        table.write("avignon\t阿维尼翁\tAvignon\tlocation\tAvignon\n")
    project.run()
    after = project.artifacts()
    rewritten = {name for name in before if after[name] != before[name]}
    tables = {
        "table1",
        "table2",
        "table2_detail",
        "table3",
        "table3_detail",
        "fig2",
        "fig2_detail",
        "fig2_normalised",
        "fig2_normalised_detail",
        "rarity",
        "overlap",
        "weights",
    }
    stems = {name.partition(".")[0] for name in rewritten}
    figures = {f"figures/{figure}" for figure in ("fig2", "fig2_normalised", "weights")}
    assert stems <= {f"tables/{table}" for table in tables} | figures | {"claims", "report", "intelligibility"}
    new = {name.partition(".")[0] for name in after if name not in before}
    expected = {
        "text/avignon",
        "speech/avignon",
        "vectors/avignon",
        "scores/avignon",
        "scores/raw/avignon",
        "rarity/avignon",
    }
    assert expected | {"models/avignon/model", "models/joint--first3/model", "merged/first3--ties/model"} <= new
    assert all("avignon" in name or "first3" in name for name in new)
    table = project.result("tables/table2.tsv").read_text(encoding="utf-8").splitlines()
    assert [line.partition("\t")[0] for line in table] == [
        "word_id",
        "neuschwanstein",
        "berlin-wall",
        "avignon",
        "General",
    ]
    assert project.planned() == set()


def test_speech_that_the_base_does_not_recognise_stops_before_training_and_costs_no_result(project: Project) -> None:
    before = project.content()
    row = "avignon\t阿维尼翁\tAvignon\tlocation\tAvignon\n"
    with project.path("config/words.tsv").open("a", encoding="utf-8") as table:
        table.write(row)
    project.edit("config/tiny.yaml", "control_least: 0", "control_least: 1")
    done = project.snakemake("--cores", "2")
    assert done.returncode != 0
    assert (
        "Error in intelligibility 'intelligibility': speech that the base does not recognise: avignon (" in done.stdout
    )
    assert not project.result("models/avignon").exists() and not project.result("hypotheses/avignon").exists()
    assert project.result("rarity/avignon.json").is_file() and project.result("speech/avignon.parquet").is_file()
    project.edit("config/words.tsv", row, "")
    project.edit("config/tiny.yaml", "control_least: 1", "control_least: 0")
    jobs = project.planned()
    assert "check_intelligibility" in jobs
    assert stages(jobs) <= {"check_rarity", "check_intelligibility", "make_table", "write_report"}
    project.run()
    after = project.content()
    assert {name: after[name] for name in before} == before


def test_own_sentences_of_a_word_run_its_chain(project: Project) -> None:
    sentences = [line.split("\t") for line in project.result("text/berlin-wall.tsv").read_text("utf-8").splitlines()]
    own = project.path("config/text/berlin-wall.tsv")
    own.parent.mkdir()
    own.write_text("zh\ten\n" + "\n".join("\t".join(row[3:]) for row in sentences[1:35]) + "\n", encoding="utf-8")
    jobs = project.planned()
    assert {
        "make_text/berlin-wall",
        "make_speech/berlin-wall",
        "finetune/berlin-wall",
        "finetune/joint--first2",
    } <= jobs
    assert not any("neuschwanstein" in job or "base" in job or "general" in job for job in jobs)


def test_settings_of_one_word_run_its_chain(project: Project) -> None:
    project.edit("config/tiny.yaml", "decoding:", "overrides: {berlin-wall: {training: {epochs: 3}}}\ndecoding:")
    jobs = project.planned()
    assert {"finetune/berlin-wall", "extract_vector/berlin-wall", "merge_vectors/first2"} <= jobs
    assert not stages(jobs) & {"make_text", "make_speech", "prepare_base", "check_rarity"}
    # The joint fine-tune goes by the common settings.
    assert "finetune/joint--first2" not in jobs
    assert not any("neuschwanstein" in job for job in jobs)


def test_the_pruning_fraction_of_ties_runs_ties_alone(project: Project) -> None:
    project.edit("config/tiny.yaml", "grid: [0.5, 0.8]", "grid: [0.5, 0.8], ties: {keep: 0.4}")
    changed = project.changed()
    merges = {job for job in changed if job.startswith(("search", "merge", "decode", "score"))}
    runs = {f"{subset}--ties" for subset in ("neuschwanstein", "berlin-wall", "first2")}
    runs |= {f"{subset}--ties--normalised" for subset in ("neuschwanstein", "first2")}  # of fig2_normalised
    assert {job.partition("/")[2] for job in merges} == runs
    shown = {f"table/{name}" for name in ("table2", "table3", "fig2", "fig2_normalised", "weights")}
    shown |= {f"figure/{name}" for name in ("fig2", "fig2_normalised", "weights")}
    assert changed - merges <= shown | {"claims/claims", "report/report"}
    before = project.artifacts()
    project.run()
    after = project.artifacts()
    rewritten = {name for name in before if after[name] != before[name]}
    assert {name for name in rewritten if name.startswith(("search", "merged", "hypotheses", "scores"))} <= {
        name for name in before if "--ties" in name
    }
    assert any(name.startswith("scores/first2--ties") for name in rewritten)
    assert project.planned() == set()


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        ("config/tiny.yaml", "learning_rate: 1.0e-3", "learning_rate: 2.0e-3"),
        ("workflow/scripts/tauspeech/training/finetuning.py", "room < -1e-6", "room < -1e-5"),
    ],
)
def test_training_settings_and_code_run_fine_tunes_and_below(project: Project, file: str, old: str, new: str) -> None:
    project.edit(file, old, new)
    changed = project.changed()
    assert "decode/berlin-wall" in changed
    assert not any(job.startswith(("decode/raw", "score/raw")) for job in changed)
    jobs = project.planned()
    assert {
        "finetune/neuschwanstein",
        "finetune/berlin-wall",
        "finetune/joint--first2",
        "extract_vector/berlin-wall",
    } <= jobs
    assert not stages(jobs) & {"make_text", "make_speech", "prepare_base", "check_rarity"}


def test_metric_code_runs_scores_and_tables(project: Project) -> None:
    project.edit("workflow/scripts/tauspeech/scoring/tally.py", "RESAMPLES = 1000", "RESAMPLES = 999")
    jobs = project.planned()
    assert "score/general" in jobs and "make_table/table2" in jobs
    checks = {"check_rarity", "check_intelligibility", "check_claims"}
    assert stages(jobs) <= checks | {"score", "make_table", "draw_figure", "write_report"}


def touch_everything(project: Project) -> None:
    for path in [*project.folder.rglob("*")]:
        if path.is_file() and ".snakemake" not in path.parts:
            os.utime(path)


def comment_code(project: Project) -> None:
    for path in project.path("workflow/scripts").rglob("*.py"):
        path.write_text(
            path.read_text(encoding="utf-8").replace('"""', '"""Edited. ', 1) + "\n\n# A comment.\n", encoding="utf-8"
        )


def comment_configuration(project: Project) -> None:
    for file in ("config/tiny.yaml", "resources/grammar/zh-en.yaml"):
        path = project.path(file)
        path.write_text("# A comment.\n\n" + path.read_text(encoding="utf-8"), encoding="utf-8")


def lose_the_metadata(project: Project) -> None:
    shutil.rmtree(project.path(".snakemake"))


@pytest.mark.parametrize("change", [touch_everything, comment_code, comment_configuration, lose_the_metadata])
def test_what_changes_no_content_runs_nothing(project: Project, change) -> None:
    change(project)
    assert project.planned() == set()
    assert project.planned("--cores", "1") == set()


@pytest.mark.parametrize(
    ("deleted", "maker", "untouched"),
    [
        ("tables/table2.tsv", "make_table/table2", {"score", "decode", "merge_vectors", "finetune"}),
        ("figures/fig2.svg", "draw_figure/fig2", {"make_table", "score", "decode"}),
        (
            "merged/first2--ties/model.safetensors",
            "merge_vectors/first2",
            {"search_candidates", "extract_vector", "finetune"},
        ),
        ("vectors/berlin-wall.safetensors", "extract_vector/berlin-wall", {"finetune", "make_speech", "prepare_base"}),
        ("report.html", "write_report", {"make_table", "draw_figure", "score"}),
    ],
)
def test_a_deleted_artifact_is_made_again(project: Project, deleted: str, maker: str, untouched: set[str]) -> None:
    project.result(deleted).unlink()
    jobs = project.planned()
    assert maker in jobs
    assert not stages(jobs) & untouched


def test_a_removed_row_runs_what_contained_it_and_leaves_orphans(project: Project) -> None:
    kept = project.artifacts()
    project.edit("config/words.tsv", "berlin-wall\t柏林墙\tBerlin Wall\tlandmark\tthe Berlin Wall\n", "")
    jobs = project.planned()
    assert jobs <= FINAL | {
        "check_intelligibility",
        "make_table/table1",
        "make_table/rarity",
        "make_table/overlap",
        "make_table/weights",
        "draw_figure/weights",
    }
    assert "make_table/table2" in jobs
    project.run()
    after = project.artifacts()
    assert all(
        after[name] == kept[name] for name in kept if name.startswith(("text", "speech", "models", "vectors", "merged"))
    )
    from tauspeech.plan.orphans import orphans

    found = {str(path.relative_to(project.result())) for path in orphans(project.result())}
    assert {
        "vectors/berlin-wall.safetensors",
        "speech/berlin-wall.parquet",
        "models/joint--first2/model.safetensors",
    } <= found
    alive = (
        "tables",
        *(f"{stage}/neuschwanstein" for stage in ("text", "speech", "models", "vectors", "scores", "merged")),
    )
    assert not any(name.startswith(alive) for name in found)


def test_an_artifact_edited_by_hand_is_noticed_when_it_is_read(project: Project) -> None:
    path = project.result("scores/berlin-wall--ta.tsv")
    path.write_text(path.read_text(encoding="utf-8").replace("\t0.", "\t9.", 1), encoding="utf-8")
    project.result("tables/table2.tsv").unlink()
    done = project.snakemake("--cores", "1")
    assert done.returncode != 0
    assert "scores/berlin-wall--ta.tsv was changed by hand or damaged" in done.stdout


def test_every_artifact_has_a_receipt_that_names_its_inputs(finished: Project) -> None:
    receipt = json.loads(finished.result("merged/first2--ties/receipt.json").read_text(encoding="utf-8"))
    assert set(receipt["inputs"]) == {
        "base",
        "searches/first2--ties",
        "vectors/berlin-wall",
        "vectors/neuschwanstein",
    }
    assert receipt["spec"]["settings"]["merge"]["options"] == {"keep": 0.5, "scope": "global"}
    assert receipt["versions"]["torch"]


def test_the_project_may_lie_in_a_folder_with_spaces(finished: Project, tmp_path: Path) -> None:
    project = finished.copied_to(tmp_path / "my first words")
    assert project.planned() == set()
    project.result("scores/berlin-wall--ta.tsv").unlink()
    project.run()
    assert project.content() == finished.content()


def test_a_file_of_a_batch_may_be_asked_for_by_its_name(project: Project) -> None:
    model, scores = (
        f"results/tiny/{name}" for name in ("merged/first2--ties/model.safetensors", "scores/berlin-wall--ta.tsv")
    )
    assert project.planned(model, scores) == set()
    project.path(model).unlink()
    project.path(scores).unlink()
    assert project.planned(model, scores) >= {"merge_one/first2--ties", "score_one/berlin-wall--ta"}
