"""Voices in the plan: which engines, in which environments, with which settings."""

import pytest

from tauspeech.experiments.rare_words.plan import plan
from tauspeech.plan.config import complete
from tauspeech.plan.runtime_settings import runtime_settings_of
from tauspeech.runtime.errors import UserError

XTTS = {"model": "tts_models/multilingual/multi-dataset/xtts_v2", "accept_licence": True}
SERVER = {"url": "http://127.0.0.1:9/v1", "model": "kokoro"}


@pytest.fixture
def planned(folder, monkeypatch):
    monkeypatch.chdir(folder)

    def make(voices, models=None, scoring=None, **speech):
        config = {"name": "t", "experiment": "rare_words", "words": "words.tsv", "base": "foundation/tiny"}
        config["speech"] = {"voices": {"zh": voices}, "models": models or {}} | speech
        config |= {"scoring": scoring} if scoring else {}
        return plan(complete(config, "c.yaml"), folder / "results" / "t").jobs

    return make


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "words.tsv").write_text(
        "word_id\tzh\ten\tdomain\navignon\t阿维尼翁\tAvignon\tlocation\n", encoding="utf-8"
    )
    return tmp_path


def shares(jobs, set_id="avignon"):
    """Ids of the tts jobs of a set."""
    return sorted(job.id for job in jobs["speech", set_id].inputs.get("tts", []))


def test_espeak_alone_needs_no_stage_of_its_own(planned):
    jobs = planned(["cmn", "espeak/cmn+f2"])
    assert jobs["speech", "avignon"].settings["kind"] == "espeak"
    assert jobs["speech", "avignon"].settings["voices"] == ["cmn", "cmn+f2"]
    assert shares(jobs) == []


def test_each_model_has_a_share_in_its_environment(planned):
    jobs = planned(
        ["cmn", "coqui/mini", "coqui/xtts/Ana", "http/studio/alloy"],
        {"coqui": {"xtts": XTTS}, "http": {"studio": SERVER}},
    )
    assert shares(jobs) == [
        "coqui/avignon--coqui-mini",
        "coqui/avignon--coqui-xtts",
        "main/avignon--espeak-ng",
        "main/avignon--http-studio",
    ]
    assert jobs["speech", "avignon"].settings["kind"] == "gathered"
    assert jobs["speech", "avignon"].inputs["base"] is jobs["base", "base"]


def test_kokoro_has_an_environment_of_its_own_and_counts_by_its_files(planned, folder):
    def job(**changes):
        models = {"kokoro": {"v1": {"model": "kokoro"} | changes}}
        return planned(["kokoro/v1/zf_xiaobei", "kokoro/v1"], models)["tts", "kokoro/avignon--kokoro-v1"]

    for name in ("onnx/model_quantized.onnx", "onnx/model.onnx", "voices/zf_xiaobei.bin"):
        (folder / "kokoro" / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / "kokoro" / name).write_text(name)
    first = job()
    assert first.settings["model"]["speed"] == [0.9, 1.1]
    assert len({first.key, job(file="onnx/model.onnx").key, job(speed=[1, 1]).key}) == 3
    (folder / "kokoro" / "voices" / "zf_xiaobei.bin").write_text("another voice")
    assert job().key != first.key


def test_speakers_of_a_model_share_a_job(planned):
    assert shares(planned(["coqui/mini/zh-1", "coqui/mini/zh-2"])) == ["coqui/avignon--coqui-mini"]


def test_carriers_are_not_filtered_by_the_base(planned):
    jobs = planned(["coqui/mini"])
    assert jobs["speech", "avignon--carriers"].settings["check"] is None
    assert jobs["speech", "avignon"].settings["check"]["forms"]["zh"] == ["阿维尼翁"]
    assert planned(["coqui/mini"], check={"errors": None})["speech", "avignon"].settings["check"] is None


def test_what_the_base_passes_of_a_neural_set_is_checked_before_any_training(planned):
    check = planned(["coqui/mini", "cmn"], check={"least_share": 0.3})["intelligibility", "intelligibility"]
    assert {role: [job.id for job in jobs] for role, jobs in check.inputs.items() if jobs} == {
        "rarity": ["avignon"],
        "speech": ["avignon"],
    }
    assert check.settings == {"least": {"avignon": 0.3}}


@pytest.mark.parametrize("share", [0, 0.3, 1])
def test_the_least_share_changes_no_speech(planned, share):
    speech = "speech", "avignon"
    assert planned(["coqui/mini"], check={"least_share": share})[speech].key == planned(["coqui/mini"])[speech].key


@pytest.mark.parametrize(("voices", "errors"), [(["cmn"], 0.5), (["coqui/mini"], None)])
def test_other_sets_are_checked_by_their_carriers_alone(planned, voices, errors):
    jobs = planned(voices, check={"errors": errors})
    check = jobs["intelligibility", "intelligibility"]
    assert (check.inputs["rarity"], check.inputs["speech"]) == ([jobs["rarity", "avignon"]], [])
    assert jobs["rarity", "avignon"].settings["errors"] == errors


def test_the_options_for_chinese_hold_for_the_check_and_other_rules_of_scoring_do_not_repeat_it(planned):
    def check(**scoring):
        return planned(["coqui/mini"], scoring=scoring)["speech", "avignon"].settings["check"]

    assert check(normaliser="whisper", bleu_case="cased") == check()
    assert check(chinese={"script": "simplified"}) == check() | {"scoring": {"script": "simplified"}}


def test_the_shipped_voice_needs_no_training_and_a_retrained_one_does(planned):
    assert ("voice", "mini") not in planned(["coqui/mini"])
    jobs = planned(["coqui/mini"], retrain_voice=True)
    assert jobs["tts", "coqui/avignon--coqui-mini"].inputs["voice"] is jobs["voice", "mini"]


def test_an_engine_that_changes_leaves_the_sets_of_others_alone(planned, monkeypatch):
    before = planned(["coqui/mini"])["tts", "coqui/avignon--coqui-mini"].spec["code"]
    assert before != planned(["http/s/a"], {"http": {"s": SERVER}})["tts", "main/avignon--http-s"].spec["code"]


def test_settings_that_change_no_audio_change_no_key(planned):
    def key(**server):
        return planned(["http/s/a"], {"http": {"s": SERVER | server}})["tts", "main/avignon--http-s"].key

    assert key() == key(url="https://elsewhere/v1", timeout=5, retries=0, key_variable="KEY")
    assert key() != key(model="another")


def test_a_users_file_counts_by_its_content(planned, folder):
    (folder / "say.sh").write_text("one")
    model = {"command": {"own": {"program": ["say.sh", "{text_file}", "{wav}"]}}}
    first = planned(["command/own"], model)["tts", "main/avignon--command-own"].key
    (folder / "say.sh").write_text("two")
    assert planned(["command/own"], model)["tts", "main/avignon--command-own"].key != first


def test_an_argument_that_is_no_path_is_no_trouble(planned, folder):
    script = "cat $1 | say > $2 # " + "x" * 5000
    model = {"command": {"own": {"program": ["bash", "-c", script, "", "{text_file}", "{wav}"]}}}
    job = planned(["command/own"], model)["tts", "main/avignon--command-own"]
    assert not job.spec["settings"]["model"]["files"]


@pytest.mark.parametrize(
    ("voices", "message"),
    [
        (
            ["klingon/x"],
            r"key 'speech\.voices\.zh': 'klingon/x' does not name an engine: give one of espeak, kokoro, coqui,",
        ),
        (["coqui/xtts"], r"the voice coqui/xtts names a model that is not described: add speech\.models\.coqui\.xtts"),
        (["http/studio/a"], r"add speech\.models\.http\.studio"),
    ],
)
def test_a_voice_that_is_not_there_is_named(planned, voices, message):
    with pytest.raises(UserError, match=message):
        planned(voices)


def test_the_report_has_samples_of_the_voices(planned):
    jobs = planned(["cmn", "coqui/mini/zh-1"])
    assert jobs["report", "report"].inputs["voice_samples"] == [jobs["voice_samples", "zh"]]
    samples = {job.id for job in jobs["voice_samples", "zh"].inputs["tts"]}
    assert samples == {"main/zh--samples--espeak-ng", "coqui/zh--samples--coqui-mini"}


def test_what_changes_no_result_lies_in_a_file_of_its_own():
    config = {"text": {"openai": SERVER | {"retries": 3}, "transformers": None, "source": "openai"}}
    config["speech"] = {"models": {"coqui": {"xtts": XTTS}, "http": {"s": SERVER}}}
    assert runtime_settings_of(config) == {
        "text": {"openai": {"url": SERVER["url"], "retries": 3}},
        "speech": {"coqui/xtts": {"accept_licence": True}, "http/s": {"url": SERVER["url"]}},
    }


def test_a_language_model_writes_what_nobody_has_written(planned, folder):
    own = folder / "config" / "text" / "general.tsv"
    own.parent.mkdir(parents=True)
    own.write_text("zh\ten\n茶\ttea\n", encoding="utf-8")
    config = {"name": "t", "experiment": "rare_words", "words": "words.tsv", "base": "foundation/tiny"}
    config["text"] = {"source": "transformers", "transformers": {"model": "some/model"}}
    jobs = plan(complete(config, "c.yaml"), folder / "results" / "t").jobs
    assert jobs["text", "general"].settings["source"]["kind"] == "own"
    assert jobs["text", "avignon"].settings["source"]["kind"] == "transformers"
    assert "most_requests" not in jobs["text", "avignon"].settings["source"]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"text": {"source": "openai"}}, r"key 'text\.openai' is missing"),
        ({"candidates": {"landmark": 3}}, r"key 'text\.source' is template, which cannot propose words"),
    ],
)
def test_a_missing_language_model_is_named(folder, monkeypatch, changes, message):
    monkeypatch.chdir(folder)
    config = {"name": "t", "experiment": "rare_words", "words": "words.tsv", "base": "foundation/tiny"} | changes
    with pytest.raises(UserError, match=message):
        plan(complete(config, "c.yaml"), folder / "results" / "t")
