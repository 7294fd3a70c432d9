"""The record of a run, from the files in its results folder, and its summary."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tauspeech.runtime.code_version import CodeVersion
from tauspeech.runtime.files import sha256_file
from tauspeech.runtime.run_record import Measurement, RunRecord, RunSummary, StageSummary, read_benchmark
from tauspeech.runtime.run_summary import as_text, as_tsv
from tauspeech.runtime.stages import PLAN_INDEX, receipt_path, spec_path

HEADER = "s\th:m:s\tmax_rss\tmax_vms\tmax_uss\tmax_pss\tio_in\tio_out\tmean_load\tcpu_time"
JOBS = [("text", "a"), ("text", "b"), ("tts", "main/a--espeak"), ("decode", "raw/a"), ("decode", "raw/b")]


def write(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


class Results:
    """A results folder with the files of a plan and of finished jobs."""

    def __init__(self, path: Path):
        self.path = path
        write(path / PLAN_INDEX, json.dumps({"jobs": JOBS}))
        for stage, id in JOBS:
            write(path / spec_path(stage, id), f'"{stage} {id}"')

    def finish(self, stage: str, id: str, key: str | None = None) -> None:
        path = self.path / receipt_path(stage, id)
        path.unlink(missing_ok=True)
        write(
            path,
            json.dumps(
                {"key": key or sha256_file(self.path / spec_path(stage, id)), "spec": {}, "inputs": {}, "outputs": {}}
            ),
        )

    def measure(self, stage: str, name: str, seconds: float, megabytes: str) -> None:
        row = f"{seconds}\t0:00:01\t{megabytes}" + "\tNA" * 7
        write(self.path / "benchmarks" / stage / f"{name}.tsv", f"{HEADER}\n{row}\n")


@pytest.fixture
def results(tmp_path) -> Results:
    return Results(tmp_path / "results" / "toy")


def rows(summary: RunSummary) -> dict[str, StageSummary]:
    return {stage.rule: stage for stage in summary.stages}


def test_jobs_that_ran_are_up_to_date_or_pending(results):
    results.finish("text", "a")
    results.measure("text", "a", 100.0, "1000.00")
    results.finish("decode", "raw/a", key="of other settings")
    record = RunRecord(results.path)
    record.open()
    results.finish("text", "b")
    results.measure("text", "b", 2.5, "210.00")
    results.finish("tts", "main/a--espeak")
    results.measure("tts", "main/a--espeak", 1.5, "NA")
    summary = record.close(succeeded=False)
    found = rows(summary)
    assert list(found) == ["make_text", "synthesise", "decode"]  # in the order of the workflow
    assert found["make_text"] == StageSummary("make_text", 1, 1, 0, (Measurement(2.5, 210.0),))
    assert found["synthesise"] == StageSummary("synthesise", 1, 0, 0, (Measurement(1.5, None),))
    assert found["decode"] == StageSummary("decode", 0, 0, 2, ())
    last = as_text(summary).splitlines()[-1]
    assert last.startswith("The run stopped after 0.")
    assert " s. Jobs: 2 ran, 1 up to date, 2 pending. Logs: " in last


def test_a_job_that_runs_again_with_the_same_result_ran(results):
    results.finish("text", "a")
    record = RunRecord(results.path)
    record.open()
    results.finish("text", "a")
    assert rows(record.close(True))["make_text"].ran == 1


def test_a_job_with_a_damaged_receipt_is_pending(results):
    results.finish("text", "a")
    write(results.path / receipt_path("text", "b"), "")
    record = RunRecord(results.path)
    record.open()
    found = rows(record.close(succeeded=False))
    assert (found["make_text"].up_to_date, found["make_text"].pending) == (1, 1)


def test_a_process_may_run_several_jobs(results):
    record = RunRecord(results.path)
    record.open()
    results.finish("decode", "raw/a")
    results.finish("decode", "raw/b")
    results.measure("decode", "raw", 8.0, "900.00")
    decode = rows(record.close(True))["decode"]
    assert (decode.ran, decode.seconds, decode.mean, decode.longest, decode.peak) == (2, 8.0, 8.0, 8.0, 900.0)


def test_a_run_without_benchmarks_has_counts_only(results):
    record = RunRecord(results.path)
    record.open()
    results.finish("text", "a")
    text = rows(record.close(True))["make_text"]
    assert (text.seconds, text.mean, text.longest, text.peak) == (None, None, None, None)


@pytest.mark.parametrize(("memory", "found"), [("812.55", 812.55), ("NA", None), ("-", None)])
def test_benchmark_files_of_snakemake_are_read(tmp_path, memory, found):
    file = write(tmp_path / "a.tsv", f"{HEADER}\n12.3456\t0:00:12\t{memory}" + "\t1" * 7 + "\n")
    assert read_benchmark(file) == Measurement(12.3456, found)


@pytest.fixture
def summary() -> RunSummary:
    stages = (
        StageSummary("finetune", 2, 1, 0, (Measurement(70.0, 900.0), Measurement(50.0, 1812.4))),
        StageSummary("score", 0, 3, 1, ()),
    )
    return RunSummary(
        Path("results/toy"),
        datetime(2026, 3, 4, 5, 6, tzinfo=UTC),
        61.2,
        True,
        stages,
        CodeVersion("0.1.0", "83b622d1" * 5, True),
    )


def test_the_summary_as_text(summary):
    assert as_text(summary).splitlines() == [
        "",
        "stage     ran  up to date  pending        time        mean     longest  peak memory",
        "finetune    2           1        -  2 min 00 s  1 min 00 s  1 min 10 s     1,812 MB",
        "score       -           3        1           -           -           -            -",
        "",
        "Code: tauspeech 0.1.0, commit 83b622d183b6, with uncommitted changes.",
        "The run finished after 1 min 01 s. Jobs: 2 ran, 4 up to date, 1 pending. Logs: results/toy/logs",
    ]


def test_the_summary_as_tsv(summary):
    assert as_tsv(summary).splitlines() == [
        "stage\tran\tup_to_date\tpending\tseconds\tmean\tlongest\tpeak_mb",
        "finetune\t2\t1\t0\t120.00\t60.00\t70.00\t1812.40",
        "score\t0\t3\t1\t\t\t\t",
    ]
