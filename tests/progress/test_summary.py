"""What a run did, told by the files that it left."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tauspeech.plan.index import FROZEN
from tauspeech.reporting.last_run import build_summary
from tauspeech.runtime.files import sha256_file
from tauspeech.runtime.run_record import Account, Ledger, Measured, StageAccount, measurement
from tauspeech.runtime.run_summary import table, told, verdict
from tauspeech.runtime.stages import receipt_path, spec_path

HEADER = "s\th:m:s\tmax_rss\tmax_vms\tmax_uss\tmax_pss\tio_in\tio_out\tmean_load\tcpu_time"
JOBS = [("text", "a"), ("text", "b"), ("voiced", "main/a--espeak"), ("decode", "raw/a"), ("decode", "raw/b")]


def write(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


class Results:
    """A folder of results, with jobs that can be done in it."""

    def __init__(self, path: Path):
        self.path = path
        write(path / FROZEN, json.dumps({"jobs": JOBS}))
        for stage, id in JOBS:
            write(path / spec_path(stage, id), f'"{stage} {id}"')

    def do(self, stage: str, id: str, key: str | None = None) -> None:
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


def rows(account: Account) -> dict[str, StageAccount]:
    return {stage.rule: stage for stage in account.stages}


def test_what_ran_is_told_from_what_was_there_and_from_what_is_left(results):
    results.do("text", "a")
    results.measure("text", "a", 100.0, "1000.00")
    results.do("decode", "raw/a", key="of other settings")
    ledger = Ledger(results.path)
    ledger.open()
    results.do("text", "b")
    results.measure("text", "b", 2.5, "210.00")
    results.do("voiced", "main/a--espeak")
    results.measure("voiced", "main/a--espeak", 1.5, "NA")
    account = ledger.close(succeeded=False)
    found = rows(account)
    assert list(found) == ["make_text", "speak", "decode"]  # in the order of the stages
    assert found["make_text"] == StageAccount("make_text", 1, 1, 0, (Measured(2.5, 210.0),))
    assert found["speak"] == StageAccount("speak", 1, 0, 0, (Measured(1.5, None),))
    assert found["decode"] == StageAccount("decode", 0, 0, 2, ())
    assert verdict(account).startswith("The run stopped after 0.")
    assert verdict(account).endswith(" s. Jobs: 2 ran, 1 there already, 2 left.")


def test_a_job_that_is_done_again_with_the_same_result_ran(results):
    results.do("text", "a")
    ledger = Ledger(results.path)
    ledger.open()
    results.do("text", "a")
    assert rows(ledger.close(True))["make_text"].ran == 1


def test_a_receipt_that_is_damaged_counts_as_left(results):
    results.do("text", "a")
    write(results.path / receipt_path("text", "b"), "")
    ledger = Ledger(results.path)
    ledger.open()
    found = rows(ledger.close(succeeded=False))
    assert (found["make_text"].there, found["make_text"].left) == (1, 1)


def test_one_process_may_do_several_jobs(results):
    ledger = Ledger(results.path)
    ledger.open()
    results.do("decode", "raw/a")
    results.do("decode", "raw/b")
    results.measure("decode", "raw", 8.0, "900.00")
    decode = rows(ledger.close(True))["decode"]
    assert (decode.ran, decode.seconds, decode.mean, decode.longest, decode.peak) == (2, 8.0, 8.0, 8.0, 900.0)


def test_a_run_without_benchmarks_has_counts_only(results):
    ledger = Ledger(results.path)
    ledger.open()
    results.do("text", "a")
    text = rows(ledger.close(True))["make_text"]
    assert (text.seconds, text.mean, text.longest, text.peak) == (None, None, None, None)


@pytest.mark.parametrize(("memory", "found"), [("812.55", 812.55), ("NA", None), ("-", None)])
def test_snakemakes_benchmarks_are_read(tmp_path, memory, found):
    file = write(tmp_path / "a.tsv", f"{HEADER}\n12.3456\t0:00:12\t{memory}" + "\t1" * 7 + "\n")
    assert measurement(file) == Measured(12.3456, found)


@pytest.fixture
def account() -> Account:
    stages = (
        StageAccount("finetune", 2, 1, 0, (Measured(70.0, 900.0), Measured(50.0, 1812.4))),
        StageAccount("score", 0, 3, 1, ()),
    )
    return Account(Path("results/toy"), datetime(2026, 3, 4, 5, 6, tzinfo=UTC), 61.2, True, stages)


def test_the_table_is_read_by_people(account):
    assert told(account).splitlines() == [
        "",
        "stage     ran  there already  left        time        mean     longest  peak memory",
        "finetune    2              1     -  2 min 00 s  1 min 00 s  1 min 10 s     1,812 MB",
        "score       -              3     1           -           -           -            -",
        "",
        "The run is through after 1 min 01 s. Jobs: 2 ran, 4 there already, 1 left. Logs: results/toy/logs",
    ]


def test_the_table_is_read_by_programs(account):
    assert table(account).splitlines() == [
        "stage\tran\tthere\tleft\tseconds\tmean\tlongest\tpeak_mb",
        "finetune\t2\t1\t0\t120.00\t60.00\t70.00\t1812.40",
        "score\t0\t3\t1\t\t\t\t",
    ]


def test_the_page_says_the_same_and_loads_nothing(account):
    page = build_summary(account)
    assert "Jobs: 2 ran, 4 there already, 1 left." in page and "04 March 2026, 05:06" in page
    assert '<tr><th scope="row">finetune</th><td class="number">2</td>' in page
    assert '<td class="number">1,812 MB</td>' in page
    assert "default-src 'none'" in page and "<script" not in page and "://" not in page
