"""Tests of words and sets without speech in a plan: every model is decoded and scored on them, and nothing else runs again."""

import pytest

from tauspeech.models.hints import LISTED
from tauspeech.plan import fingerprint
from tauspeech.plan.config import complete
from tauspeech.runtime.errors import UserError
from tests.plan.retention_tables import SETS, write_both, write_recordings
from tests.plan.test_retention import MODELS

CALLS = {"recordings": "recorded/calls.tsv", "list": "recorded/list.txt"}


@pytest.fixture
def calls(folder):
    write_recordings(folder, "file\ten", "a.wav\tOne sentence.", name="calls")
    (folder / "recorded/list.txt").write_text("Avignon\n", encoding="utf-8")
    return {"calls": CALLS}


def jobs_of(set_id, stage, models=MODELS):
    return {f"{kind}/{model}/{set_id}" for kind in ("decode", "score") for model in models} | {f"{stage}/{set_id}"}


def differing(before, after):
    paths = {path for path in before.keys() | after.keys() if before.get(path) != after.get(path)}
    return {path.removeprefix("plan/").removesuffix(".json") for path in paths}


def test_a_test_decodes_the_models_of_the_retention_sets_and_runs_nothing_else(changed, calls):
    expected = jobs_of("calls--words", "corpus") | {"table/word_tests", "report/report"}
    assert changed(word_tests=calls) == expected


def test_silence_and_noise_decode_every_model_too(changed):
    expected = jobs_of("silence--no-speech", "speech") | jobs_of("noise--no-speech", "speech")
    assert changed(no_speech={"silence": True, "noise": 2}) == expected | {"table/no_speech", "report/report"}


def test_another_list_scores_again_and_decodes_nothing(plan, calls, folder):
    before = plan(word_tests=calls).specs()
    (folder / "recorded/list.txt").write_text("Avignon\nRaphael\n", encoding="utf-8")
    scores = {f"score/{model}/calls--words" for model in MODELS}
    assert differing(before, plan(word_tests=calls).specs()) == scores | {"table/word_tests", "report/report"}


def test_prompts_and_biases_have_the_lists_in_place_of_the_words_of_the_run(plan, calls, folder):
    systems = {"systems": ["bias", "lora"], "distractors": 50}
    before = plan(word_tests=calls, baselines=systems)
    decode = before.jobs["decode", "first2--bias/calls--words"]
    own = before.jobs["decode", "first2--bias"]
    assert len(own.settings["hints"]["phrases"]) > 50
    lists = before.jobs["score", "first2--bias/calls--words"].settings["lists"]
    assert decode.settings["hints"] == {
        "listing": {"source": CALLS | {"language": "en"}, "lists": lists},
        "strength": own.settings["hints"]["strength"],
    }
    assert LISTED in decode.modules and LISTED not in own.modules
    assert decode.inputs["searches"] == own.inputs["searches"]
    (folder / "recorded/list.txt").write_text("Avignon\nRaphael\n", encoding="utf-8")
    decoded = {
        path
        for path in differing(before.specs(), plan(word_tests=calls, baselines=systems).specs())
        if path.startswith("decode")
    }
    assert decoded == {f"decode/{subset}--bias/calls--words" for subset in ("neuschwanstein", "first2", "first3")}


def test_one_prompt_with_lists_is_decoded_once_for_all_numbers_of_words(plan, calls, folder, monkeypatch):
    monkeypatch.setattr("tauspeech.plan.builder.require_hints", lambda *given: None)  # a foundation follows no prompt
    jobs = plan(word_tests=calls, baselines={"systems": ["prompt", "vector_prompt"]}).jobs
    decoded = {id for stage, id in jobs if stage == "decode" and "prompt/calls--words" in id}
    assert decoded == {
        *("base--prompt/calls--words", "neuschwanstein--vector-prompt/calls--words"),
        *("first2--vector-prompt/calls--words", "first3--vector-prompt/calls--words"),
    }
    for subset in ("neuschwanstein", "first2", "first3"):
        score = jobs["score", f"{subset}--prompt/calls--words"]
        assert score.inputs["hypotheses"].id == "base--prompt/calls--words"


@pytest.mark.parametrize("script", ["finetune.py", "decode.py", "search_candidates.py", "merge_vectors.py"])
def test_other_jobs_do_not_depend_on_the_readers_of_lists(script, monkeypatch):
    read = []
    monkeypatch.setattr(fingerprint, "_read", lambda path: read.append(path) or fingerprint._parse(path))
    fingerprint.fingerprint.__wrapped__(script, ("tauspeech.models.whisper.family",))
    assert any(path.parent.name == "whisper" for path in read)
    assert not any(path.parent.name == "word_lists" for path in read)


def test_other_audio_decodes_again(plan, calls, folder):
    before = plan(word_tests=calls).specs()
    (folder / "recorded/a.wav").write_bytes(b"other sound")
    expected = jobs_of("calls--words", "corpus") | {"table/word_tests", "report/report"}
    assert differing(before, plan(word_tests=calls).specs()) == expected


def test_a_model_is_compared_with_the_base_and_its_fine_tune(plan, calls):
    jobs = plan(word_tests=calls, no_speech={"noise": 1}).jobs
    for set_id, module in (("calls--words", "word_test"), ("noise--no-speech", "no_speech")):
        score = jobs["score", f"avignon--ta/{set_id}"]
        assert score.modules == (f"tauspeech.scoring.{module}",)
        assert [job.id for job in score.inputs["raw"]] == [f"raw/{set_id}"]
        assert score.inputs["ft"].id == f"avignon/{set_id}"


def test_false_alarms_are_of_all_words_of_the_run(plan):
    jobs = plan(no_speech={"noise": 1}).jobs
    assert set(jobs["score", "avignon--ta/noise--no-speech"].settings["words"]) == {
        "neuschwanstein",
        "avignon",
        "raphael",
    }
    decode = jobs["decode", "raw/noise--no-speech"]
    assert decode.settings["tasks"] == {"noise--no-speech": [{"kind": "translate", "source": "zh", "target": "en"}]}


def test_the_tables_have_the_models_of_the_retention_table(plan, calls, folder):
    write_both(folder)
    jobs = plan(word_tests=calls, no_speech={"silence": True}, retention={"english": SETS["english"]}).jobs
    retention = jobs["table", "retention"].settings
    for name, set_id in (("word_tests", "calls--words"), ("no_speech", "silence--no-speech")):
        table = jobs["table", name].settings
        assert table["columns"] == retention["columns"]
        for row, other in zip(table["rows"], retention["rows"], strict=True):
            assert [row["names"][key] for key in ("words", "weight")] == [
                other["names"][key] for key in ("words", "weight")
            ]
            for column, cells in row["cells"].items():
                assert [(cell[0], cell[1]) for cell in cells] == [
                    (cell[0].replace("english--retention", set_id), set_id) for cell in other["cells"][column]
                ]


def test_a_language_without_spaces_has_rates_of_characters(plan, folder):
    write_recordings(folder, "file\tzh\twords", "a.wav\t我去了柏林墙\t柏林墙", name="calls")
    table = plan(word_tests={"calls": {"recordings": "recorded/calls.tsv", "language": "zh"}}).jobs[
        "table", "word_tests"
    ]
    assert [label for _, label in table.settings["rows"][0]["metrics"]] == [
        *("CER", "B-CER", "U-CER"),
        *("recall", "precision", "F1"),
    ]


def test_recordings_have_to_fit_a_shorter_window(plan, calls):
    assert plan(word_tests=calls, base_window=5).jobs["corpus", "calls--words"].settings["longest"] == 2
    assert plan(no_speech={"noise": 1, "seconds": 2}, base_window=5)
    with pytest.raises(UserError, match=r"key 'no_speech\.seconds' is 10, and base_window takes 2 s: lower it"):
        plan(no_speech={"noise": 1}, base_window=5)


@pytest.mark.parametrize(
    ("about", "says"),
    [
        ({}, r"key 'word_tests\.calls': give exactly one of recordings, librispeech, earnings22"),
        (CALLS | {"earnings22": "x"}, r"key 'word_tests\.calls': give exactly one of"),
        (CALLS | {"lists": "x.tsv"}, r"key 'word_tests\.calls\.lists' is not for recordings: leave it out"),
        ({"librispeech": "recorded"}, r"key 'word_tests\.calls': give lists, a file of the published lists, or list"),
        (
            {"librispeech": "none", "list": CALLS["list"]},
            r"key 'word_tests\.calls\.librispeech': the folder none does not",
        ),
        ({"recordings": "none.tsv"}, r"key 'word_tests\.calls\.recordings': the table none\.tsv does not exist"),
        (CALLS | {"list": "none.txt"}, r"key 'word_tests\.calls\.list': the file none\.txt does not exist"),
        ({"recordings": CALLS["recordings"]}, r"calls\.tsv has no column 'words': add it"),
        (CALLS | {"language": "zh"}, r"calls\.tsv: column 'zh' is missing"),
        (CALLS | {"language": "fr"}, r"key 'word_tests\.calls\.language': foundation/tiny is trained on en and zh"),
        (CALLS | {"task": "translate"}, r"key 'word_tests\.calls\.task' is unknown"),
    ],
)
def test_a_mistake_is_named_with_its_key(plan, calls, about, says):
    with pytest.raises(UserError, match=says):
        plan(word_tests={"calls": about})


def test_missing_audio_of_a_table_is_named_with_its_line(plan, calls, folder):
    write_recordings(folder, "file\ten", "b.wav\tOne.", name="calls")
    with pytest.raises(UserError, match=r"calls\.tsv, line 2: the audio file recorded/b\.wav does not exist"):
        plan(word_tests=calls)


def test_sets_without_speech_need_a_number(plan, config):
    with pytest.raises(UserError, match=r"key 'no_speech': give a number of utterances of silence, room, noise"):
        plan(no_speech={})
    with pytest.raises(UserError, match=r"key 'no_speech\.silence'"):
        complete(config(no_speech={"silence": 2}), "c.yaml")
