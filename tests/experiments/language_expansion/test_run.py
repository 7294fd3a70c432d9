"""A whole run of the fourth experiment in this process, on the bundled speech LLM with very little training."""

import csv
import json

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from tauspeech.experiments.language_expansion.plan import plan as plan_of
from tauspeech.plan.config import complete
from tests.training.test_lora_stages import Stages
from tests.vectors import references

CONFIG = {
    "name": "t",
    "experiment": "language_expansion",
    "base": "foundation/speech-llm",
    "expansions": {"table3": {"languages": ["de", "fr"], "control": "fr"}},
    "added": "zh",
    "text": {"counts": {"train": 8, "validation": 2, "test": 3}},
    "speech": {"voices": {"en": ["en-us"]}, "check": {"errors": None}},
    "training": {
        "trainable": "lora", "lora": {"rank": 2, "alpha": 4}, "epochs": 2, "batch": 8, "learning_rate": 2e-3, "evaluations": 1,
        "threads": 1,
    },
    "merging": {"grid": [0.5, 1.0], "free_grid": [0.5, 1.0], "control_grid": [0.5]},
    "decoding": {"new_tokens": 60, "batch": 8, "threads": 1},
}  # fmt: skip
ROWS = [
    "A0 Base",
    "A1 Joint fine-tuning",
    "A2 de alone",
    "A3 fr alone",
    "A4 Addition",
    "A4 Addition, free",
    "A5 Addition + LC",
    "A5 Addition + LC, free",
    "A6 TIES",
    "A6 TIES, free",
    "A7 TIES + LC",
    "A7 TIES + LC, free",
]
SYNTHESIS = ["C1 de, texts", "C2 fr, texts", "C3 de alone", "C4 Analogy", "C5 Analogy + LC", "C6 TIES of C3 and C5"]
SYNTHESIS += ["C7 TIES of C3 and C5 + LC"]


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    torch.set_num_threads(1)
    stages = Stages(tmp_path_factory.mktemp("expansion"))
    plan = plan_of(complete(CONFIG, "c.yaml"), stages.results)
    done = set()

    def make(job):
        if (job.stage, job.id) not in done:
            done.add((job.stage, job.id))
            for parent in job.parents:
                make(parent)
            stages.make_one(job)

    for target in plan.targets:
        make(target)
    return stages.results


def table(run, name):
    with (run / f"tables/{name}.tsv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, delimiter="\t"))


def test_tables_have_the_papers_rows_with_the_chosen_weights(run):
    found = {name: table(run, name) for name in ("table3", "table5")}
    assert [row["system"] for row in found["table3"]] == ROWS
    assert [row["system"] for row in found["table5"]] == SYNTHESIS
    by_name = {row["system"]: row for rows in found.values() for row in rows}
    assert by_name["A2 de alone"]["fr"] == by_name["C4 Analogy"]["de"] == "" != by_name["A4 Addition"]["fr"]
    assert by_name["A1 Joint fine-tuning"]["weights"] == ""
    for name, parts in {"A4 Addition": 2, "A7 TIES + LC": 3, "C4 Analogy": 2, "C7 TIES of C3 and C5 + LC": 3}.items():
        weights = [float(weight) for weight in by_name[name]["weights"].split(" / ")]
        assert len(weights) == parts and set(weights) <= {0.5, 1.0}


def test_free_weights_stand_beside_those_of_the_paper_with_the_same_language_control(run):
    by_name = {row["system"]: row["weights"].split(" / ") for row in table(run, "table3")}
    for row in ("A5 Addition + LC", "A7 TIES + LC"):
        assert len(by_name[f"{row}, free"]) == 3 and by_name[f"{row}, free"][-1] == by_name[row][-1]
    written = {row["system"] for row in table(run, "confusion")}
    assert "A4 Addition" in written and "A4 Addition, free" not in written


def test_a_third_language_costs_one_training_and_is_added_with_the_weights_of_the_two(run):
    rows = table(run, "third_language")
    assert [row["system"] for row in rows] == [
        "zh alone", "A5 Addition + LC", "A5 Addition + LC, and zh", "A7 TIES + LC", "A7 TIES + LC, and zh",
    ]  # fmt: skip
    seconds = json.loads((run / "models/zh--st/receipt.json").read_text())["seconds"]
    for row, before in zip(rows[2::2], rows[1::2], strict=True):
        both, _, control = before["weights"].split(" / ")
        assert row["weights"].split(" / ") == [both, both, both, control] and before["seconds to add"] == ""
        assert seconds <= float(row["seconds to add"]) < seconds + 30
        assert row["zh"] and not before["zh"]


def test_a_linear_combination_of_adapters_is_in_the_details_alone(run):
    details = [row for row in table(run, "table3_detail") if row["row"] == "A4 Linear combination of adapters"]
    assert {(row["column"], row["metric"]) for row in details} >= {("de", "bleu"), ("fr", "bleu")}
    linear, exact = (changes(run, f"merged/table3--{name}") for name in ("linear-adapters", "addition"))
    assert any(np.abs(linear[name] - exact[name]).max() > 1e-5 for name in exact)


def test_an_adapter_takes_the_place_of_a_training(run, tmp_path):
    stages = Stages(tmp_path)
    adapter = run / "models/de--st/adapter"
    jobs = plan_of(complete(CONFIG | {"adapters": {"de--st": str(adapter)}}, "c.yaml"), stages.results).jobs
    stages.make_one(jobs["base", "base"])
    stages.make_one(jobs["finetune", "de--st"])
    assert jobs["finetune", "fr--st"].settings.get("own") is None
    ours, theirs = (load_file(folder / "models/de--st/model.safetensors") for folder in (stages.results, run))
    assert all(torch.equal(ours[name], theirs[name]) for name in theirs)


def changes(run, model):
    """Difference of a model to the base in float64, of the tensors that adapters change."""
    base, found = (load_file(run / folder / "model.safetensors") for folder in ("models/base", model))
    return {name: found[name].double().numpy() - base[name].double().numpy() for name in base if "self_attn" in name}


def summed(parts):
    return {name: sum(weight * change[name] for weight, change in parts) for name in parts[0][1]}


def test_merges_and_the_merge_of_a_merge_are_the_formulas(run):
    tau = {name: changes(run, f"models/{name}") for name in ("de--st", "fr--st", "de--mt", "fr--mt", "table3--control")}
    chosen = {
        name: json.loads((run / f"search/table3--{name}.json").read_text())["chosen"]
        for name in ("addition-lc", "ties-lc", "analogy-lc", "synthesised-lc")
    }
    merged = {name: changes(run, f"merged/table3--{name}") for name in chosen}

    def with_control(name, parts):
        return summed([*parts, (chosen[name]["lc"], tau["table3--control"])])

    both = chosen["addition-lc"]["both"]
    expected = {"addition-lc": with_control("addition-lc", [(both, tau["de--st"]), (both, tau["fr--st"])])}
    both = chosen["ties-lc"]["both"]
    elected = references.phi("ties", {"keep": 0.5}, [tau["de--st"], tau["fr--st"]], [both, both])
    expected["ties-lc"] = with_control("ties-lc", [(1, elected)])
    weights = chosen["analogy-lc"]
    parts = [(weights["first"], tau["de--st"]), (weights["second"], tau["fr--mt"]), (-weights["second"], tau["de--mt"])]
    expected["analogy-lc"] = with_control("analogy-lc", parts)
    weights = [chosen["synthesised-lc"][name] for name in ("first", "second")]
    elected = references.phi("ties", {"keep": 0.5}, [tau["de--st"], expected["analogy-lc"]], weights)
    expected["synthesised-lc"] = with_control("synthesised-lc", [(1, elected)])
    for name, change in expected.items():
        # TIES may keep other entries near its threshold, since vectors are stored as factors.
        off = sum(int((np.abs(merged[name][key] - change[key]) > 2e-6).sum()) for key in change)
        assert off <= (0 if "ties" not in name and name != "synthesised-lc" else 400), name
        assert max(np.abs(each).max() for each in merged[name].values()) > 1e-4


def test_confusion_counts_every_answer_once(run):
    rows = table(run, "confusion")
    assert {(row["table"], row["system"], row["requested"]) for row in rows} >= {("table3", "A4 Addition", "fr")}
    for row in rows:
        written = sum(float(row[f"in {language}"]) for language in ("en", "de", "fr", "zh"))
        assert written + float(row["empty"]) == pytest.approx(100, abs=0.02)
        assert row["answers"] in ("3", "3.0")
    texts = [row for row in rows if row["system"].startswith("C") and "texts" in row["system"]]
    assert [float(row[f"in {row['requested']}"]) for row in texts] == [100, 100]  # which the base has learned
    base = [row for row in rows if row["system"] == "A0 Base"]
    assert all(float(row["incomplete"]) == 100 for row in base)  # nobody has taught it to translate speech


def test_hypotheses_keep_the_rest_of_the_answer_and_the_report_shows_them(run):
    lines = (run / "hypotheses/table3--ties-lc/de.translate.jsonl").read_text(encoding="utf-8").splitlines()
    line = json.loads(lines[0])
    assert {"transcript", "written", "complete", "hypothesis", "spoken"} <= line.keys() and line["spoken"]
    page = (run / "report.html").read_text(encoding="utf-8")
    assert "Language confusion" in page and "A7 TIES + LC" in page and "C5 Analogy + LC" in page
    assert (
        "the answer is in the language that is asked for" in page
        and f'<span class="before" dir="auto">{line["transcript"]}' in page
    )
    errors = {row["system"]: row["WER of transcripts"] for row in table(run, "confusion")}
    assert errors["C1 de, texts"] == "" and 0 <= float(errors["A2 de alone"]) < 30
    claims = (run / "claims.tsv").read_text(encoding="utf-8")
    assert "table3_best_fr" in claims and "table3_lc_confused_de" in claims and "table5_loss_fr" in claims
