"""Plans of negative_vectors: one vector, subtracted several times, and every model on the same sets."""

import pytest

from tauspeech.runtime.errors import UserError

MODELS = {"base", "phrase", "minus-050", "minus-100"}


def test_every_model_is_decoded_and_scored_on_both_kinds_of_sets_and_both_splits(plan):
    jobs = plan().jobs
    kinds = ("speech", "no-speech", "speech--validation", "no-speech--validation")
    for stage in ("decode", "score"):
        assert {id for found, id in jobs if found == stage} == {
            f"{model}--{kind}" for model in MODELS for kind in kinds
        }
    assert {id for stage, id in jobs if stage == "merge"} == {"minus-050", "minus-100"}
    assert {id for stage, id in jobs if stage == "finetune"} == {"phrase"}
    assert "split" not in jobs["decode", "base--speech"].settings
    assert jobs["decode", "base--speech--validation"].settings["split"] == "validation"


def test_vectors_are_subtracted(plan):
    jobs = plan().jobs
    for id, weight in (("minus-050", -0.5), ("minus-100", -1)):
        (term,) = jobs["merge", id].settings["merge"]["vectors"]
        assert (term["vector"], term["weight"]) == ("phrase", weight)
        assert jobs["merge", id].inputs["base"] is jobs["base", "base"]


def test_the_fine_tune_learns_what_the_base_writes_or_one_phrase(plan):
    (speech,) = plan().jobs["finetune", "phrase"].inputs["sets"]
    assert (speech.stage, speech.id) == ("pseudo_labels", "own-texts")
    jobs = plan(phrase="Thank you.").jobs
    assert not {("pseudo_labels", "own-texts"), ("table", "phrases")} & jobs.keys()
    assert jobs["table", "subtraction"].settings["alarms"]
    (speech,) = jobs["finetune", "phrase"].inputs["sets"]
    assert (speech.stage, speech.settings["text"]) == ("speech", "Thank you.")
    words = jobs["score", "minus-050--no-speech"].settings["words"]
    assert words == {"phrase": {"en": ["Thank you."]}}


def test_silence_is_once_in_each_split_and_trained_audio_is_not_tested(plan):
    jobs = plan().jobs
    assert jobs["speech", "own-texts"].settings["counts"] == {
        "train": {"silence": 1, "room": 6, "noise": 6},
        "validation": {"silence": 1, "room": 2, "noise": 2},
    }
    assert jobs["speech", "noise"].settings["counts"] == {"validation": {"noise": 2}, "test": {"noise": 3}}


def test_another_weight_reaches_its_own_models_and_the_table(plan):
    before, after = plan().specs(), plan(subtraction={"weights": [0.5, 1, 2]}).specs()
    differing = {path.removeprefix("plan/") for path in after if before.get(path) != after[path]}
    assert {path for path in differing if "minus-200" not in path} == {"table/subtraction.json"}


@pytest.mark.parametrize(
    ("keys", "says"),
    [
        ({"recordings": "none.tsv"}, r"key 'recordings': the table none\.tsv does not exist: check its path"),
        ({"base": "foundation/tiny"}, r"key 'base' is foundation/tiny, and this experiment is for published models"),
        ({"phrase": "<|en|>"}, r"key 'phrase': '<\|en\|>' is a token of a model"),
        (
            {"phrase": "[Music]", "scoring": {"normaliser": "whisper"}},
            r"key 'phrase': scoring.normaliser whisper deletes '\[Music\]'",
        ),
        ({"base_window": 4}, r"key 'no_speech\.seconds' is 2, and base_window takes 1 s: lower it"),
        ({"language": "de"}, r"speech\.tsv: column 'de' is missing"),
        ({"subtraction": {"weights": [0]}}, r"key 'subtraction\.weights"),
        ({"subtraction": {"weights": [0.29, 0.125]}}, r"key 'subtraction\.weights': 0\.125 has more than two decimals"),
        ({"no_speech": {"sounds": ["rain"]}}, r"key 'no_speech\.sounds"),
    ],
)
def test_a_mistake_is_one_sentence(plan, keys, says):
    with pytest.raises(UserError, match=says):
        plan(**keys)


def test_speech_for_the_choice_is_needed(plan, folder):
    (folder / "speech.tsv").write_text("file\tsplit\ten\n1.flac\ttest\tA short one.\n", encoding="utf-8")
    with pytest.raises(UserError, match=r"speech\.tsv has no row of the split validation: add recordings"):
        plan()
