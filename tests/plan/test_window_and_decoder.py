"""A shorter input window, and trainings of the decoder alone, in a plan."""

import pytest
import yaml
from transformers import WhisperProcessor

from tauspeech.plan.config import complete
from tauspeech.plan.index import _plan_of
from tauspeech.plan.sources import input_window
from tauspeech.runtime.errors import UserError
from tauspeech.runtime.paths import FOUNDATIONS
from tests.plan.small import with_corpus

FAMILY = "tauspeech.models.whisper.family"
VOICES = {"zh": ["coqui/mini"]}  # an engine with a round-trip check
LORS = yaml.safe_load(
    "{name: t, experiment: lors, base: foundation/multilingual-tiny, groups: {high: {languages: [ca, de]}}}"
)


@pytest.fixture
def lors(folder):
    return lambda **sections: _plan_of(complete(LORS | sections, "c.yaml"), folder / "results/t").jobs


@pytest.fixture
def jobs_of(plan, lors):
    """Jobs of an experiment with such settings."""
    return lambda experiment, **sections: plan(**sections).jobs if experiment == "rare_words" else lors(**sections)


@pytest.mark.parametrize(
    ("experiment", "more"), [("rare_words", {}), ("rare_words", {"speech": {"voices": VOICES}}), ("lors", {})]
)
def test_all_jobs_that_open_a_model_have_the_window_and_no_others(jobs_of, experiment, more):
    jobs = jobs_of(experiment, base_window=10, **more)
    opening = {key for key, job in jobs.items() if FAMILY in job.modules and job.stage != "base"}
    parts = ("check", "sample")  # in which some jobs have the settings of decoding
    used = {key: next(filter(None, map(job.settings.get, parts)), job.settings) for key, job in jobs.items()}
    assert opening == {key for key, settings in used.items() if settings.get("base_window") == 10}
    expected = {"finetune", "search", "decode", "voice_samples"}
    expected |= {"rarity"} if experiment == "rare_words" else {"intelligibility"}
    assert {stage for stage, _ in opening} == expected | ({"speech"} if more else set())


def test_without_it_nothing_changes(changed):
    assert changed(base_window=None) == set()


@pytest.mark.parametrize("voices", [{"zh": ["cmn"]}, VOICES])
@pytest.mark.parametrize(("window", "longest", "expected"), [(None, 30, 30), (10, 30, 7), (10, 5, 5)])
def test_speech_that_does_not_fit_the_window_is_dropped(plan, voices, window, longest, expected):
    jobs = plan(base_window=window, speech={"voices": voices, "longest": longest}).jobs
    of_word = [job for (stage, id), job in jobs.items() if stage in ("speech", "tts") and "avignon" in id]
    found = {job.settings["longest"] for job in of_word if "longest" in job.settings}
    assert found == {expected}


@pytest.mark.parametrize(
    ("window", "corpus", "expected"),
    [(None, {}, None), (10, {}, 7), (10, {"max_seconds": 5}, 5), (None, {"max_seconds": 9}, 9)],
)
def test_recorded_speech_of_a_corpus_likewise(lors, folder, window, corpus, expected):
    folders = with_corpus({"corpus": True}, folder)["corpus"]
    jobs = lors(base_window=window, corpus=folders | corpus)
    assert jobs["corpus", "ca"].settings["source"].get("max_seconds") == expected


@pytest.fixture
def ctc(folder):
    (folder / "ctc").mkdir()
    (folder / "ctc/config.json").write_text('{"model_type": "wav2vec2"}')
    return {"base": "ctc", "task": "transcribe", "control_task": None}


def test_models_without_a_window_refuse_one(plan, ctc):
    with pytest.raises(UserError, match=r"'base_window': ctc is of the type 'wav2vec2', whose inputs .*: leave it out"):
        plan(base_window=10, **ctc)


def test_a_window_longer_than_the_bases_is_refused(plan):
    assert plan(base="foundation/small", base_window=5).jobs
    with pytest.raises(
        UserError, match=r"'base_window' is 10, and the input window of foundation/small is 6 s: lower it"
    ):
        plan(base="foundation/small", base_window=10)


def test_the_window_of_a_folder_is_read_as_transformers_4_and_5_save_it(tmp_path):
    processor = WhisperProcessor.from_pretrained(FOUNDATIONS / "small")
    for name, part in (("old", processor.feature_extractor), ("new", processor)):
        part.save_pretrained(tmp_path / name)
        assert input_window(str(tmp_path / name)) == 6
    assert not (tmp_path / "new/preprocessor_config.json").exists()
    assert input_window(str(tmp_path)) is None


@pytest.mark.parametrize("window", [3, 10.5, "10"])
def test_a_window_is_a_number_of_seconds_with_room(config, window):
    with pytest.raises(UserError, match="base_window"):
        complete(config(base_window=window), "c.yaml")


def test_a_training_of_the_decoder_has_neither_an_adapter_nor_its_settings(plan, changed):
    jobs = plan(training={"trainable": "decoder", "lora": {"rank": 4}}).jobs
    job = jobs["finetune", "avignon"]
    assert job.settings["trainable"] == "decoder" and "lora" not in job.settings
    assert "tauspeech.training.decoder" in job.modules and "tauspeech.training.lora" not in job.modules
    assert jobs["vector", "avignon"].settings == {}
    found = changed(overrides={"avignon": {"training": {"trainable": "decoder"}}})
    assert "finetune/avignon" in found and not {"finetune/raphael", "speech/avignon", "rarity/avignon"} & found


def test_models_without_a_decoder_refuse_to_train_one(plan, ctc):
    with pytest.raises(
        UserError, match=r"'training\.trainable' is decoder, and ctc is of the type 'wav2vec2', which has none"
    ):
        plan(training={"trainable": "decoder"}, **ctc)
