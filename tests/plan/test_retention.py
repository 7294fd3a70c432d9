"""Retention sets in a plan: every model is decoded and scored on them, and nothing else runs again."""

import pytest

from tauspeech.plan.config import complete
from tauspeech.runtime.errors import UserError
from tests.plan.retention_tables import SETS, write_both, write_recordings

SINGLE = {
    f"{word}{merge}"
    for word in ("neuschwanstein", "avignon", "raphael")
    for merge in ("", "--average", "--ta", "--ties", "--dare")
}
SEVERAL = {
    model
    for subset in ("first2", "first3")
    for model in (
        f"joint--{subset}",
        *(f"{subset}--{merge}" for merge in ("average", "ta", "ties", "dare", "ties--normalised", "dare--normalised")),
    )
}
MODELS = {"raw"} | SINGLE | SEVERAL


@pytest.fixture
def english(folder):
    write_both(folder)
    return {"english": SETS["english"]}


def of_set(name, models=MODELS):
    found = {f"{stage}/{model}/{name}--retention" for stage in ("decode", "score") for model in models}
    return found | {f"speech/{name}--retention"}


def test_a_set_decodes_every_model_and_runs_nothing_else(changed, english):
    assert changed(retention=english) == of_set("english") | {"table/retention", "report/report"}


def test_a_further_set_leaves_the_first_as_it_is(plan, english):
    one, both = plan(retention=english).specs(), plan(retention=SETS).specs()
    differing = {path for path in one if one[path] != both[path]}
    assert differing == {"plan/table/retention.json", "plan/report/report.json"}
    assert {path.removeprefix("plan/").removesuffix(".json") for path in both.keys() - one.keys()} == of_set("chinese")


def test_hypotheses_lie_beside_the_models_own_and_are_of_the_same_model(plan, english):
    jobs = plan(retention=SETS).jobs
    for model in MODELS:
        job = jobs["decode", f"{model}/chinese--retention"]
        other = jobs["decode", "raw/general" if model == "raw" else model]
        assert job.settings["folder"] == other.settings["folder"] == model
        assert job.inputs["model"] is other.inputs["model"]
        assert job.settings["tasks"] == {"chinese--retention": [{"kind": "translate", "source": "zh", "target": "en"}]}


def test_a_model_is_compared_with_the_base_and_its_fine_tune_on_the_set(plan, english):
    jobs = plan(retention=english).jobs
    score = jobs["score", "avignon--ta/english--retention"]
    assert [job.id for job in score.inputs["raw"]] == ["raw/english--retention"]
    assert score.inputs["ft"].id == "avignon/english--retention"
    assert list(score.settings["words"]) == ["avignon"]  # false alarms
    assert jobs["score", "raw/english--retention"].settings["words"] == {}


def test_a_row_is_the_mean_of_single_words_or_a_model_of_several(plan, english):
    table = plan(retention=english).jobs["table", "retention"].settings
    assert table["columns"] == ["Raw", "FT", "Average", "TA", "TIES", "DARE"]
    names = [tuple(row["names"][key] for key in ("set", "metric", "words", "weight")) for row in table["rows"]]
    assert names == [
        ("english", "WER", "each", "validation"),
        ("english", "WER", "2", "validation"),
        ("english", "WER", "3", "validation"),
        ("english", "WER", "2", "normalised"),
        ("english", "WER", "3", "normalised"),
    ]
    cells = [row["cells"] for row in table["rows"]]
    cell = ["english--retention", "transcribe", "en"]
    assert cells[0]["TA"] == [
        [f"{word}--ta/english--retention", *cell] for word in ("neuschwanstein", "avignon", "raphael")
    ]
    assert cells[2]["Raw"] == cells[0]["Raw"] == [["raw/english--retention", *cell]]
    assert cells[2]["FT"] == [["joint--first3/english--retention", *cell]]
    assert cells[4]["TA"] == cells[4]["Average"] == [["first3--average/english--retention", *cell]]


def test_sets_are_those_of_the_first_seed(plan, english):
    jobs = plan(retention=english, repetitions=2).jobs
    found = {id for stage, id in jobs if stage == "decode" and id.endswith("retention")}
    assert found == {f"{model}/english--retention" for model in MODELS}


def test_other_audio_or_text_decodes_the_set_again_and_nothing_else(plan, english, folder):
    before = plan(retention=english).specs()
    (folder / "recorded/a.wav").write_bytes(b"other sound")
    after = plan(retention=english).specs()
    changed = {path.removeprefix("plan/").removesuffix(".json") for path in before if before[path] != after[path]}
    assert changed == of_set("english") | {"table/retention", "report/report"}


def test_the_rows_of_a_table_that_count(plan, english, folder):
    write_recordings(folder, "file\tsplit\ten", "none.wav\ttrain\t", "a.wav\ttest\tOne.")  # of train, nothing is read
    settings = plan(retention=english).jobs["speech", "english--retention"].settings
    assert (settings["only"], settings["languages"], settings["word_id"]) == ("test", ["en"], "")
    write_recordings(folder, "file\tsplit\ten", "a.wav\ttrain\tOne.")
    with pytest.raises(UserError, match=r"recorded/english\.tsv has no row of the split test"):
        plan(retention=english)
    write_recordings(folder, "file\ten", "b.wav\tOne.")
    with pytest.raises(UserError, match=r"english\.tsv, line 2: the audio file recorded/b\.wav does not exist"):
        plan(retention=english)


@pytest.mark.parametrize(
    ("about", "says"),
    [
        ({"recordings": "none.tsv"}, r"key 'retention\.english\.recordings': the table none\.tsv does not exist"),
        (
            {"language": "fr"},
            r"key 'retention\.english\.language': foundation/tiny is trained on en and zh, and not on 'fr'",
        ),
        (
            {"task": "translate", "target": "fr"},
            r"key 'retention\.english\.target': foundation/tiny is trained on en and zh, and not on 'fr'",
        ),
        ({"task": "translate", "target": "zh"}, r"english\.tsv: column 'zh' is missing"),
        ({"task": "hear"}, r"key 'retention\.english\.task': 'hear' is not one of"),
        ({"tasks": "translate"}, r"key 'retention\.english\.tasks' is unknown: did you mean 'task'"),
    ],
)
def test_a_mistake_is_named_with_its_key(plan, english, about, says):
    with pytest.raises(UserError, match=says):
        plan(retention={"english": english["english"] | about})


def test_a_set_without_a_language_is_refused(config, english):
    with pytest.raises(UserError, match=r"key 'retention\.english\.language' is missing: Code of the spoken language"):
        complete(config(retention={"english": {"recordings": "recorded/english.tsv"}}), "c.yaml")


def test_other_bases_may_have_other_languages(plan, english):
    french = {"english": english["english"] | {"language": "fr", "task": "translate"}}
    jobs = plan(retention=french, base="openai/whisper-small").jobs
    assert jobs["table", "retention"].settings["rows"][0]["names"]["metric"] == "BLEU"


def test_recordings_have_to_fit_a_shorter_window(plan, english):
    job = ("speech", "english--retention")
    assert plan(retention=english, base_window=5).jobs[job].settings["longest"] == 2
    assert "longest" not in plan(retention=english).jobs[job].settings
