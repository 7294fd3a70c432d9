"""What a finished run leaves for a user, and how a killed one goes on."""

import csv
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from transformers import AutoModelForCTC

from tauspeech.models.ctc.foundation import new_model
from tauspeech.models.foundation_sizes import SIZES
from tests.workflow.project import Project

pytestmark = pytest.mark.workflow


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as handle:
        return list(csv.DictReader(handle, delimiter="\t"))


def test_tables_carry_the_papers_rows_and_columns(finished: Project) -> None:
    table1 = rows(finished.result("tables/table1.tsv"))
    assert list(table1[0]) == ["word_id", "domain", "word", "train", "validation", "test"]
    assert [row["train"] for row in table1] == ["24", "24"]
    table2 = rows(finished.result("tables/table2.tsv"))
    assert list(table2[0])[:7] == ["word_id", "Raw", "FT", "Average", "TA", "TIES", "DARE"]
    assert [row["word_id"] for row in table2] == ["neuschwanstein", "berlin-wall", "General"]
    table3 = rows(finished.result("tables/table3.tsv"))
    assert list(table3[0])[:7] == ["word_id", "Raw", "FT", "Average", "TA", "TIES", "DARE"]
    chosen, summed = (rows(finished.result(f"tables/{name}.tsv")) for name in ("fig2", "fig2_normalised"))
    assert [row["words"] for row in chosen] == [row["words"] for row in summed] == ["1", "2"]
    assert [row["TA"] for row in summed] == [row["Average"] for row in summed] == [row["Average"] for row in chosen]


def test_a_cell_is_the_score_of_its_model(finished: Project) -> None:
    (cell,) = [row["TA"] for row in rows(finished.result("tables/table2.tsv")) if row["word_id"] == "berlin-wall"]
    scores = rows(finished.result("scores/berlin-wall--ta.tsv"))
    (bleu,) = [
        row["value"]
        for row in scores
        if (row["set"], row["task"], row["metric"]) == ("berlin-wall", "translate", "bleu")
    ]
    assert float(cell) == round(float(bleu), 2)


def test_the_report_is_one_file_that_needs_nothing_else(finished: Project) -> None:
    page = finished.result("report.html").read_text(encoding="utf-8")
    assert "Table 2" in page and "data:audio/flac;base64," in page and "<svg" in page
    assert 'src="http' not in page and 'href="http' not in page


def test_a_merged_folder_is_a_model_that_transformers_runs(finished: Project) -> None:
    import pandas as pd
    from transformers import pipeline

    from tauspeech.data.audio import RATE, decode_audio

    folder = finished.result("merged/first2--ties")
    recogniser = pipeline("automatic-speech-recognition", model=str(folder), device="cpu")
    audio = pd.read_parquet(finished.result("speech/berlin-wall.parquet"))["audio"][0]["bytes"]
    heard = recogniser(
        {"raw": decode_audio(audio), "sampling_rate": RATE},
        generate_kwargs={"language": "zh", "task": "translate", "max_new_tokens": 8},
    )
    assert isinstance(heard["text"], str)
    base = finished.result("models/base")
    for name in ("config.json", "tokenizer.json", "generation_config.json", "preprocessor_config.json"):
        assert (folder / name).read_bytes() == (base / name).read_bytes()


def test_a_run_in_another_folder_gives_the_same_bytes(finished: Project, fresh: Callable[[], Project]) -> None:
    """Also with other cores and in real processes: nothing depends on how the work was spread, nor on Python's hashes."""
    other = fresh()
    other.run(
        "--cores",
        "1",
        "results/tiny/vectors/berlin-wall.safetensors",
        "results/tiny/merged/berlin-wall--dare/model.safetensors",
        real=True,
    )
    assert not other.result("merged/berlin-wall--ties").exists()  # a model that is asked for by its file is made alone
    for name in (
        "speech/berlin-wall.parquet",
        "vectors/berlin-wall.safetensors",
        "merged/berlin-wall--dare/model.safetensors",
    ):
        assert other.result(name).read_bytes() == finished.result(name).read_bytes(), name


def test_a_killed_training_goes_on_from_its_checkpoint(finished: Project, project: Project) -> None:
    project.edit("config/tiny.yaml", "epochs: 2, batch: 8, evaluations: 2", "epochs: 40, batch: 8, evaluations: 20")
    target = "results/tiny/models/berlin-wall/model.safetensors"
    command = [sys.executable, "-m", "snakemake", "--configfile", "config/tiny.yaml", "--cores", "1", target]
    whole = shutil.copytree(project.folder, project.folder.parent / "whole", copy_function=shutil.copy2)
    run = subprocess.Popen(
        command, cwd=project.folder, start_new_session=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    deadline = time.monotonic() + 300
    try:
        while not list(project.result("checkpoints").glob("berlin-wall/*/checkpoint-*/trainer_state.json")):
            assert run.poll() is None and time.monotonic() < deadline, "no checkpoint came"
            time.sleep(0.05)
    finally:
        os.killpg(run.pid, signal.SIGKILL)
    run.wait()
    assert not project.result("models/berlin-wall/receipt.json").exists()
    project.snakemake("--unlock")
    project.run(target)
    log = project.result("logs/finetune/berlin-wall.log").read_text(encoding="utf-8")
    assert "resuming from checkpoint-" in log
    undisturbed = Project(whole)
    undisturbed.run(target)
    weights = "models/berlin-wall/model.safetensors"
    assert project.result(weights).read_bytes() == undisturbed.result(weights).read_bytes()
    assert not list(project.result("checkpoints").glob("berlin-wall/*"))


def test_a_mistake_in_the_configuration_is_one_sentence(project: Project) -> None:
    project.edit("config/tiny.yaml", "epochs: 2", "epocs: 2")
    done = project.snakemake("--cores", "1")
    assert done.returncode != 0
    assert "config/tiny.yaml: key 'training.epocs' is unknown: did you mean 'epochs'?" in done.stdout
    assert "Traceback" not in done.stdout


def test_english_words_for_a_ctc_model(fresh: Callable[[], Project]) -> None:
    project = fresh()
    shutil.rmtree(project.path("base"))
    new_model(["The quick brown fox jumps over the lazy dog's back."], SIZES["ctc-tiny"], 1).save(project.path("base"))
    project.edit("config/tiny.yaml", "name: tiny", "name: tiny\nlanguages: {source: en, target: en}")
    project.edit("config/tiny.yaml", "grid: [0.5, 0.8]", "grid: [0.5], methods: [ta]")
    done = project.snakemake("--dry-run", "--cores", "1")
    assert "key 'base': ./base is of the type 'parakeet_ctc', which is trained to transcribe, and" in done.stdout
    project.edit("config/tiny.yaml", "name: tiny", "name: tiny\ntask: transcribe")
    words = ["word_id\ten\tdomain", "avignon\tAvignon\tlocation", "dalat\tDa Lat\tlocation"]
    project.path("config/words.tsv").write_text("\n".join([*words, ""]), encoding="utf-8")
    project.run()
    assert [row["word_id"] for row in rows(project.result("tables/table2.tsv"))] == ["avignon", "dalat", "General"]
    details = rows(project.result("tables/table2_detail.tsv"))
    assert {row["metric"] for row in details} >= {"wer", "recall:avignon"}
    assert not project.result("tables/table3.tsv").exists()
    assert project.result("report.html").is_file()
    network = AutoModelForCTC.from_pretrained(project.result("models/avignon"))
    assert network.encoder.layers[0].conv.norm.num_batches_tracked > 0
