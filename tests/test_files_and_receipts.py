"""Files appear whole or not at all, and a job takes only the inputs that it was planned for."""

import json
import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tauspeech.runtime.errors import UserError
from tauspeech.runtime.files import canonical_json, sha256_file, sha256_text, write_atomic, write_folder, write_text
from tauspeech.runtime.job import Job
from tauspeech.runtime.receipts import Receipt, write_receipt


def everything_in(folder):
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*"))


@given(st.dictionaries(st.text(), st.integers() | st.lists(st.text())))
def test_canonical_json_is_one_text_for_one_value(value):
    text = canonical_json(value)
    assert json.loads(text) == value
    assert text == canonical_json(dict(reversed(value.items())))


def test_canonical_json_refuses_what_is_no_number():
    with pytest.raises(ValueError):
        canonical_json({"a": float("nan")})


def test_a_writer_that_fails_leaves_the_old_file_and_nothing_else(tmp_path):
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


def test_while_a_file_is_written_nothing_stands_at_its_name(tmp_path):
    final = tmp_path / "sub" / "a.tsv"

    def write(part):
        part.write_text("x")
        assert not final.exists()
        assert part.parent == final.parent
        assert part.suffix == ".tsv"

    write_atomic(final, write)
    assert everything_in(tmp_path) == ["sub", "sub/a.tsv"]


def test_a_folder_replaces_the_one_before(tmp_path):
    folder = tmp_path / "model"
    write_folder(folder, lambda part: (part / "old").write_text("1"))
    write_folder(folder, lambda part: (part / "new").write_text("2"))
    assert everything_in(tmp_path) == ["model", "model/new"]


def test_a_folder_whose_writer_fails_leaves_the_one_before(tmp_path):
    def fails(part):
        (part / "half").write_text("1")
        raise RuntimeError

    write_folder(tmp_path / "model", lambda part: (part / "old").write_text("1"))
    with pytest.raises(RuntimeError):
        write_folder(tmp_path / "model", fails)
    assert everything_in(tmp_path) == ["model", "model/old"]


def test_rests_of_a_killed_writer_do_not_enter_a_folder(tmp_path):
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


def test_a_receipt_knows_its_files_and_what_made_them(receipt):
    read = Receipt.read(receipt)
    assert read.key == "k" * 64
    assert read.files() == {"a.tsv": receipt.with_name("a.tsv"), "more/b.tsv": receipt.parent / "more" / "b.tsv"}
    assert read.content["versions"]["numpy"]
    assert read.content["outputs"]["a.tsv"] == sha256_file(receipt.with_name("a.tsv")) == sha256_text("a\n")


def test_a_receipt_notices_a_changed_byte(receipt):
    receipt.with_name("a.tsv").write_text("A\n")
    with pytest.raises(UserError, match=r"a\.tsv was changed by hand or damaged"):
        Receipt.read(receipt).files()


def test_a_receipt_notices_a_missing_file(receipt):
    (receipt.parent / "more" / "b.tsv").unlink()
    with pytest.raises(UserError, match=r"more/b\.tsv is missing although"):
        Receipt.read(receipt).files()


def test_a_missing_or_broken_receipt_is_named(receipt):
    with pytest.raises(UserError, match=r"none\.json is missing"):
        Receipt.read(receipt.with_name("none.json"))
    whole = json.loads(receipt.read_text())
    broken = [
        {key: value for key, value in whole.items() if key != lost} for lost in ("key", "spec", "inputs", "outputs")
    ]
    # One of elsewhere may name files of elsewhere, which `make verify REPAIR=yes` would remove.
    broken += [whole | {"outputs": {name: ""}} for name in ("../other.tsv", "/etc/hostname", "more/../../other.tsv")]
    for text in ["{", "[]", *map(json.dumps, broken)]:
        receipt.write_text(text)
        with pytest.raises(UserError, match=r"receipt\.json is not readable JSON, or no receipt"):
            Receipt.read(receipt)


# Tasks: a small results folder in which speech/a depends on text/a.


def spec(stage, id, inputs=None):
    return {"stage": stage, "id": id, "code": "", "settings": {}, "inputs": inputs or {}, "seed": 1, "threads": 0}


@pytest.fixture
def open_task(tmp_path):
    """Write a specification and open it, as a job does."""

    def open_it(content, threads=3):
        path = tmp_path / "results" / "t" / "plan" / content["stage"] / f"{content['id']}.json"
        write_text(path, canonical_json(content))
        return Job(path, threads)

    return open_it


@pytest.fixture
def made_text(open_task):
    """A finished job text/a."""
    job = open_task(spec("text", "a"))
    write_text(job.path("a.tsv"), "id\n1\n")
    write_text(job.path("a.rejected.tsv"), "reason\n")
    job.finish(job.path("a.tsv"), job.path("a.rejected.tsv"))
    return job


def reference(job):
    return {"stage": job.stage, "id": job.id, "key": job.key}


def test_a_task_opens_the_inputs_that_it_was_planned_for(open_task, made_text):
    job = open_task(spec("speech", "a", {"text": reference(made_text), "all": [reference(made_text)], "empty": []}))
    assert job.input("text", "a.tsv").read_text() == "id\n1\n"
    assert job.input("text", ".") == made_text.receipt.parent
    assert job.inputs("all", "a.tsv") == {"a": made_text.path("a.tsv")}
    assert job.inputs("empty") == job.inputs("absent") == {}
    assert sorted(file.name for file in job.files("text")) == ["a.rejected.tsv", "a.tsv"]
    assert job.files("all") == job.files("text")


def test_a_task_refuses_an_input_of_another_key(open_task, made_text):
    job = open_task(spec("speech", "a", {"text": reference(made_text) | {"key": "0" * 64}}))
    with pytest.raises(UserError, match=r"a\.receipt\.json belongs to other settings than speech/a was planned for"):
        job.input("text", "a.tsv")


def test_a_task_refuses_a_changed_input(open_task, made_text):
    made_text.path("a.tsv").write_text("id\n2\n")
    job = open_task(spec("speech", "a", {"text": reference(made_text)}))
    with pytest.raises(UserError, match="was changed by hand"):
        job.input("text", "a.tsv")


def test_a_task_refuses_an_input_that_was_not_made(open_task, made_text):
    made_text.receipt.unlink()
    job = open_task(spec("speech", "a", {"text": reference(made_text)}))
    with pytest.raises(UserError, match=r"text/a\.receipt\.json is missing"):
        job.input("text", "a.tsv")


def test_the_receipt_of_a_task_names_its_inputs(open_task, made_text):
    job = open_task(spec("speech", "a", {"text": reference(made_text)}))
    job.input("text", "a.tsv")
    write_text(job.path("a.parquet"), "x")
    job.finish(job.path("a.parquet"))
    content = Receipt.read(job.receipt).content
    assert content["key"] == job.key
    assert content["inputs"] == {"text": {"key": made_text.key, "receipt": Receipt.read(made_text.receipt).digest}}
    assert content["spec"] == job.spec


def test_the_digest_of_a_receipt_is_blind_to_the_time_that_the_work_took(made_text):
    receipt = Receipt.read(made_text.receipt)
    slower = Receipt(receipt.path, receipt.content | {"seconds": 99.0})
    other = Receipt(receipt.path, receipt.content | {"outputs": {"a.tsv": "0"}})
    assert receipt.digest == slower.digest != other.digest


def test_planned_threads_come_before_given_ones(open_task):
    assert open_task(spec("speech", "a"), threads=3).threads == 3
    assert open_task(spec("speech", "a") | {"threads": 2}, threads=3).threads == 2


def test_checkpoints_belong_to_one_specification(open_task):
    before = open_task(spec("finetune", "a"))
    after = open_task(spec("finetune", "a") | {"seed": 2})
    assert before.checkpoints != after.checkpoints
