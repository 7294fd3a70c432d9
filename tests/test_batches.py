"""Batches of jobs: one process runs them in turn, each keeps its receipt, and finished ones are skipped."""

import json
import sys

import pytest

from tauspeech.plan.batches import batch_files, batches_of
from tauspeech.plan.jobs import Plan, PlannedJob
from tauspeech.runtime.files import sha256_file, write_text
from tauspeech.runtime.job import run
from tauspeech.runtime.stages import batch_record_path, batch_spec_path, receipt_path


def planned(**values):
    """Scores a, b and c of one batch, and d alone; each of the hypotheses of its name."""
    jobs = []
    for id in "abcd":
        batch = "abc" if id != "d" else None
        decoded = PlannedJob("decode", id, {"value": values.get(f"decoded_{id}", 0)}, batch=batch)
        jobs.append(PlannedJob("score", id, {"value": values.get(id, 0)}, {"hypotheses": decoded}, batch=batch))
    return Plan(jobs)


@pytest.fixture
def results(tmp_path):
    return tmp_path / "results" / "t"


@pytest.fixture
def open_plan(results):
    def write(plan):
        for file, text in (plan.stale(results) | batch_files(batches_of(plan.jobs), results)).items():
            write_text(file, text)

    return write


@pytest.fixture
def work(results, monkeypatch):
    """What a stage's process does for a batch: the ids of the jobs that were done, in their order."""

    def process(stage, batch, failing=()):
        done = []

        def main(job):
            if job.id in failing:
                raise SystemExit(1)
            if stage == "score":
                job.files("hypotheses")
            write_text(job.path(f"{job.id}.tsv"), str(job.settings["value"]))
            job.finish(job.path(f"{job.id}.tsv"))
            done.append(job.id)

        monkeypatch.setattr(sys, "argv", ["x.py", str(results / batch_spec_path(stage, batch)), "1"])
        try:
            run(main)
        except SystemExit:
            assert failing
        return done

    return process


@pytest.fixture
def done(open_plan, work):
    open_plan(planned())
    for stage in ("decode", "score"):
        assert work(stage, "abc") == ["a", "b", "c"]
        assert work(stage, "d") == ["d"]


def test_a_batch_that_is_done_does_nothing_again(done, work):
    assert work("score", "abc") == []


def test_only_the_changed_job_of_a_batch_is_done_again(done, open_plan, work, results):
    before = (results / receipt_path("score", "a")).stat().st_mtime_ns
    open_plan(planned(b=1))
    assert work("score", "abc") == ["b"]
    assert (results / receipt_path("score", "a")).stat().st_mtime_ns == before


def test_a_changed_input_reaches_the_job_that_uses_it_and_no_other(done, open_plan, work):
    open_plan(planned(decoded_c=1))
    assert work("decode", "abc") == ["c"]
    assert work("score", "abc") == ["c"]


def test_an_input_that_came_out_otherwise_is_used_again(done, work, results):
    """As after a training that was done again, on a device that does not add in the same order each time."""
    receipt = results / receipt_path("decode", "a")
    content = json.loads(receipt.read_text())
    write_text(results / "hypotheses" / "a.tsv", "otherwise")
    write_text(receipt, json.dumps(content | {"outputs": {"a.tsv": sha256_file(results / "hypotheses" / "a.tsv")}}))
    assert work("score", "abc") == ["a"]


def test_a_killed_batch_goes_on_where_it_was(open_plan, work, results):
    open_plan(planned())
    assert work("decode", "abc", failing={"b"}) == ["a"]
    assert not (results / batch_record_path("decode", "abc")).exists()
    assert work("decode", "abc") == ["b", "c"]
    assert (results / batch_record_path("decode", "abc")).exists()


@pytest.mark.parametrize("gone", ["scores/b.tsv", "scores/b.receipt.json"])
def test_a_deleted_file_is_asked_for_and_made_again(done, open_plan, work, results, gone):
    file = results / batch_spec_path("score", "abc")
    before = file.read_text()
    (results / gone).unlink()
    open_plan(planned())
    assert file.read_text() != before  # so Snakemake runs the batch
    requested = file.read_text()
    open_plan(planned())
    assert file.read_text() == requested  # once, however often it is planned
    assert work("score", "abc") == ["b"]
    open_plan(planned())
    assert file.read_text() == requested


def test_nothing_is_asked_for_before_it_was_made(open_plan, results):
    open_plan(planned())
    file = results / batch_spec_path("score", "abc")
    before = file.read_text()
    open_plan(planned())
    assert file.read_text() == before


def test_a_damaged_file_is_made_again_by_the_batch_that_runs(done, work, results):
    (results / "scores" / "a.tsv").write_text("9")
    assert work("score", "abc") == ["a"]
