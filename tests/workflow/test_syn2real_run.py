"""Results of a finished run of the third experiment, as a user finds them."""

import json

import numpy as np
import pytest
from safetensors.numpy import load_file

from tauspeech.data import manifest
from tests.workflow.project import Project
from tests.workflow.test_run import rows

pytestmark = pytest.mark.workflow

TABLES = ("table1", "table4", "table5", "pseudo2real", "scales", "domains", "fig4", "fig6")


@pytest.fixture(scope="module")
def run(finished_syn2real: Project) -> Project:
    return finished_syn2real


def table(run: Project, name: str) -> list[dict[str, str]]:
    return rows(run.result("tables", f"{name}.tsv"))


def weights(run: Project, *folder: str) -> dict[str, np.ndarray]:
    found: dict[str, np.ndarray] = {}
    for path in run.result(*folder).glob("*.safetensors"):
        found |= load_file(path)
    return found


def test_the_merged_model_is_the_targets_plus_the_scaled_difference_of_the_sources(run):
    target = weights(run, "models", "all-sources--mixed--then-cooking-synthetic")
    recorded, synthetic = (weights(run, "models", f"all-sources--{each}") for each in ("recorded", "synthetic"))
    merged = weights(run, "merged", "cooking--syn2real")
    (row,) = [row for row in table(run, "scales") if row["vector"] == "single"]
    scale = float(row["scale"])
    assert scale in (0.2, 0.6)
    for name, values in merged.items():
        tau = recorded[name].astype(np.float64) - synthetic[name]
        np.testing.assert_allclose(values, target[name] + scale * tau, rtol=0, atol=1e-6)
    assert any(not np.array_equal(values, target[name]) for name, values in merged.items())


def test_pseudo_labels_are_the_bases_own_texts(run):
    recorded = manifest.read(run.result("recordings", "music--recorded.parquet"))
    labelled = manifest.read(run.result("pseudo_labels", "music--pseudo.parquet"))
    assert {row["split"] for row in labelled} == {"train", "validation"}
    audio = {row["utterance"]: row["audio"]["bytes"] for row in recorded}
    assert all(audio[row["utterance"]] == row["audio"]["bytes"] for row in labelled)
    assert not {row["en"] for row in labelled} & {row["en"] for row in recorded}


def test_recordings_are_takes_of_the_sentences_that_are_spoken_synthetically(run):
    recorded = manifest.texts(run.result("recordings", "music--recorded.parquet"))
    synthetic = manifest.texts(run.result("speech", "music--synthetic.parquet"))
    trained = [row for row in recorded if row["split"] == "train"]
    assert len(trained) == 2 * len([row for row in synthetic if row["split"] == "train"]) == 6
    assert {row["en"] for row in trained} == {row["en"] for row in synthetic if row["split"] == "train"}
    assert not {row["voice"].split()[0] for row in recorded} & {row["voice"].split()[0] for row in synthetic}


def test_tables_of_both_seeds_are_averaged(run):
    systems = [table(run, name) for name in ("table1", "table1--seed2", "table1--seeds")]
    assert len({tuple(row["system"] for row in each) for each in systems}) == 1
    for first, second, over_all in zip(*systems, strict=True):
        if all(each["Average"] for each in (first, second)):
            mean = (float(first["Average"]) + float(second["Average"])) / 2
            assert float(over_all["Average"]) == pytest.approx(mean, abs=1e-3)
            assert float(over_all["Average_sd"]) >= 0
    assert ": all seeds</h3>" in run.result("report.html").read_text(encoding="utf-8")


def test_every_table_has_its_rows(run):
    found = {name: table(run, name) for name in TABLES}
    assert [row["system"] for row in found["table1"]] == [
        "Pretrained ASR",
        "Source ASR",
        "Target Synthetic ASR (Baseline)",
        "+SYN2REAL",
        "Relative WER (%) of +SYN2REAL",
        "+SYN2REAL Ensemble",
        "Relative WER (%) of +SYN2REAL Ensemble",
        "Joint training (recorded sources, synthetic target)",
        "Target recorded ASR (topline)",
    ]
    assert found["table4"][-1]["tts"] == "kokoro" and "no voices" in found["table4"][-1]["system"]
    assert [row["recorded test"] for row in found["domains"]] == ["4", "4", "4"]
    assert [row["scale"] for row in found["fig4"]] == ["0.0", "0.5", "1.0"]
    (baseline,) = [row for row in found["table1"] if row["system"] == "Target Synthetic ASR (Baseline)"]
    assert baseline["cooking"] in found["fig4"][0].values()  # a scale of 0 leaves the model as it is
    assert [row["domains"] for row in found["fig6"]] == ["1", "2"]
    detail = table(run, "table1_detail")
    assert {"21.16", "19.04", "33.3"} <= {row["value"] for row in detail if row["metric"] == "paper"}


def test_figures_claims_and_the_report_say_that_recordings_are_simulated(run):
    for name in ("fig4", "fig6"):
        assert run.result("figures", f"{name}.svg").is_file()
    claims = {row["claim"] for row in rows(run.result("claims.tsv"))}
    assert {
        "syn2real-above-synthetic",
        "held-out-scale",
        "ensemble-above-single",
        "more-domains",
        "pseudo2real",
    } <= claims
    page = run.result("report.html").read_text(encoding="utf-8")
    assert page.count("Recordings are simulated.") >= len(TABLES)


def test_a_choice_names_the_searches_that_it_is_the_mean_of(run):
    spec = json.loads(run.result("plan", "search", "cooking--syn2real--scale.json").read_text(encoding="utf-8"))
    (search,) = spec["inputs"]["searches"]
    assert search["id"] in {
        f"{held_out}--syn2real--{other}" for held_out, other in (("music", "news"), ("news", "music"))
    }
