"""Files are written atomically, receipts detect changes, and a job opens only the inputs that it was planned for."""

import json
import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tauspeech.runtime.code_version import code_version
from tauspeech.runtime.errors import UserError
from tauspeech.runtime.files import canonical_json, sha256_file, sha256_text, write_atomic, write_folder, write_text
from tauspeech.runtime.job import Job
from tauspeech.runtime.receipts import Receipt, write_receipt


def everything_in(folder):
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*"))


@given(st.dictionaries(st.text(), st.integers() | st.lists(st.text())))
def test_canonical_json_is_the_same_for_equal_values(value):
    text = canonical_json(value)
    assert json.loads(text) == value
    assert text == canonical_json(dict(reversed(value.items())))


def test_canonical_json_refuses_nan():
    with pytest.raises(ValueError):
        canonical_json({"a": float("nan")})


def test_a_failed_write_keeps_the_old_file_and_nothing_else(tmp_path):
    def fails(part):
        part.write_text("half")
        raise RuntimeError("disk full")

    with pytest.raises(RuntimeError):
        write_atomic(tmp_path / "new" / "a.txt", fails)
    write_text(tmp_path / "old.txt", "whole")
    with pytest.raises(RuntimeError):
        write_atomic(tmp_path / "old.txt", fails)
    assert everything_in(tmp_path) == ["new", "old.txt"]
    assert (tmp_path / "old.txt").read_text() == "whole"


def test_a_file_appears_at_its_name_after_it_is_written(tmp_path):
    final = tmp_path / "sub" / "a.tsv"

    def write(part):
        part.write_text("x")
        assert not final.exists()
        assert part.parent == final.parent
        assert part.suffix == ".tsv"

    write_atomic(final, write)
    assert everything_in(tmp_path) == ["sub", "sub/a.tsv"]


def test_a_folder_replaces_the_previous_one(tmp_path):
    folder = tmp_path / "model"
    write_folder(folder, lambda part: (part / "old").write_text("1"))
    write_folder(folder, lambda part: (part / "new").write_text("2"))
    assert everything_in(tmp_path) == ["model", "model/new"]


def test_a_failed_write_of_a_folder_keeps_the_previous_one(tmp_path):
    def fails(part):
        (part / "half").write_text("1")
        raise RuntimeError

    write_folder(tmp_path / "model", lambda part: (part / "old").write_text("1"))
    with pytest.raises(RuntimeError):
        write_folder(tmp_path / "model", fails)
    assert everything_in(tmp_path) == ["model", "model/old"]


def test_remains_of_a_killed_process_do_not_enter_a_folder(tmp_path):
    part = tmp_path / f".model.{os.getpid()}.part"
    part.mkdir()
    (part / "rest").write_text("x")
    write_folder(tmp_path / "model", lambda part: (part / "new").write_text("2"))
    assert everything_in(tmp_path) == ["model", "model/new"]


@pytest.fixture
def receipt(tmp_path):
    """A receipt of two files, one of them in a folder below."""
    write_text(tmp_path / "out" / "a.tsv", "a\n")
    write_text(tmp_path / "out" / "more" / "b.tsv", "b\n")
    path = tmp_path / "out" / "receipt.json"
    outputs = [path.with_name("a.tsv"), path.parent / "more" / "b.tsv"]
    write_receipt(path, "k" * 64, {"stage": "text"}, {}, outputs, 1.25)
    return path


def test_a_receipt_has_its_files_and_versions(receipt):
    read = Receipt.read(receipt)
    assert read.key == "k" * 64
    assert read.files() == {"a.tsv": receipt.with_name("a.tsv"), "more/b.tsv": receipt.parent / "more" / "b.tsv"}
    assert read.content["versions"]["numpy"]
    assert read.content["outputs"]["a.tsv"] == sha256_file(receipt.with_name("a.tsv")) == sha256_text("a\n")


def test_a_receipt_detects_a_changed_byte(receipt):
    receipt.with_name("a.tsv").write_text("A\n")
    with pytest.raises(UserError, match=r"a\.tsv was changed by hand or damaged"):
        Receipt.read(receipt).files()


def test_a_receipt_detects_a_missing_file(receipt):
    (receipt.parent / "more" / "b.tsv").unlink()
    with pytest.raises(UserError, match=r"more/b\.tsv is missing although"):
        Receipt.read(receipt).files()


def test_an_error_names_a_missing_or_broken_receipt(receipt):
    with pytest.raises(UserError, match=r"none\.json is missing"):
        Receipt.read(receipt.with_name("none.json"))
    whole = json.loads(receipt.read_text())
    broken = [
        {key: value for key, value in whole.items() if key != lost} for lost in ("key", "spec", "inputs", "outputs")
    ]
    # Paths outside the folder are refused: `make verify REPAIR=yes` would remove these files.
    broken += [whole | {"outputs": {name: ""}} for name in ("../other.tsv", "/etc/hostname", "more/../../other.tsv")]
    for text in ["{", "[]", *map(json.dumps, broken)]:
        receipt.write_text(text)
        with pytest.raises(UserError, match=r"receipt\.json is not readable JSON, or not a receipt"):
            Receipt.read(receipt)


# Jobs: a small results folder in which speech/a depends on text/a.


def spec(stage, id, inputs=None):
    return {"stage": stage, "id": id, "code": "", "settings": {}, "inputs": inputs or {}, "seed": 1, "threads": 0}


@pytest.fixture
def open_job(tmp_path):
    """Write a specification and open it, as a job does."""

    def open_it(content, threads=3):
        path = tmp_path / "results" / "t" / "plan" / content["stage"] / f"{content['id']}.json"
        write_text(path, canonical_json(content))
        return Job(path, threads)

    return open_it


@pytest.fixture
def made_text(open_job):
    """A finished job text/a."""
    job = open_job(spec("text", "a"))
    write_text(job.path("a.tsv"), "id\n1\n")
    write_text(job.path("a.rejected.tsv"), "reason\n")
    job.finish(job.path("a.tsv"), job.path("a.rejected.tsv"))
    return job


def reference(job):
    return {"stage": job.stage, "id": job.id, "key": job.key}


def test_a_job_opens_the_inputs_that_it_was_planned_for(open_job, made_text):
    job = open_job(spec("speech", "a", {"text": reference(made_text), "all": [reference(made_text)], "empty": []}))
    assert job.input("text", "a.tsv").read_text() == "id\n1\n"
    assert job.input("text", ".") == made_text.receipt.parent
    assert job.inputs("all", "a.tsv") == {"a": made_text.path("a.tsv")}
    assert job.inputs("empty") == job.inputs("absent") == {}
    assert sorted(file.name for file in job.files("text")) == ["a.rejected.tsv", "a.tsv"]
    assert job.files("all") == job.files("text")


def test_a_job_refuses_an_input_of_another_key(open_job, made_text):
    job = open_job(spec("speech", "a", {"text": reference(made_text) | {"key": "0" * 64}}))
    with pytest.raises(UserError, match=r"a\.receipt\.json was made with other settings than speech/a was planned for"):
        job.input("text", "a.tsv")


def test_a_job_refuses_a_changed_input(open_job, made_text):
    made_text.path("a.tsv").write_text("id\n2\n")
    job = open_job(spec("speech", "a", {"text": reference(made_text)}))
    with pytest.raises(UserError, match="was changed by hand"):
        job.input("text", "a.tsv")


def test_a_job_refuses_an_input_that_was_not_made(open_job, made_text):
    made_text.receipt.unlink()
    job = open_job(spec("speech", "a", {"text": reference(made_text)}))
    with pytest.raises(UserError, match=r"text/a\.receipt\.json is missing"):
        job.input("text", "a.tsv")


def test_the_receipt_of_a_job_names_its_inputs(open_job, made_text):
    job = open_job(spec("speech", "a", {"text": reference(made_text)}))
    job.input("text", "a.tsv")
    write_text(job.path("a.parquet"), "x")
    job.finish(job.path("a.parquet"))
    content = Receipt.read(job.receipt).content
    assert content["key"] == job.key
    assert content["inputs"] == {"text": {"key": made_text.key, "receipt": Receipt.read(made_text.receipt).digest}}
    assert content["spec"] == job.spec


def test_the_digest_of_a_receipt_ignores_the_run_time_and_the_commit(made_text):
    receipt = Receipt.read(made_text.receipt)
    assert receipt.content["code"] == code_version().record()
    slower = Receipt(receipt.path, receipt.content | {"seconds": 99.0, "code": {"commit": "another"}})
    other = Receipt(receipt.path, receipt.content | {"outputs": {"a.tsv": "0"}})
    assert receipt.digest == slower.digest != other.digest


def test_planned_threads_come_before_given_ones(open_job):
    assert open_job(spec("speech", "a"), threads=3).threads == 3
    assert open_job(spec("speech", "a") | {"threads": 2}, threads=3).threads == 2


def test_checkpoints_belong_to_one_specification(open_job):
    before = open_job(spec("finetune", "a"))
    after = open_job(spec("finetune", "a") | {"seed": 2})
    assert before.checkpoints != after.checkpoints
