"""The plan of the experiment lors: the paper's trainings, merges and tables, and what a change reaches."""

from collections import Counter

import pandas as pd
import pytest
import yaml

from tauspeech.experiments.lors.plan import plan as plan_of
from tauspeech.experiments.lors.report import described_tables
from tauspeech.plan.config import complete
from tauspeech.runtime.errors import UserError
from tauspeech.runtime.paths import ROOT
from tests.experiments.lors.conftest import BOTH, HIGH, LOW
from tests.plan.retention_tables import SETS, write_both
from tests.plan.small import with_corpus

MERGES = ["Weight Averaging", "Task Arithmetic", "MP-Merging", "SVP-Merging", "LoRS-Merging"]


def ids(plan, stage):
    return {id for found, id in plan.jobs if found == stage}


def table(plan, name):
    return plan.jobs["table", name].settings


def systems(plan, name):
    return [row["names"]["system"] for row in table(plan, name)["rows"]]


def changed(before, after):
    first, second = before.specs(), after.specs()
    return {path.split("/")[1] for path in first.keys() | second.keys() if first.get(path) != second.get(path)}


def test_trainings_are_the_papers(plan):
    """Of each set: 10 single ones, 5 with both tasks, 2 with all languages, one with everything."""
    planned = plan(groups=BOTH, figures={"drawn": []}, sequential=[])
    single = {f"{language}--{task}" for language in HIGH + LOW for task in ("asr", "st")}
    joint = {f"{group}--{rest}" for group in ("high", "low") for rest in ("ml--asr", "ml--st", "mlmt")}
    assert ids(planned, "finetune") == single | joint | {f"{language}--mt" for language in HIGH + LOW}


def test_merges_are_the_papers(plan):
    """Of each set: Tables 1 and 2 have five merges, Table 3 five for each language, Table 4 two of three kinds."""
    planned = plan(groups=BOTH, figures={"drawn": []})
    methods = ("average", "ta", "mp", "svp", "lors")
    expected = {f"{group}--{task}--{method}" for group in BOTH for task in ("asr", "st") for method in methods}
    expected |= {f"{language}--both--{method}" for language in HIGH + LOW for method in methods}
    expected |= {
        f"{group}--{kind}--{method}"
        for group in BOTH
        for kind in ("all", "mt-ml", "ml-mt")
        for method in ("ta", "lors")
    }
    assert ids(planned, "merge") == expected
    searches = {id for id in ids(planned, "search") if not id.endswith("--pruning")}
    assert searches == {id for id in expected if not id.endswith("--average")}


def test_sentences_are_as_many_as_fill_the_hours(plan):
    high = {"languages": HIGH, "hours": {"train": 1.0, "validation": 0.1, "test": 0.2}}

    def counts(**text):
        return plan(groups={"high": high}, text=text).jobs["text", HIGH[0]].settings["counts"]

    assert counts() == {"train": 3000, "validation": 300, "test": 600}
    assert counts(seconds=3) == {"train": 1200, "validation": 120, "test": 240}


def test_ratios_are_chosen_for_each_vector_that_is_pruned(plan):
    planned = plan(figures={"drawn": []})
    searched = {id.removesuffix("--pruning") for id in ids(planned, "search") if id.endswith("--pruning")}
    assert searched == {id for id in ids(planned, "finetune") if "sequential" not in id} - {"high--mlmt"}
    settings = planned.jobs["search", "ca--asr--pruning"].settings
    assert (settings["kind"], settings["split"], settings["score"]) == ("pruned_vectors", "validation", "validation")
    assert settings["rule"] == {"kind": "smallest_ratios"}


def test_the_papers_grids_are_covered_by_each_pruning_alone_and_by_both(plan):
    ranks, keeps = [0.01, 0.02, 0.03, 0.05], [0.1, 0.2, 0.4, 0.6]
    candidates = plan().jobs["search", "ca--asr--pruning"].settings["candidates"]
    assert [each["method"] for each in candidates] == ["svd"] * 4 + ["magnitude"] * 4 + ["lors"] * 16
    assert {(each["method"], each["rank"], each["keep"]) for each in candidates} == {
        *(("svd", rank, 0) for rank in ranks),
        *(("magnitude", 0, keep) for keep in keeps),
        *(("lors", rank, keep) for rank in ranks for keep in keeps),
    }


def test_what_a_merge_is_made_of(plan):
    planned = plan()

    def vectors(id):
        return [job.id for job in planned.jobs["merge", id].inputs["vectors"]]

    assert vectors("high--asr--lors") == [f"{language}--asr" for language in HIGH]
    assert vectors("ca--both--ta") == ["ca--asr", "ca--st"]
    assert vectors("high--all--ta") == [f"{language}--{task}" for task in ("asr", "st") for language in HIGH]
    assert vectors("high--mt-ml--lors") == [f"{language}--mt" for language in HIGH]
    assert vectors("high--ml-mt--lors") == ["high--ml--asr", "high--ml--st"]
    pruned = planned.jobs["merge", "high--asr--svp"]
    for term, id in zip(pruned.settings["merge"]["vectors"], vectors("high--asr--svp"), strict=True):
        assert (term["merge"]["method"], term["merge"]["vectors"]) == ("svd", [{"vector": id, "weight": 1}])
        assert term["merge"]["options"] == {"search": f"{id}--pruning", "choice": "svd"}
    searches = ["high--asr--svp", *(f"{id}--pruning" for id in vectors("high--asr--svp"))]
    assert sorted(job.id for job in pruned.inputs["searches"]) == sorted(searches)
    assert [job.id for job in planned.jobs["merge", "high--asr--ta"].inputs["searches"]] == ["high--asr--ta"]
    assert planned.jobs["merge", "ca--both--average"].settings["merge"]["scale"] == 1 / 2
    assert planned.jobs["merge", "high--asr--average"].settings["merge"]["scale"] == 1 / 5


def test_joint_trainings_have_the_same_data_for_each_language_and_task(plan):
    planned = plan()
    everything = planned.jobs["finetune", "high--mlmt"]
    assert [job.id for job in everything.inputs["sets"]] == HIGH
    for language in HIGH:
        tasks = [task["kind"] for task in everything.settings["tasks"][language]]
        assert tasks == ["transcribe", "translate"]
        alone = planned.jobs["finetune", f"{language}--st"]
        assert alone.settings["tasks"] == {language: [everything.settings["tasks"][language][1]]}
        assert alone.settings["epochs"] == everything.settings["epochs"]
        assert alone.settings["share"] == everything.settings["share"] == 1


def test_every_system_of_the_papers_tables_has_its_row(plan):
    planned = plan(groups=BOTH)
    single = ["Pretrained", "Finetuned"]
    for name in ("table1", "table2", "table7", "table8"):
        assert systems(planned, name) == [*single, "Multi-lingual training", "Sequential training", *MERGES]
    for name in ("table3", "table9", "table11"):
        assert systems(planned, name) == [*single, "Multi-task training", *MERGES]
    for name in ("table4", "table10"):
        assert systems(planned, name) == [
            "Pretrained",
            "Finetuned",
            "ML and MT training",
            "ML and MT Task Arithmetic",
            "ML and MT LoRS-Merging",
            "MT training",
            "MT training + ML Task Arithmetic",
            "MT training + ML LoRS-Merging",
            "ML training",
            "ML training + MT Task Arithmetic",
            "ML training + MT LoRS-Merging",
        ]
    assert table(planned, "table1")["columns"] == [*HIGH, "Avg."]
    assert table(planned, "table3")["columns"] == ["WER Avg.", "BLEU Avg."]
    assert table(planned, "table10")["columns"] == [
        *(f"WER {language}" for language in LOW),
        "WER Avg.",
        *(f"BLEU {language}" for language in LOW),
        "BLEU Avg.",
    ]


def test_a_cell_is_a_model_on_a_set_and_a_task(plan):
    rows = {row["names"]["system"]: row["cells"] for row in table(plan(), "table4")["rows"]}
    assert rows["Pretrained"]["WER fr"] == [["raw/fr", "fr", "transcribe", "fr"]]
    assert rows["Finetuned"]["BLEU fr"] == [["fr--st", "fr", "translate", "en"]]
    assert rows["MT training"]["WER fr"] == [["fr--mt", "fr", "transcribe", "fr"]]
    assert rows["ML training"]["BLEU fr"] == [["high--ml--st", "fr", "translate", "en"]]
    assert rows["ML and MT LoRS-Merging"]["WER Avg."] == [
        ["high--all--lors", language, "transcribe", language] for language in HIGH
    ]


def test_a_group_without_the_other_has_its_own_tables(plan):
    planned = plan(groups={"low": {"languages": LOW}})
    assert {"table7", "table8", "table9", "table10"} <= ids(planned, "table")
    assert not {"table1", "table2", "table3", "table4", "table11"} & ids(planned, "table")


def test_recognised_languages_are_in_the_tables_of_recognition_and_of_everything(plan):
    group = {"languages": ["es", "fr"], "recognised": ["de", "en"]}
    voices = {language: [language] for language in ("de", "en", "es", "fr")}
    planned = plan(groups={"high": group}, figures={"drawn": ["fig3"]}, sequential=[], speech={"voices": voices})

    def columns(name):
        return [column for column in table(planned, name)["rows"][-1]["cells"] if "Avg." not in column]

    assert columns("table1") == ["es", "fr", "de", "en"] and columns("table2") == ["es", "fr"]
    assert columns("table11") == ["WER es", "WER fr", "BLEU es", "BLEU fr"]
    assert columns("table4") == ["WER es", "WER fr", "WER de", "WER en", "BLEU es", "BLEU fr"]
    single = {f"{language}--asr" for language in ("es", "fr", "de", "en")} | {"es--st", "fr--st"}
    assert ids(planned, "finetune") == single | {"es--mt", "fr--mt", "high--ml--asr", "high--ml--st", "high--mlmt"}
    # A recognised language has no training on both tasks, and takes part with its single one.
    merged = planned.jobs["merge", "high--mt-ml--ta"].inputs["vectors"]
    assert [job.id for job in merged] == ["es--mt", "fr--mt", "de--asr", "en--asr"]
    counts = [(row["names"]["task"], row["names"]["languages"]) for row in table(planned, "fig3")["rows"]]
    assert counts == [("transcribe", 2), ("transcribe", 3), ("transcribe", 4), ("translate", 2)]
    # Their sets have no translations.
    assert planned.jobs["speech", "de"].settings["languages"] == ["de"]
    assert planned.jobs["speech", "fr"].settings["languages"] == ["fr", "en"]


def test_a_recognised_language_without_spaces_is_in_the_names_of_error_rates(plan, folder):
    (folder / "config" / "recordings").mkdir(parents=True)
    rows = [f"a.wav\t{split}\tText" for split in ("train", "validation", "test")]
    (folder / "config" / "recordings" / "ja.tsv").write_text("\n".join(["file\tsplit\tja", *rows]), encoding="utf-8")
    (folder / "config" / "recordings" / "a.wav").write_bytes(b"")
    group = {"languages": ["es", "fr"], "recognised": ["ja"]}
    planned = plan(groups={"high": group}, base="openai/whisper-small", figures={"drawn": ["fig3"]}, sequential=[])
    assert planned.jobs["figure", "fig3"].settings["error_rate"] == "WER/CER"
    config = planned.jobs["report", "report"].settings["config"]
    (shown,) = described_tables({"table1": pd.DataFrame({"system": ["Finetuned"], "CER ja": [1.0]})}, config)
    assert "WER, or CER where a column says so," in shown.caption


@pytest.mark.parametrize(("errors", "checked"), [(0.4, True), (None, False)])
def test_a_sample_of_each_language_is_decoded_greedily_unless_the_check_is_turned_off(plan, errors, checked):
    planned = plan(speech={"check": {"errors": errors}}, decoding={"beams": 5})
    assert ids(planned, "intelligibility") == ({"intelligibility"} if checked else set())
    if checked:
        sample = planned.jobs["intelligibility", "intelligibility"].settings["sample"]
        assert (sample["beams"], sample["errors"]) == (1, 0.4)


def test_the_groups_have_the_papers_hours(plan):
    planned = plan(groups=BOTH)
    assert planned.jobs["speech", "ca"].settings["hours"] == {"train": 5, "validation": 1, "test": 1}
    assert planned.jobs["speech", "sv"].settings["hours"] == {"train": 1, "validation": 1, "test": 1}


def test_figure_3_takes_all_combinations(plan):
    planned = plan(figures={"drawn": ["fig3"]})
    merged = {id for id in ids(planned, "merge") if id.endswith("--asr--lors")}
    counts = Counter(len(planned.jobs["merge", id].inputs["vectors"]) for id in merged)
    assert counts == {2: 10, 3: 10, 4: 5, 5: 1}
    rows = {(row["names"]["task"], row["names"]["languages"]): row["cells"] for row in table(planned, "fig3")["rows"]}
    assert len(rows) == 8
    assert len(rows["transcribe", 3]["LoRS-Merging"]) == 30
    # Each of the trainings is there for the tables already.
    assert ids(planned, "finetune") == ids(plan(figures={"drawn": []}), "finetune")


def test_figure_4_trains_and_merges_at_each_size(plan):
    planned = plan(figures={"drawn": ["fig4"], "shares": [0.2, 1]})
    new = ids(planned, "finetune") - ids(plan(figures={"drawn": []}), "finetune")
    assert new == {f"{language}--{task}--of20" for language in HIGH for task in ("asr", "st")} | {
        "high--ml--asr--of20",
        "high--ml--st--of20",
    }
    assert planned.jobs["finetune", "ca--st--of20"].settings["share"] == 0.2
    assert [row["names"] for row in table(planned, "fig4")["rows"]] == [
        {"task": task, "hours": hours} for task in ("transcribe", "translate") for hours in (1.0, 5)
    ]


def test_figure_5_prunes_single_models_of_recognition(plan):
    planned = plan(figures={"drawn": ["fig5"], "shares": [0.2, 0.6, 1]})
    curves = {id.removesuffix("--pruning-curve") for id in ids(planned, "search") if id.endswith("--pruning-curve")}
    assert curves == {f"{language}--asr{size}" for language in HIGH for size in ("--of20", "--of60", "")}
    assert table(planned, "fig5")["hours"]["ca--asr--of60--pruning-curve"] == 3
    settings = planned.jobs["search", "ca--asr--pruning-curve"].settings
    assert (settings["rule"], settings["split"], settings["score"]) == (None, "test", "headline")


def test_a_training_has_its_own_settings(plan):
    overrides = {"ca--asr": {"training": {"learning_rate": 1e-6}}, "high--ml--st": {"training": {"epochs": 3}}}
    planned = plan(overrides=overrides, figures={"drawn": ["fig4"], "shares": [0.2, 1]})
    assert planned.jobs["finetune", "ca--asr"].settings["learning_rate"] == 1e-6
    assert planned.jobs["finetune", "ca--asr--of20"].settings["learning_rate"] == 1e-6
    assert planned.jobs["finetune", "ca--st"].settings["learning_rate"] == 1e-5
    assert planned.jobs["finetune", "high--ml--st"].settings["epochs"] == 3
    with pytest.raises(UserError, match=r"key 'overrides\.ca-asr': there is no such training.*did you mean 'ca--asr'"):
        plan(overrides={"ca-asr": {"training": {"epochs": 3}}})


def test_where_a_model_is_decoded_reaches_nothing(plan):
    assert not changed(plan(), plan(decoding={"gpus": 1}, training={"gpus": 1}))


def test_other_lambdas_reach_no_ratio_and_other_ratios_reach_no_training(plan):
    before = plan()
    reached = {"search", "merge", "decode", "score", "table", "claims", "report"}
    after = plan(merging={"grid": [0.5]})
    assert changed(before, after) == reached
    prunings = [path for path in before.specs() if path.endswith("--pruning.json")]
    assert prunings and all(before.specs()[path] == after.specs()[path] for path in prunings)
    assert changed(before, plan(merging={"ranks": [0.5]})) == reached


def test_a_new_language_leaves_what_is_of_the_others_alone(plan):
    """With a base that does not depend on the languages."""
    four, five = plan(groups={"high": {"languages": HIGH[:4]}}, base="a/b"), plan(base="a/b")
    before, after = four.specs(), five.specs()
    same = {path.removeprefix("plan/") for path in before if before[path] == after.get(path)}
    for language in HIGH[:4]:
        assert {
            f"speech/{language}.json",
            f"finetune/{language}--asr.json",
            f"search/{language}--st--pruning.json",
        } <= same
        assert {
            f"merge/{language}--both--lors.json",
            f"score/{language}--mt.json",
            f"decode/raw/{language}.json",
        } <= same
    assert "finetune/high--ml--asr.json" not in same


def test_a_repetition_makes_all_again_but_the_base(plan):
    once, twice = plan(), plan(repetitions=2)
    assert once.specs().items() - twice.specs().items() <= {
        (path, text) for path, text in once.specs().items() if path == "plan/claims/claims.json" or "report" in path
    }
    assert {id for id in ids(twice, "finetune") if id.endswith("--seed2")} == {
        f"{id}--seed2" for id in ids(once, "finetune")
    }
    assert ids(twice, "base") == {"base"}
    assert twice.jobs["finetune", "ca--asr--seed2"].seed == 2
    assert twice.jobs["speech", "ca--seed2"].seed == 2
    of_first = {"fig3", "fig4", "fig5", "retention"}
    repeated = ids(once, "table") - of_first
    over_all = {f"{id}--seeds" for id in repeated - {"rates", "ratios", "weights"}}
    assert ids(twice, "table") == ids(once, "table") | {f"{id}--seed2" for id in repeated} | over_all
    (first, second) = (twice.jobs["table", name].settings["rows"][0] for name in ("table4", "table4--seed2"))
    assert first["names"] == second["names"] and first["cells"] != second["cells"]


def test_claims_hold_the_papers_systems_against_each_other(plan):
    claims = {claim["id"]: claim for claim in plan(repetitions=2).jobs["claims", "claims"].settings["claims"]}
    best = claims["high-asr-lors-best"]
    assert len(best["runs"]) == 2 and len(best["runs"][0]["than"]) == 4
    assert best["runs"][0]["better"] == [["high--asr--lors", language, "transcribe", language] for language in HIGH]
    assert best["runs"][1]["better"][0] == ["high--asr--lors--seed2", "ca--seed2", "transcribe", "ca"]
    low = plan(groups={"low": {"languages": LOW}}).jobs["claims", "claims"].settings["claims"]
    of_high_alone = ("mp-above-ta", "ml-then-mt", "ta-above-wa", "above-finetuned")
    assert not any(name in claim["id"] for claim in low for name in of_high_alone)


def test_the_papers_tables_support_its_claims_but_for_one_of_its_text(plan):
    claims = plan(groups=BOTH).jobs["claims", "claims"].settings["claims"]
    contradicted = {claim["id"] for claim in claims if claim["paper"] is not None and claim["paper"] <= 0}
    assert contradicted == {"high-mlmt-st-relative"}  # 4 % BLEU, which are 3.1 % in Table 4


def test_sequential_training_is_compared_where_it_has_a_row(plan):
    planned = plan(sequential=["st", "mlmt"])
    claims = {claim["id"]: claim for claim in planned.jobs["claims", "claims"].settings["claims"]}
    found = {id: claim for id, claim in claims.items() if id.endswith("above-sequential")}
    assert found.keys() == {f"high-{setting}-above-sequential" for setting in ("st", "mlmt-asr", "mlmt-st")}
    assert {claim["source"] for claim in found.values()} == {"Abstract of version 3"}
    (run,) = found["high-mlmt-asr-above-sequential"]["runs"]
    assert run["better"][0][0] == "high--all--lors"
    assert run["than"]["Sequential training"][0][0] == "high--sequential--asr-st--it"


def test_a_claim_is_about_one_metric(plan):
    for claim in plan(groups=BOTH).jobs["claims", "claims"].settings["claims"]:
        for run in claim["runs"]:
            tasks = {task for cells in (run["better"], *run["than"].values()) for _, _, task, _ in cells}
            assert len(tasks) == 1, claim["id"]


def test_what_the_papers_tables_say_stands_beside_the_claims(plan):
    """Differences read off the paper by hand."""
    claims = {claim["id"]: claim for claim in plan(groups=BOTH).jobs["claims", "claims"].settings["claims"]}
    by_hand = {
        "high-asr-lors-best": 0.18,  # MP 19.03
        "high-st-merging-above-training": 0.36,
        "high-mt-asr-merging-above-finetuned": 0.60,
        "high-mt-asr-mp-above-svp": 0.10,
        "high-mlmt-st-ml-then-mt": 0.14,
        "high-mlmt-asr-relative": 0.05,  # 0.9 * 19.86 - 17.82
        "high-mlmt-st-relative": -0.22,  # 26.38 - 1.04 * 25.58: not the 4 % of the paper's text
        "low-st-lors-best": 0.08,
        "low-mlmt-asr-mt-training-ml-lors-above-ta": 0.09,
    }
    assert {id: claims[id]["paper"] for id in by_hand} == by_hand


def test_recorded_speech_comes_from_covost(plan, folder):
    source = {"common_voice": "cv", "translations": "covost"}
    (folder / "cv").mkdir()
    (folder / "covost").mkdir()
    (folder / "covost" / "covost_v2.ca_en.tsv").write_text("a")
    planned = plan(corpus=source, base="openai/whisper-small")
    assert ids(planned, "corpus") == set(HIGH) and not ids(planned, "speech")
    assert not ids(planned, "intelligibility")
    assert planned.jobs["finetune", "ca--asr"].inputs["sets"][0].stage == "corpus"
    (folder / "covost" / "covost_v2.ca_en.tsv").write_text("b")
    before, after = planned.specs(), plan(corpus=source, base="openai/whisper-small").specs()
    assert {path for path in before if before[path] != after[path] and "corpus" in path} == {"plan/corpus/ca.json"}


def test_recordings_of_a_language_are_not_checked_before_training(plan, folder):
    """They have no control, and what the base makes of a language that it does not know is no reason to stop."""
    recordings = folder / "config" / "recordings"
    recordings.mkdir(parents=True)
    rows = [f"a.wav\t{split}\tText\tText" for split in ("train", "validation", "test")]
    (recordings / "ca.tsv").write_text("\n".join(["file\tsplit\tca\ten", *rows]), encoding="utf-8")
    (recordings / "a.wav").write_bytes(b"")
    check = plan(base="openai/whisper-small").jobs["intelligibility", "intelligibility"]
    assert {job.id for job in check.inputs["sets"]} == {*HIGH} - {"ca"}
    assert check.settings["least"].keys() == {*HIGH} - {"ca"}


def test_sets_of_neural_voices_alone_are_checked_before_training(plan):
    voices = {"de": ["command/own"], "fr": ["command/own"]}
    speech = {"voices": voices, "models": {"command": {"own": {"program": ["say", "{text_file}", "{wav}"]}}}}
    planned = plan(groups={"high": {"languages": ["de", "fr"]}}, speech=speech)
    check = planned.jobs["intelligibility", "intelligibility"].inputs
    assert ({job.id for job in check["speech"]}, check["sets"]) == ({"de", "fr"}, [])


def test_sclite_is_used_where_it_is_installed(plan, monkeypatch):
    monkeypatch.setattr("tauspeech.experiments.lors.jobs.find_sclite", lambda: ["sclite"])
    with_it = plan(scoring={"sclite": "auto"})
    assert with_it.jobs["score", "ca--asr"].settings["sclite"] is True
    by_sclite = [f"{column} (sclite)" for column in (*HIGH, "Avg.")]
    assert table(with_it, "table1")["columns"] == [*HIGH, "Avg.", *by_sclite]
    assert table(with_it, "table1")["metrics"] == dict.fromkeys(by_sclite, "wer_sclite")
    assert table(with_it, "table3")["metrics"] == {"WER Avg. (sclite)": "wer_sclite"}
    cells = table(with_it, "table4")["rows"][0]["cells"]
    assert cells["WER de (sclite)"] == cells["WER de"] == [["raw/de", "de", "transcribe", "de"]]
    monkeypatch.setattr("tauspeech.experiments.lors.jobs.find_sclite", lambda: None)
    assert plan(scoring={"sclite": "auto"}).jobs["score", "ca--asr"].settings["sclite"] is False
    with pytest.raises(UserError, match=r"key 'scoring\.sclite' is true and sclite is not installed"):
        plan(scoring={"sclite": True})


def test_a_language_of_two_groups_is_refused(plan):
    with pytest.raises(UserError, match=r"key 'groups\.low\.languages': 'ca' is in a group already: give it once"):
        plan(groups={"high": {"languages": HIGH}, "low": {"languages": ["ca", "sv"]}})


@pytest.mark.parametrize(
    ("sections", "message"),
    [
        ({"groups": {"high": {"languages": ["ca", "en"]}}}, r"key 'groups\.high\.languages': 'en' is what the others"),
        ({"speech": {"voices": {"ca": ["ca"]}}}, r"key 'speech\.voices\.de' is missing"),
        ({"groups": {}}, r"key 'groups': give the languages of a group"),
        (
            {"figures": {"drawn": ["fig5"], "shares": [0.2, 0.204]}},
            r"key 'figures\.shares': 0\.204 is not in whole percent",
        ),
    ],
)
def test_what_cannot_be_planned_is_named(plan, sections, message):
    with pytest.raises(UserError, match=message):
        plan(**sections)


def test_languages_without_spaces_have_a_character_error_rate(plan, monkeypatch):
    monkeypatch.setattr("tauspeech.experiments.lors.jobs.find_sclite", lambda: ["sclite"])
    source = {"scoring": {"sclite": "auto"}, "base": "a/b", "corpus": {"mirror": "a/b"}, "figures": {"drawn": ["fig5"]}}
    mixed = plan(groups={"high": {"languages": ["zh", "ca"]}}, **source)
    by_sclite = ["ca (sclite)", "Avg. (sclite)"]  # the mean of those that have words
    assert table(mixed, "table1")["columns"] == ["CER zh", "ca", "WER/CER Avg.", *by_sclite]
    assert table(mixed, "table1")["metrics"] == dict.fromkeys(by_sclite, "wer_sclite")
    assert table(mixed, "table2")["columns"] == ["zh", "ca", "Avg."]
    assert table(mixed, "table4")["columns"][:3] == ["CER zh", "WER ca", "WER/CER Avg."]
    assert mixed.jobs["figure", "fig5"].settings["error_rate"] == "WER/CER"
    assert table(mixed, "normalised")["columns"] == ["WER/CER", "BLEU"]
    claims = {claim["id"]: claim["statement"] for claim in mixed.jobs["claims", "claims"].settings["claims"]}
    assert "has 10 % less WER/CER than training on all" in claims["high-mlmt-asr-relative"]
    alone = plan(groups={"high": {"languages": ["zh", "ja"]}}, **source)
    assert table(alone, "table3")["columns"] == ["CER Avg.", "BLEU Avg."]
    assert table(alone, "table3")["metrics"] == {}


def test_bleu_is_cased_wherever_it_is_computed(plan):
    jobs = plan(repetitions=2).jobs
    stages = ("finetune", "search", "score", "claims")
    assert {jobs[key].settings["scoring"]["bleu_case"] for key in jobs if key[0] in stages} == {"cased"}
    lower = plan(repetitions=2, scoring={"sclite": False, "bleu_case": "lower"}).jobs
    assert not any("scoring" in lower[key].settings for key in lower)


def test_a_training_that_chooses_by_loss_does_not_depend_on_scoring(plan):
    settings = {"training": {"best_by": "loss"}, "merging": {}}
    before, after = (plan(scoring={"sclite": False} | each, **settings) for each in ({}, {"normaliser": "whisper"}))
    assert changed(before, after) == {"search", "merge", "decode", "score", "table", "figure", "claims", "report"}


@pytest.mark.parametrize("name", ["lors.yaml", "lors_full.yaml", "paper/lors.yaml"])
def test_the_projects_configurations_can_be_planned(name, folder):
    config = yaml.safe_load((ROOT / "config" / name).read_text(encoding="utf-8"))
    planned = plan_of(with_corpus(complete(config, name), folder), folder / "results" / "t")
    assert {"table1", "table2", "table3", "table4"} <= ids(planned, "table")


def test_the_papers_configuration_has_its_learning_rates(folder):
    config = yaml.safe_load((ROOT / "config" / "paper" / "lors.yaml").read_text(encoding="utf-8"))
    planned = plan_of(with_corpus(complete(config, "lors.yaml"), folder), folder / "results" / "t")
    asr = dict(zip(HIGH, (1e-6, 5e-8, 1e-7, 1e-6, 5e-6), strict=True))
    st = dict(zip(HIGH, (1e-6, 2e-8, 2e-8, 5e-8, 5e-8), strict=True))
    for task, rates in (("asr", asr), ("st", st)):
        for language, rate in rates.items():
            assert planned.jobs["finetune", f"{language}--{task}"].settings["learning_rate"] == rate
    assert planned.jobs["finetune", "high--ml--asr"].settings["learning_rate"] == 1e-5
    assert planned.jobs["finetune", "high--ml--st"].settings["learning_rate"] == 5e-9
    assert isinstance(planned.jobs["finetune", "sv--asr"].settings["learning_rate"], list)
    training = planned.jobs["finetune", "ca--asr"].settings
    assert (training["epochs"], training["batch"], training["accumulate"]) == (10, 8, 4)
    assert planned.jobs["decode", "high--asr--lors"].settings["beams"] == 20


# Retention sets


def test_every_system_is_scored_on_retention_sets_and_nothing_else_runs(plan, folder):
    write_both(folder)
    before, after = plan().specs(), plan(retention={"english": SETS["english"]})
    settings = after.jobs["table", "retention"].settings
    assert settings["columns"] == ["WER english"]
    normalised = after.jobs["table", "normalised"].settings  # has all systems of the tables
    assert [row["names"] for row in settings["rows"]] == [row["names"] for row in normalised["rows"]]
    models = {
        tuple(row["names"].values()): [cell[0] for cell in row["cells"]["WER english"]] for row in settings["rows"]
    }
    assert models["table1", "Pretrained"] == models["table4", "Pretrained"] == ["raw/english--retention"]
    assert models["table1", "Finetuned"] == [f"{language}--asr/english--retention" for language in HIGH]
    assert models["table4", "ML and MT Task Arithmetic"] == ["high--all--ta/english--retention"]
    decodings = {id: job.settings["folder"] for (stage, id), job in after.jobs.items() if stage == "decode"}
    assert {f"{folder}/english--retention" for folder in decodings.values()} <= decodings.keys()
    specs = after.specs()
    assert {path for path in before if before[path] != specs[path]} == {"plan/report/report.json"}
