"""The time of a training counts its earlier attempts, up to their last checkpoints."""

import json

import pytest

from tauspeech.runtime.job import Job
from tauspeech.training import elapsed
from tauspeech.training.elapsed import Elapsed
from tests.training.test_lora_stages import LORA, Stages, stages

__all__ = ["stages"]


def interrupted(*_, **__):
    raise KeyboardInterrupt


class State:
    is_world_process_zero = True


@pytest.fixture
def clock(monkeypatch):
    """A clock that a test sets."""
    now = [0.0]
    monkeypatch.setattr(elapsed.time, "monotonic", lambda: now[0])
    return now


def test_an_attempt_goes_on_from_the_last_checkpoint_of_the_one_before(tmp_path, clock):
    first = Elapsed(tmp_path)
    for clock[0] in (10.0, 25.0):
        first.on_save(None, State, None)
    clock[0] = 99.0  # lost: no checkpoint was saved
    second = Elapsed(tmp_path)
    assert (first.before, second.before) == (0, 25)
    clock[0] += 5
    second.on_save(None, State, None)
    assert Elapsed(tmp_path).before == 30


def test_a_torn_file_counts_as_nothing(tmp_path):
    (tmp_path / "seconds.txt").write_text("", encoding="utf-8")
    assert Elapsed(tmp_path).before == 0


def test_the_receipt_of_a_resumed_training_has_the_time_of_all_attempts(stages: Stages, monkeypatch):
    plan = stages.plan(training={"epochs": 1, "batch": 4, "evaluations": 1, "best_by": "loss"} | LORA)
    job = plan.jobs["finetune", "neuschwanstein"]
    for parent in job.parents:
        stages.make(plan, parent.stage, parent.id)
    with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):  # after the last checkpoint
        patched.setattr(Job, "finish", interrupted)
        stages.make_one(job)
    (file,) = stages.results.glob("checkpoints/**/seconds.txt")
    assert 0 < float(file.read_text(encoding="utf-8")) < 600
    file.write_text("1000.0", encoding="utf-8")
    receipt = json.loads((stages.make_one(job) / "receipt.json").read_text(encoding="utf-8"))
    assert receipt["seconds"] > 1000
