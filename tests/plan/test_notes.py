"""What the plan says about a configuration, and what the precision of a training is part of."""

import json

import pytest

from tauspeech.models.foundation_sizes import SIZES
from tauspeech.plan.notes import PUBLISHED_TOKENS, notes


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


def folder_of(folder, **config):
    path = folder / "base"
    path.mkdir()
    (path / "config.json").write_text(json.dumps(config))
    return "./base"


@pytest.mark.parametrize(
    ("model_type", "tokens", "noted"),
    [
        ("whisper", 51864, True),
        ("whisper", 51866, True),
        ("whisper", 1100, False),
        ("wav2vec2", 32, True),
        ("parakeet_ctc", 1025, True),
        ("parakeet_ctc", 40, False),
    ],
)
def test_published_weights_in_a_folder_with_voices_of_espeak_are_noted(plan, folder, model_type, tokens, noted):
    base = folder_of(folder, model_type=model_type, vocab_size=tokens)
    task = {} if model_type == "whisper" else {"task": "transcribe"}
    found = list(notes(plan(base=base, control_task=None, **task)))
    assert [note.partition(",")[0] for note in found] == [
        "key 'speech.voices.zh' has voices of espeak-ng alone"
    ] * noted


def test_a_type_of_foundations_is_published_with_more_tokens_than_these_have():
    assert {size.model_type for size in SIZES.values()} == set(PUBLISHED_TOKENS)
    assert all(10 * size.tokens < PUBLISHED_TOKENS[size.model_type] for size in SIZES.values())


def test_a_base_of_the_hub_is_named_in_the_note(plan):
    (note,) = notes(plan(base="openai/whisper-base"))
    assert "such as the base openai/whisper-base, often do not recognise these" in note
    assert not list(notes(plan(base="openai/whisper-base", speech={"voices": {"zh": ["coqui/mini", "cmn"]}})))
    assert not list(notes(plan()))
