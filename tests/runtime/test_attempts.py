"""The time of a training counts its earlier attempts, up to their last checkpoint."""

import json
import os

import pytest

from tauspeech.runtime import attempts, job
from tauspeech.runtime.attempts import seconds_before


@pytest.fixture
def clock(monkeypatch):
    """A clock that a test sets."""
    now = [1000.0]
    monkeypatch.setattr(attempts.time, "time", lambda: now[0])
    return now


def save_checkpoint(folder, step, at):
    file = folder / f"checkpoint-{step}/trainer_state.json"
    file.parent.mkdir(parents=True)
    file.write_text("{}", encoding="utf-8")
    os.utime(file, (at, at))


def test_an_attempt_goes_on_from_the_last_checkpoint_of_the_one_before(tmp_path, clock):
    assert seconds_before(tmp_path) == 0
    save_checkpoint(tmp_path, 5, 1010)
    save_checkpoint(tmp_path, 10, 1025)
    clock[0] = 2000.0  # what was done behind the checkpoint is done again
    assert seconds_before(tmp_path) == 25
    clock[0] = 3000.0  # an attempt without a checkpoint
    assert seconds_before(tmp_path) == 25
    save_checkpoint(tmp_path, 15, 3007)
    assert seconds_before(tmp_path) == 32


def test_checkpoints_at_several_rates_count_alike(tmp_path, clock):
    seconds_before(tmp_path)
    save_checkpoint(tmp_path / "rate-0.1", 5, 1004)
    assert seconds_before(tmp_path) == 4


def test_without_a_checkpoint_nothing_counts(tmp_path, clock):
    """The user has deleted them: the training begins anew."""
    (tmp_path / ".attempts.json").write_text('{"before": 3600, "begun": 0}', encoding="utf-8")
    assert seconds_before(tmp_path) == 0


def test_a_torn_file_counts_as_nothing(tmp_path, clock):
    save_checkpoint(tmp_path, 5, 1004)
    (tmp_path / ".attempts.json").write_text('{"bef', encoding="utf-8")
    assert seconds_before(tmp_path) == 0


def test_the_receipt_has_the_time_of_all_attempts(tmp_path, monkeypatch):
    spec = tmp_path / "results/plan/finetune/a.json"
    spec.parent.mkdir(parents=True)
    content = {"stage": "finetune", "id": "a", "settings": {}, "seed": 1, "threads": 1, "inputs": {}}
    spec.write_text(json.dumps(content), encoding="utf-8")
    monkeypatch.setattr(job, "seconds_before", lambda folder: 1000.0)
    made = job.Job(spec, 1)
    job._do(lambda each: each.finish(), made)
    assert 1000 <= json.loads(made.receipt.read_text(encoding="utf-8"))["seconds"] < 1100
