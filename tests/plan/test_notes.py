"""What the plan says about a configuration, and what the precision of a training is part of."""

import pytest

from tauspeech.plan.notes import notes


def test_a_training_in_fp32_needs_no_note(plan):
    assert not list(notes(plan(decoding={"precision": "bf16"})))


@pytest.mark.parametrize(("precision", "share"), [("bf16", "1/256"), ("fp16", "1/2048")])
def test_a_training_in_half_precision_rounds_weights(plan, precision, share):
    (note,) = notes(plan(training={"precision": precision, "gpus": 1}))
    assert note.startswith(f"key 'training.precision' is {precision}: ") and f"less than {share} of a weight" in note


@pytest.mark.parametrize("precision", ["fp32", "bf16"])
def test_validation_scores_have_the_precision_of_their_training(plan, precision):
    planned = plan(training={"precision": precision}, decoding={"precision": "bf16", "batch": 3, "beams": 5})
    decoding = next(job for job in planned.jobs.values() if job.stage == "finetune").settings["validation_decoding"]
    assert decoding["precision"] == precision and (decoding["batch"], decoding["beams"]) == (3, 1)
