"""What a finished run of the second experiment leaves for a user."""

import json
import re
from statistics import fmean

import pytest

from tests.workflow.project import Project
from tests.workflow.test_reruns import stages
from tests.workflow.test_run import rows

pytestmark = pytest.mark.workflow

LANGUAGES = ("ca", "de")
MERGES = ["Weight Averaging", "Task Arithmetic", "MP-Merging", "SVP-Merging", "LoRS-Merging"]
WHERE = {  # the scores of a system for a language and a task
    "table1": {
        "Pretrained": "raw/{language}",
        "Finetuned": "{language}--asr",
        "Multi-lingual training": "high--ml--asr",
        "Sequential training": "high--sequential--asr--de",
        "Weight Averaging": "high--asr--average",
        "Task Arithmetic": "high--asr--ta",
        "MP-Merging": "high--asr--mp",
        "SVP-Merging": "high--asr--svp",
        "LoRS-Merging": "high--asr--lors",
    },
    "table2": {
        "Pretrained": "raw/{language}",
        "Finetuned": "{language}--st",
        "Multi-lingual training": "high--ml--st",
        "Sequential training": "high--sequential--st--de",
        "Weight Averaging": "high--st--average",
        "Task Arithmetic": "high--st--ta",
        "MP-Merging": "high--st--mp",
        "SVP-Merging": "high--st--svp",
        "LoRS-Merging": "high--st--lors",
    },
    "table11": {
        "Pretrained": "raw/{language}",
        "Finetuned": "{language}--{task}",
        "Multi-task training": "{language}--mt",
        "Weight Averaging": "{language}--both--average",
        "Task Arithmetic": "{language}--both--ta",
        "MP-Merging": "{language}--both--mp",
        "SVP-Merging": "{language}--both--svp",
        "LoRS-Merging": "{language}--both--lors",
    },
    "table4": {
        "Pretrained": "raw/{language}",
        "Finetuned": "{language}--{task}",
        "ML and MT training": "high--mlmt",
        "ML and MT Task Arithmetic": "high--all--ta",
        "ML and MT LoRS-Merging": "high--all--lors",
        "MT training": "{language}--mt",
        "MT training + ML Task Arithmetic": "high--mt-ml--ta",
        "MT training + ML LoRS-Merging": "high--mt-ml--lors",
        "ML training": "high--ml--{task}",
        "ML training + MT Task Arithmetic": "high--ml-mt--ta",
        "ML training + MT LoRS-Merging": "high--ml-mt--lors",
    },
}
WHERE["table3"] = WHERE["table11"]
METRICS = {"asr": ("transcribe", "wer", "WER"), "st": ("translate", "bleu", "BLEU")}
TASKS = {
    "table1": ["asr"],
    "table2": ["st"],
    "table3": ["asr", "st"],
    "table4": ["asr", "st"],
    "table11": ["asr", "st"],
}
FOLLOWERS = {"high--st": ("ca--st", "de--st"), "high--mlmt": ("high--mlmt--of50", "high--mlmt")}
ENDS = {"Pretrained": 0, "Finetuned": 100}
VECTORS = {f"{name}--{task}" for name in (*LANGUAGES, "high--ml") for task in METRICS} | {"ca--mt", "de--mt"}


def score(run: Project, model: str, language: str, task: str) -> float:
    asked, metric, _ = METRICS[task]
    found = [
        row["value"]
        for row in rows(run.result("scores", f"{model}.tsv"))
        if (row["set"], row["task"], row["metric"]) == (language, asked, metric)
    ]
    (value,) = found
    return float(value)


def json_of(run: Project, *parts: str) -> dict:
    return json.loads(run.result(*parts).read_text(encoding="utf-8"))


# Tables


@pytest.mark.parametrize("name", WHERE)
def test_every_cell_is_the_score_of_its_model_and_an_average_the_mean_of_the_languages(
    finished_lors: Project, name: str
) -> None:
    table = rows(finished_lors.result("tables", f"{name}.tsv"))
    assert [row["system"] for row in table] == list(WHERE[name])
    for row in table:
        for task in TASKS[name]:
            prefix = f"{METRICS[task][2]} " if len(TASKS[name]) > 1 else ""
            values = []
            for language in LANGUAGES:
                model = WHERE[name][row["system"]].format(language=language, task=task)
                values.append(score(finished_lors, model, language, task))
                if name != "table3":  # which has the averages alone
                    assert float(row[f"{prefix}{language}"]) == pytest.approx(values[-1], abs=0.0051)
            assert float(row[f"{prefix}Avg."]) == pytest.approx(fmean(values), abs=0.0051)


@pytest.mark.parametrize("name", WHERE)
def test_the_details_of_a_cell_are_its_models_and_no_others(finished_lors: Project, name: str) -> None:
    """A tiny model scores what others score; whose scores stand there is said in the details."""
    found: dict[tuple[str, str, str], set[str]] = {}
    for row in rows(finished_lors.result("tables", f"{name}_detail.tsv")):
        found.setdefault((row["row"], row["set"], row["task"]), set()).add(row["model"])
        (source,) = [
            each["value"]
            for each in rows(finished_lors.result("scores", f"{row['model']}.tsv"))
            if [each[key] for key in ("set", "task", "metric")] == [row[key] for key in ("set", "task", "metric")]
        ]
        assert float(row["value"]) == float(source)
    assert found == {
        (system, language, METRICS[task][0]): {model.format(language=language, task=task)}
        for system, model in WHERE[name].items()
        for language in LANGUAGES
        for task in TASKS[name]
    }


def test_the_tables_have_the_papers_columns(finished_lors: Project) -> None:
    columns = {
        name: [
            column
            for column in rows(finished_lors.result("tables", f"{name}.tsv"))[0]
            if not column.endswith(("_low", "_high", "(sclite)"))
        ]
        for name in WHERE
    }
    both = ["system", "WER ca", "WER de", "WER Avg.", "BLEU ca", "BLEU de", "BLEU Avg."]
    assert columns == {
        "table1": ["system", "ca", "de", "Avg."],
        "table2": ["system", "ca", "de", "Avg."],
        "table3": ["system", "WER Avg.", "BLEU Avg."],
        "table4": both,
        "table11": both,
    }


def test_every_vector_has_its_ratios_and_every_merge_its_weight(finished_lors: Project) -> None:
    ratios = rows(finished_lors.result("tables/ratios.tsv"))
    assert {row["vector"] for row in ratios} == VECTORS
    for row in ratios:
        assert [float(row[column]) for column in ("SVP r", "MP p", "LoRS r", "LoRS p")] == [10, 20, 10, 20]
    weights = rows(finished_lors.result("tables/weights.tsv"))
    tried: dict[tuple[str, str], list[float]] = {}
    for row in weights:
        tried.setdefault((row["merge"], row["method"]), []).append(float(row["weight"]))
    assert len(tried) == 4 * 4 + 3 * 2
    assert all(grid == [0.5, 1.0] for grid in tried.values())
    chosen = {(row["merge"], row["method"]): float(row["weight"]) for row in weights if row["chosen"] == "1"}
    assert chosen.keys() == tried.keys()
    for (merge, method), weight in chosen.items():
        assert json_of(finished_lors, "merged", f"{merge}--{method}", "merge_receipt.json")["recipe"]["scale"] == weight


def test_figure_5_has_a_point_for_each_pruning_size_and_ratio(finished_lors: Project) -> None:
    points = rows(finished_lors.result("tables/fig5.tsv"))
    found = {(row["method"], float(row["size"]), float(row["ratio"])): float(row["value"]) for row in points}
    assert found.keys() == {
        (method, hours, ratio)
        for method in ("svd", "magnitude")
        for hours in (0.005, 0.01)
        for ratio in (0, 0.1, 0.2, 1)
    }
    for method in ("svd", "magnitude"):
        # Nothing left of a vector is the base, everything the fine-tune.
        for ratio, model in ((0, "raw/{}"), (1, "{}--asr")):
            expected = fmean(score(finished_lors, model.format(language), language, "asr") for language in LANGUAGES)
            assert found[method, 0.01, ratio] == pytest.approx(expected, abs=0.0051)
    assert finished_lors.result("figures/fig5.svg").read_text(encoding="utf-8").startswith("<?xml")


# Claims and the report


def test_every_claim_has_its_verdict(finished_lors: Project) -> None:
    claims = rows(finished_lors.result("claims.tsv"))
    counts: dict[str, int] = {}
    for claim in claims:
        assert claim["verdict"] in {"holds", "does not hold", "not decided"}
        assert float(claim["low"]) <= float(claim["value"]) <= float(claim["high"])
        counts[claim["source"]] = counts.get(claim["source"], 0) + 1
    tables = {"Table 1": 6, "Table 2": 5, "Table 3": 13, "Table 4": 12}
    assert counts == tables | {"Abstract of version 3": 2, "Figure 5": 5}


def test_the_report_shows_every_table_and_needs_nothing_else(finished_lors: Project) -> None:
    page = finished_lors.result("report.html").read_text(encoding="utf-8")
    for name in ("Table 1", "Table 2", "Table 3", "Table 4", "Table 11", "Figure 5", *MERGES):
        assert re.search(rf"{re.escape(name)}\b", page), name
    sources = re.findall(r"""\b(?:src|href)=["']([^"']*)""", page)
    assert all(source.startswith(("#", "data:")) for source in sources)
    assert not re.search(r"@import|url\((?!#|data:)", page)
    assert "data:audio/flac;base64," in page and "<svg" in page
    for claim in rows(finished_lors.result("claims.tsv")):
        assert claim["statement"] in page


# What lies behind the tables


def test_of_several_learning_rates_one_was_chosen_for_each_kind_of_training(finished_lors: Project) -> None:
    table = rows(finished_lors.result("tables/rates.tsv"))
    assert {row["trainings"]: row["tried_by"] for row in table} == {
        **{f"high--{kind}": f"ca--{kind}" for kind in ("asr", "st", "mt")},
        **{f"high--{kind}": f"high--{kind}--of50" for kind in ("ml--asr", "ml--st", "mlmt")},
    }
    for kind, (training, follower) in FOLLOWERS.items():
        history = json_of(finished_lors, "models", training, "training.json")
        tried = {each["learning_rate"]: each["score"] for each in history["tried"]}
        assert list(tried) == [5e-4, 1e-3]
        assert history["learning_rate"] == max(tried, key=lambda rate: (tried[rate], -rate))
        (shown,) = [row for row in table if row["trainings"] == kind and row["chosen"] == "1"]
        assert float(shown["learning_rate"]) == history["learning_rate"]
        followed = json_of(finished_lors, "models", follower, "training.json")
        assert followed["learning_rate"] == history["learning_rate"] and "tried" not in followed
        receipt = json_of(finished_lors, "models", follower, "receipt.json")
        assert f"searches/{training}" in receipt["inputs"]


def test_sequential_training_starts_from_the_model_before(finished_lors: Project) -> None:
    receipts = [json_of(finished_lors, "models", id, "receipt.json") for id in ("ca--asr", "high--sequential--asr--de")]
    assert receipts[1]["inputs"]["base"]["key"] == receipts[0]["key"]


def test_normalised_performance_is_0_of_the_base_and_100_of_the_fine_tunes(finished_lors: Project) -> None:
    table = rows(finished_lors.result("tables/normalised.tsv"))
    assert [row["system"] for row in table if row["table"] == "table2"] == list(WHERE["table2"])
    for row in table:
        for metric in ("WER", "BLEU", "mean"):
            if row["system"] in ENDS and row[metric]:  # empty where nothing was gained
                assert float(row[metric]) == ENDS[row["system"]]


def test_a_merge_with_pruning_is_made_of_vectors_pruned_by_their_own_ratios(finished_lors: Project) -> None:
    for method, pruning in (("lors", "lors"), ("mp", "magnitude"), ("svp", "svd")):
        recipe = json_of(finished_lors, "merged", f"high--asr--{method}", "merge_receipt.json")["recipe"]
        assert recipe["method"] == "task_arithmetic"
        assert [entry["id"] for entry in recipe["vectors"]] == ["ca--asr", "de--asr"]
        for entry in recipe["vectors"]:
            assert entry["merge"]["method"] == pruning
            assert (
                entry["merge"]["options"]
                == json_of(finished_lors, "search", f"{entry['id']}--pruning.json")["chosen"][pruning]
            )
            assert [inner["path"] for inner in entry["merge"]["vectors"]] == [f"vectors/{entry['id']}.safetensors"]
    receipt = json_of(finished_lors, "merged/high--asr--lors/receipt.json")
    assert set(receipt["inputs"]) == {
        "base",
        "searches/high--asr--lors",
        *(f"vectors/{language}--asr" for language in LANGUAGES),
        *(f"searches/{language}--asr--pruning" for language in LANGUAGES),
    }


def test_the_hours_are_kept_and_nearly_filled(finished_lors: Project) -> None:
    import pandas as pd

    for language in LANGUAGES:
        frame = pd.read_parquet(finished_lors.result("speech", f"{language}.parquet"))
        for split, hours in (("train", 0.01), ("validation", 0.003), ("test", 0.003)):
            assert 3600 * hours - 6 < frame[frame["split"] == split]["seconds"].sum() <= 3600 * hours


def test_no_training_leaves_checkpoints(finished_lors: Project) -> None:
    assert not [path for path in finished_lors.result("checkpoints").rglob("*") if path.is_file()]


# What runs again


def test_a_second_invocation_has_nothing_to_do(finished_lors: Project) -> None:
    assert finished_lors.planned() == set()


def test_other_scales_run_the_merges_and_what_shows_them(lors_project: Project) -> None:
    lors_project.edit("config/lors_tiny.yaml", "grid: [0.5, 1.0]", "grid: [0.25, 0.5, 1.0]")
    jobs = lors_project.changed()
    assert {"search/high--asr--lors", "merge/ca--both--ta", "table/table1", "report/report"} <= jobs
    assert stages(jobs) == {*("search", "merge", "decode", "score"), *("table", "claims", "report")}
    # The average's weight is planned, and nothing is searched for it.
    assert not any("--average" in job or "--mlmt" in job or "raw" in job or "--pruning" in job for job in jobs)
    assert {"search_candidates/high--asr", "merge_vectors/ca--both"} <= lors_project.planned()


def test_other_ratios_run_what_prunes_and_no_training(lors_project: Project) -> None:
    lors_project.edit("config/lors_tiny.yaml", "ranks: [0.1]", "ranks: [0.1, 0.3]")
    jobs = lors_project.changed()
    assert {job for job in jobs if job.endswith("--pruning")} == {f"search/{vector}--pruning" for vector in VECTORS}
    merges = {job for job in jobs if job.startswith("merge/")}
    assert {job.rpartition("--")[2] for job in merges} == {"mp", "svp", "lors"}
    assert not any(job.endswith("--pruning-curve") for job in jobs)
    assert not stages(lors_project.planned()) & {"finetune", "extract_vector", "make_speech", "prepare_base"}


def test_settings_of_one_training_run_it_and_what_is_made_of_it(lors_project: Project) -> None:
    lors_project.edit("config/lors_tiny.yaml", "overrides: {", "overrides: {de--st: {training: {epochs: 2}}, ")
    jobs = lors_project.changed()
    trainings = {"finetune/de--st", "finetune/high--sequential--st--de"}
    assert {job for job in jobs if job.startswith("finetune")} == trainings
    assert {"search/de--st--pruning", "merge/high--all--lors", "merge/de--both--svp"} <= jobs
    assert not any("asr" in job.partition("/")[2] or "ca--" in job or "mt-ml" in job for job in jobs)
    assert {job for job in lors_project.planned() if job.startswith("finetune")} == trainings


def test_other_ratios_of_the_figure_run_the_figure_alone(lors_project: Project) -> None:
    lors_project.edit("config/lors_tiny.yaml", "ratios: [0, 0.1, 0.2, 1]", "ratios: [0, 0.5, 1]")
    jobs = lors_project.changed()
    assert stages(jobs) == {"search", "table", "figure", "claims", "report"}
    assert all(job.endswith("--pruning-curve") for job in jobs if job.startswith("search"))
