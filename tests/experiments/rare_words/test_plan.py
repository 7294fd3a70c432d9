"""The plan of the experiment rare_words: what must exist, and what a change of the configuration reaches."""

import json
from pathlib import Path

import pytest
import yaml

from tauspeech.experiments.foundation.plan import plan as plan_foundation
from tauspeech.experiments.rare_words.plan import plan as plan_of
from tauspeech.experiments.rare_words.systems import WordSystems
from tauspeech.experiments.rare_words.words import read_words
from tauspeech.plan.config import complete
from tauspeech.runtime.errors import UserError
from tauspeech.runtime.paths import ROOT
from tests.plan.small import with_cosyvoice

METHODS = ("ta", "ties", "dare")
FIGURE_2 = ("fig2", "fig2_normalised")
TABLES = ("table1", "rarity", "overlap", "table2", "table3", *FIGURE_2, "weights")
SUMMARIES = {f"table/{name}" for name in TABLES}
BEFORE_ANY_TRAINING = "intelligibility/intelligibility"
BEFORE_TRAINING = {"table/table1", "table/rarity", "table/overlap"}
FIGURES = {f"figure/{name}" for name in FIGURE_2} | {"figure/weights", "claims/claims", "report/report"}


def names(plan, stage=None):
    return {id if stage else f"{found}/{id}" for found, id in plan.jobs if stage in (None, found)}


def settings(plan, stage, id):
    return plan.jobs[stage, id].settings


def scored(run):
    """A model that is decoded and scored."""
    return {f"decode/{run}", f"score/{run}"}


def merged(subset, methods=METHODS):
    """What there is of a subset's merges, but for the average."""
    found = set()
    for method in methods:
        run = f"{subset}--{method}"
        found |= {f"search/{run}", f"merge/{run}"} | scored(run)
    return found


def normalised(subset, methods=("ties", "dare")):
    """Jobs of a subset at weights that sum to 1; TA is Average there."""
    runs = [f"{subset}--{method}--normalised" for method in methods]
    return {f"merge/{run}" for run in runs}.union(*map(scored, runs))


def average(subset):
    return {f"merge/{subset}--average"} | scored(f"{subset}--average")


def chain(word):
    """What there is of one word from its training on."""
    return {f"finetune/{word}", f"vector/{word}"} | scored(word) | average(word) | merged(word)


def data_of(word):
    return {f"text/{word}", f"speech/{word}"} | scored(f"raw/{word}")


def check_of(word):
    """Rarity check of a word, on sentences of its own, and the check of all words that follows."""
    return {f"text/{word}--carriers", f"speech/{word}--carriers", f"rarity/{word}", BEFORE_ANY_TRAINING}


def together(count):
    """What there is of the first words taken together."""
    subset = f"first{count}"
    joint = {f"finetune/joint--{subset}"} | scored(f"joint--{subset}")
    return joint | average(subset) | merged(subset) | normalised(subset)


def test_the_plan_is_what_the_tables_need(plan):
    expected = {"base/base", "text/foundation-tiny", "speech/foundation-tiny", "text/general", "speech/general"}
    expected |= {"tts/main/zh--samples--espeak-ng", "voice_samples/zh"}
    expected |= scored("raw/general") | SUMMARIES | FIGURES | together(2) | together(3)
    expected |= normalised("neuschwanstein")
    for word in ("neuschwanstein", "avignon", "raphael"):
        expected |= data_of(word) | check_of(word) | chain(word)
    assert names(plan()) == expected


def test_a_word_at_the_end_leaves_everything_of_the_other_words_alone(changed):
    words = ("neuschwanstein", "avignon", "raphael", "goethe")
    new = data_of("goethe") | check_of("goethe") | chain("goethe") | together(4)
    assert changed(words=words) == new | SUMMARIES | FIGURES


def test_a_word_that_goes_leaves_everything_of_the_other_words_alone(changed):
    gone = data_of("raphael") | check_of("raphael") | chain("raphael") | together(3)
    assert changed(words=("neuschwanstein", "avignon")) == gone | SUMMARIES | FIGURES


def test_the_order_of_words_reaches_only_what_takes_the_first_ones(changed):
    words = ("avignon", "neuschwanstein", "raphael")
    ones = normalised("neuschwanstein") | normalised("avignon")  # in Figure 2, as the first word
    assert changed(words=words) <= together(2) | together(3) | ones | SUMMARIES | FIGURES


@pytest.mark.parametrize(
    ("word", "subsets"), [("raphael", ["first3"]), ("neuschwanstein", ["first2", "first3"])], ids=["last", "first"]
)
def test_a_words_own_epochs_change_its_chain_and_what_contains_it(changed, word, subsets):
    # The joint training goes by the common settings; the tables hold its scores beside those of the merges.
    reached = chain(word) | SUMMARIES - BEFORE_TRAINING | FIGURES
    for subset in subsets:
        reached |= merged(subset) | average(subset) | normalised(subset)
    if word == "neuschwanstein":
        reached |= normalised(word)
    assert changed(overrides={word: {"training": {"epochs": 9}}}) == reached


def test_a_words_own_counts_change_its_text_and_all_below(changed):
    reached = data_of("raphael") | chain("raphael") | together(3) | SUMMARIES - {"table/rarity"} | FIGURES
    assert changed(overrides={"raphael": {"text": {"counts": {"train": 9}}}}) == reached


def test_a_words_own_voice_changes_its_speech_but_not_its_text(changed):
    reached = data_of("raphael") | check_of("raphael") | chain("raphael") | together(3) | SUMMARIES | FIGURES
    assert changed(overrides={"raphael": {"speech": {"rate": [100, 110]}}}) == {
        name for name in reached if not name.startswith("text/")
    }


def test_a_words_own_limits_of_the_check_hold_for_its_sentences_and_its_set(plan):
    planned = plan(overrides={"raphael": {"speech": {"check": {"least_share": 0.2, "errors": 0.3}}}})
    own, other = settings(planned, "rarity", "raphael"), settings(planned, "rarity", "avignon")
    assert (own["least"]["round_trip"], own["errors"]) == (0.2, 0.3)
    assert (other["least"]["round_trip"], other["errors"]) == (0.5, 0.5)
    neural = plan(
        speech={"voices": {"zh": ["coqui/mini"]}}, overrides={"raphael": {"speech": {"check": {"least_share": 0.2}}}}
    )
    least = settings(neural, "intelligibility", "intelligibility")["least"]
    assert (least["raphael"], least["avignon"]) == (0.2, 0.5)


def test_an_override_replaces_only_the_keys_that_it_names(plan):
    planned = plan(training={"batch": 7}, overrides={"raphael": {"training": {"epochs": 9}}})
    own, other = settings(planned, "finetune", "raphael"), settings(planned, "finetune", "avignon")
    assert (own["epochs"], own["batch"]) == (9, 7)
    assert own == other | {"epochs": 9, "tasks": own["tasks"]}


def test_the_options_of_ties_reach_nothing_but_ties(changed):
    reached = {f"table/{name}" for name in ("table2", "table3", *FIGURE_2, "weights")} | FIGURES
    for subset in ("neuschwanstein", "avignon", "raphael", "first2", "first3"):
        reached |= merged(subset, ["ties"])
    for subset in ("neuschwanstein", "first2", "first3"):
        reached |= normalised(subset, ["ties"])
    assert changed(merging={"ties": {"keep": 0.2}}) == reached


@pytest.mark.parametrize(
    "training",
    [
        {"epochs": 2},
        {"learning_rate": 3e-5},
        {"schedule": "linear"},
        {"warmup": 0},
        {"weight_decay": 0.1},
        {"batch": 4},
        {"accumulate": 2},
        {"best_by": "loss"},
        {"patience": 2},
        {"evaluations": 9},
        {"gradient_checkpointing": True},
        {"compile": True},
    ],
)
def test_the_training_reaches_no_text_speech_or_base(changed, training):
    reached = together(2) | together(3) | normalised("neuschwanstein") | SUMMARIES - BEFORE_TRAINING | FIGURES
    for word in ("neuschwanstein", "avignon", "raphael"):
        reached |= chain(word)
    assert changed(training=training) == reached


@pytest.mark.parametrize("training", [{"threads": 2}, {"precision": "bf16"}])
def test_threads_and_precision_of_the_training_are_part_of_results(changed, training):
    reached = changed(training=training)
    assert {"finetune/avignon", "base/base"} <= reached
    assert not any(name.startswith(("text/", "speech/")) for name in reached)


def test_only_several_gpus_of_a_training_are_part_of_results(changed):
    assert changed(training={"gpus": 1}) == set()
    assert "finetune/avignon" in changed(training={"gpus": 4})
    assert changed(decoding={"gpus": 1}) == set()


def test_the_seed_reaches_every_text_and_everything_below(changed, plan):
    assert changed(seed=2) == names(plan())


def test_the_threshold_of_the_check_reaches_only_the_check(changed):
    checks = {f"rarity/{word}" for word in ("neuschwanstein", "avignon", "raphael")}
    reached = checks | {BEFORE_ANY_TRAINING, "table/rarity", "report/report"}
    assert changed(rarity={"threshold": 0.5}) == changed(rarity={"control_least": 0.4}) == reached
    assert changed(speech={"check": {"least_share": 0.4}}) == reached


def test_the_plan_does_not_depend_on_the_order_of_keys(plan, config):
    def turned(value):
        if isinstance(value, dict):
            return {key: turned(value[key]) for key in reversed(value)}
        return value

    sections = {"training": {"epochs": 3, "batch": 4}, "merging": {"ties": {"keep": 0.2, "scope": "tensor"}}}
    sections |= {"overrides": {"raphael": {"training": {"epochs": 1}}, "avignon": {"training": {"epochs": 2}}}}
    assert plan(**turned(sections)).specs() == plan(**sections).specs()


def test_specifications_hold_no_path_of_this_machine(plan, folder):
    assert not any(str(folder) in text for text in plan().specs().values())


# Weights


@pytest.mark.parametrize("subset", ["avignon", "first2", "first3"])
def test_the_average_divides_by_the_number_of_vectors_and_by_two_for_one(plan, subset):
    expected = {"avignon": 1 / 2, "first2": 1 / 2, "first3": 1 / 3}[subset]
    for weight in ("validation", "normalised", 0.7):
        merge = plan(merging={"weight": weight}).jobs["merge", f"{subset}--average"]
        made = merge.settings["merge"]
        assert (made["method"], made["scale"]) == ("task_arithmetic", pytest.approx(expected))
        assert merge.inputs["searches"] is None


@pytest.mark.parametrize("method", METHODS)
def test_a_weight_from_validation_is_an_input(plan, method):
    merge = plan().jobs["merge", f"first3--{method}"]
    assert [job.id for job in merge.inputs["searches"]] == [f"first3--{method}"]
    assert merge.settings["merge"]["scale"] == {"search": f"first3--{method}", "choice": "scale"}


@pytest.mark.parametrize(("weight", "suffix", "expected"), [("normalised", "normalised", 1 / 2), (0.7, "fixed", 0.7)])
def test_other_weights_are_settings_of_the_tables_merges(plan, weight, suffix, expected):
    planned = plan(merging={"weight": weight})
    merge = planned.jobs["merge", f"avignon--ties--{suffix}"]
    assert merge.settings["merge"]["scale"] == expected
    assert merge.inputs["searches"] is None
    cells = settings(planned, "table", "table2")["rows"][1]["cells"]
    assert cells["TIES"] == [[f"avignon--ties--{suffix}", "avignon", "translate", "en"]]
    # The figure over numbers of words keeps to validation.
    assert settings(planned, "table", "fig2")["rows"][1]["cells"]["TIES"][0][0] == "first2--ties"


def test_no_weight_is_searched_that_no_result_uses(plan):
    planned = plan(merging={"weight": "normalised"})
    searched = {id.partition("--")[0] for id in names(planned, "search")}
    assert searched == {"neuschwanstein", "first2", "first3"}  # the points of Figure 2
    assert "avignon" in {id.partition("--")[0] for id in names(plan(), "search")}


@pytest.fixture
def experiment(config):
    """The systems of an experiment with some settings of its merges."""

    def make(**merging):
        complete_config = complete(config(merging=merging), "c.yaml")
        return WordSystems(complete_config, read_words(Path(complete_config["words"]), ("zh", "en")))

    return make


def test_normalised_weights_of_several_vectors_sum_to_one_and_that_of_a_single_one_is_a_half(experiment):
    systems = experiment()
    for method in METHODS:
        for subset, expected in zip(systems.subsets, (1 / 2, 1 / 2, 1 / 3), strict=True):
            merge = systems.jobs.merge(subset, method, "normalised")
            assert merge.settings["merge"]["scale"] == pytest.approx(expected)


@pytest.mark.parametrize("weight", ["normalised", 0.5])
def test_ta_at_the_weight_of_average_is_average_and_is_made_once(plan, weight):
    planned = plan(merging={"weight": weight})
    for table in ("table2", "table3"):
        cells = settings(planned, "table", table)["rows"][1]["cells"]
        assert cells["TA"] == cells["Average"] != cells["TIES"]
    assert not any(id.startswith("avignon--ta") for id in names(planned, "merge") | names(planned, "decode"))
    played = settings(planned, "report", "report")["systems"]["avignon"]
    assert ["Average, TA", "avignon--average"] in played


def test_ta_of_a_single_word_at_the_weight_1_is_its_fine_tune(plan):
    planned = plan(merging={"weight": 1})
    for table in ("table2", "table3"):
        cells = settings(planned, "table", table)["rows"][1]["cells"]
        assert cells["TA"] == cells["FT"] == [["avignon", "avignon", cells["FT"][0][2], cells["FT"][0][3]]]
    assert ["FT, TA", "avignon"] in settings(planned, "report", "report")["systems"]["avignon"]
    ids = {claim["id"] for claim in settings(planned, "claims", "claims")["claims"]}
    assert not ids & {"vector-close-to-ft", "general-above-ft", "forgets-less-than-ft"}


def test_figure_2_has_a_table_for_each_reading_of_the_weights(plan):
    planned = plan()
    chosen, summed = ([row["cells"] for row in settings(planned, "table", name)["rows"]] for name in FIGURE_2)
    for subset, one, other in zip(("neuschwanstein", "first2", "first3"), chosen, summed, strict=True):
        assert [one[system] for system in ("Raw", "FT", "Average")] == [other["Raw"], other["FT"], other["Average"]]
        assert one["TA"][0][0] == f"{subset}--ta"
        assert other["TA"] == other["Average"]
        assert (one["DARE"][0][0], other["DARE"][0][0]) == (f"{subset}--dare", f"{subset}--dare--normalised")


def test_claims_may_have_figure_2_in_either_reading(experiment):
    systems = experiment(weight=0.7)  # of the tables, and no matter here
    pair = systems.subsets[1]
    models = {
        weight: [cell.score.id for cell in systems.of_subset(pair, weight)["TIES"]]
        for weight in ("validation", "normalised")
    }
    assert models == {"validation": ["first2--ties"] * 2, "normalised": ["first2--ties--normalised"] * 2}
    assert systems.of_subset(pair).keys() == systems.of_subset(pair, "normalised").keys()


def test_only_the_methods_that_are_asked_for_are_merged(plan):
    planned = plan(merging={"methods": ["dare"]})
    assert {id.split("--")[1] for id in names(planned, "merge")} == {"average", "dare"}
    assert settings(planned, "table", "table2")["rows"][0]["cells"].keys() == {"Raw", "FT", "Average", "DARE"}


# Composition


def members(plan, run):
    return [job.id for job in plan.jobs["merge", run].inputs["vectors"]]


def test_counts_take_the_first_rows_of_the_table(plan):
    planned = plan(composition={"counts": [3, 1]})
    assert members(planned, "first3--ta") == ["neuschwanstein", "avignon", "raphael"]
    assert not any("first2" in name for name in names(planned))
    rows = settings(planned, "table", "fig2")["rows"]
    assert [row["names"]["words"] for row in rows] == ["1", "3"]
    words = ("neuschwanstein", "avignon", "raphael")
    assert rows[1]["cells"]["FT"] == [["joint--first3", word, "translate", "en"] for word in words]


def test_a_subset_takes_the_words_that_it_names(plan):
    planned = plan(composition={"counts": [1, 3], "subsets": {"pair": ["raphael", "avignon"]}})
    assert members(planned, "pair--ties") == ["raphael", "avignon"]
    assert [job.id for job in planned.jobs["finetune", "joint--pair"].inputs["sets"]] == ["raphael", "avignon"]
    assert [row["names"]["words"] for row in settings(planned, "table", "fig2")["rows"]] == ["1", "3", "pair"]


def test_a_subset_may_be_as_large_as_one_of_the_counts(plan):
    planned = plan(composition={"subsets": {"pair": ["raphael", "avignon"]}})
    assert members(planned, "pair--ties") == ["raphael", "avignon"]
    assert members(planned, "first2--ties") == ["neuschwanstein", "avignon"]


@pytest.mark.parametrize("name", ["avignon", "first2", "first9", "2", "base", "each"])
def test_a_subset_cannot_take_the_name_of_another(plan, name):
    with pytest.raises(UserError, match=rf"key 'composition\.subsets\.{name}': the name is taken"):
        plan(composition={"subsets": {name: ["raphael", "avignon"]}})


def test_an_unknown_word_in_a_subset_or_an_override_is_named(plan):
    with pytest.raises(UserError, match=r"key 'composition\.subsets\.pair': there is no word 'goethe' in words\.tsv"):
        plan(composition={"subsets": {"pair": ["avignon", "goethe"]}})
    with pytest.raises(UserError, match=r"key 'overrides\.goethe': no such word_id in words\.tsv"):
        plan(overrides={"goethe": {"training": {"epochs": 1}}})


def test_the_steps_of_a_joint_training_are_no_matter_of_single_ones(plan):
    planned = plan(composition={"joint_steps": 2})
    assert settings(planned, "finetune", "joint--first3")["joint_steps"] == 2
    assert settings(planned, "finetune", "avignon")["joint_steps"] is None


# Tasks and languages


def decoded(planned, model):
    """The tasks that a model is decoded for, by set."""
    tasks = settings(planned, "decode", model)["tasks"]
    return {set_id: [task["kind"] for task in each] for set_id, each in tasks.items()}


def tasks_of(planned, table):
    """Task and language of every cell of a table."""
    rows = settings(planned, "table", table)["rows"]
    return {(task, language) for row in rows for cells in row["cells"].values() for *_, task, language in cells}


def test_translation_is_controlled_by_transcription(plan):
    planned = plan()
    assert tasks_of(planned, "table2") == {("translate", "en")}
    assert tasks_of(planned, "table3") == {("transcribe", "zh")}
    assert decoded(planned, "avignon") == {
        "avignon": ["translate", "transcribe"],
        "general": ["translate"],
    }
    assert decoded(planned, "first2--ta")["avignon"] == ["translate"]


@pytest.mark.parametrize(("target", "least"), [("en", 0.4), ("de", 0)])
def test_a_translation_that_whisper_cannot_make_is_no_control(folder, target, least):
    """It translates into English alone: into another language, a control that is missed says nothing of the speech."""
    table = f"word_id\tzh\t{target}\tdomain\navignon\t阿维尼翁\tAvignon\tlocation\n"
    (folder / "pair.tsv").write_text(table, encoding="utf-8")
    (folder / "config" / "text").mkdir(parents=True)
    for name in ("avignon", "general"):
        rows = [f"split\tzh\t{target}", *(f"{split}\t阿维尼翁\tAvignon" for split in ("train", "validation", "test"))]
        (folder / "config" / "text" / f"{name}.tsv").write_text("\n".join(rows), encoding="utf-8")
    config = {"name": "p", "experiment": "rare_words", "words": "pair.tsv", "base": "openai/whisper-small"}
    config |= {"languages": {"source": "zh", "target": target}, "rarity": {"control_least": 0.4}}
    planned = plan_of(complete(config, "p.yaml"), folder / "results" / "p")
    assert settings(planned, "rarity", "avignon")["least"]["control"] == least


ENGLISH = {"task": "transcribe", "languages": {"source": "en", "target": "en"}, "control_task": None}


@pytest.fixture
def english(folder):
    """The plan of an experiment in English alone."""
    table = "word_id\ten\tdomain\nberlin-wall\tBerlin Wall\tlandmark\navignon\tAvignon\tlocation\n"
    (folder / "english.tsv").write_text(table, encoding="utf-8")

    def make(**sections):
        basis = {"name": "e", "experiment": "rare_words", "words": "english.tsv", "base": "foundation/tiny"}
        return plan_of(complete(basis | ENGLISH | sections, "e.yaml"), folder / "results" / "e")

    return make


def test_recognition_of_one_language_needs_only_its_column(english):
    planned = english()
    assert "table3" not in names(planned, "table")
    assert settings(planned, "text", "avignon")["languages"] == ["en"]
    assert settings(planned, "text", "avignon")["word"]["forms"] == {"en": ["Avignon"]}
    assert settings(planned, "text", "avignon")["source"]["name"] == "zh-en"
    assert settings(planned, "speech", "avignon")["language"] == "en"
    assert settings(planned, "speech", "avignon")["voices"][0].startswith("en")
    assert decoded(planned, "avignon") == {"avignon": ["transcribe"], "general": ["transcribe"]}
    assert tasks_of(planned, "table2") == {("transcribe", "en")}


def test_a_control_task_that_is_the_task_itself_controls_nothing(english):
    assert english(control_task="transcribe").specs().keys() == english().specs().keys()


OWN = "en\tsplit\nThis {} Avignon.\ttrain\nAvignon is old.\tvalidation\nWe saw Avignon.\ttest\n"


def test_own_sentences_enter_the_plan_by_their_content(english, folder):
    own = folder / "config" / "text" / "avignon.tsv"
    own.parent.mkdir(parents=True)
    own.write_text(OWN.format("is"), encoding="utf-8")
    before = english()
    source = settings(before, "text", "avignon")["source"]
    assert (source["kind"], source["path"]) == ("own", "config/text/avignon.tsv")
    assert settings(before, "text", "berlin-wall")["source"]["kind"] == "template"
    own.touch()
    assert english().specs() == before.specs()
    own.write_text(OWN.format("was"), encoding="utf-8")
    after = english()
    assert after.jobs["text", "avignon"].key != before.jobs["text", "avignon"].key
    assert after.jobs["text", "berlin-wall"].key == before.jobs["text", "berlin-wall"].key


def test_own_recordings_take_the_place_of_text_and_speech(english, folder):
    table = folder / "config" / "recordings" / "avignon.tsv"
    table.parent.mkdir(parents=True)
    rows = [f"a.wav\t{split}\tAvignon\n" for split in ("train", "validation", "test")]
    table.write_text("".join(["file\tsplit\ten\n", *rows]), encoding="utf-8")
    (table.parent / "a.wav").write_bytes(b"")
    planned = english()
    assert "avignon" not in names(planned, "text")
    assert settings(planned, "speech", "avignon")["recordings"]["path"] == "config/recordings/avignon.tsv"


def test_a_recording_that_is_made_again_is_noticed(english, folder):
    recordings = folder / "config" / "recordings"
    recordings.mkdir(parents=True)
    rows = [f"a.wav\t{split}\tAvignon\n" for split in ("train", "validation", "test")]
    (recordings / "avignon.tsv").write_text("".join(["file\tsplit\ten\n", *rows]), encoding="utf-8")
    keys = []
    for content in (b"one", b"two"):
        (recordings / "a.wav").write_bytes(content)
        keys.append(english().jobs["speech", "avignon"].key)
    assert keys[0] != keys[1]


def test_a_language_without_sentences_or_voice_is_named(english, folder):
    danish = {"languages": {"source": "da", "target": "da"}, "words": "danish.tsv"}
    (folder / "danish.tsv").write_text("word_id\tda\tdomain\ngoethe\tGoethe\tindividual\n", encoding="utf-8")
    with pytest.raises(UserError, match=r"no template grammar for da \(only for zh-en, .*\): put your own sentences"):
        english(**danish, speech={"voices": {"da": ["da"]}})
    (folder / "config/text").mkdir(parents=True)
    for name in ("goethe", "general"):
        (folder / f"config/text/{name}.tsv").write_text("da\nJeg taler om Goethe.\n", encoding="utf-8")
    with pytest.raises(UserError, match=r"key 'speech\.voices\.da' is missing"):
        english(**danish, base="openai/whisper-small")


# The base


def test_a_base_from_the_hub_or_from_a_folder(plan, folder):
    assert plan(base="openai/whisper-medium").jobs["base", "base"].settings == {
        "kind": "hub",
        "model": "openai/whisper-medium",
    }
    model = folder / "models" / "mine"
    model.mkdir(parents=True)
    for name in ("config.json", "model.safetensors"):
        (model / name).write_text("{}")
    before = plan(base="models/mine").jobs["base", "base"]
    assert (before.settings["kind"], before.settings["files"].keys()) == (
        "folder",
        {"config.json", "model.safetensors"},
    )
    (model / "model.safetensors").write_text("{ }")
    assert plan(base="models/mine").jobs["base", "base"].key != before.key
    with pytest.raises(UserError, match=r"the folder \./none is not a model folder"):
        plan(base="./none")


def test_a_shipped_foundation_is_taken_unless_it_is_to_be_trained_again(plan, folder, monkeypatch):
    monkeypatch.setattr("tauspeech.plan.sources.FOUNDATIONS", folder / "shipped")
    assert plan().jobs["base", "base"].settings["kind"] == "train"
    (folder / "shipped" / "tiny").mkdir(parents=True)
    receipt = folder / "shipped" / "tiny" / "receipt.json"
    receipt.write_text(json.dumps({"spec": {"settings": {"source": "zh", "target": "en"}}}))
    assert plan().jobs["base", "base"].settings["kind"] == "shipped"
    assert "foundation-tiny" not in names(plan(), "text")
    assert plan(retrain_foundation=True).jobs["base", "base"].settings["kind"] == "train"
    receipt.write_text(json.dumps({"spec": {"settings": {"source": "de", "target": "en"}}}))
    with pytest.raises(
        UserError, match=r"key 'base': the shipped foundation/tiny was trained on de and en: set retrain_foundation"
    ):
        plan()


def test_a_foundation_by_itself_is_a_base_its_speech_and_its_text(folder):
    config = complete({"name": "f", "experiment": "foundation", "size": "tiny"}, "f.yaml")
    assert names(plan_foundation(config, folder)) == {"base/base", "speech/foundation-tiny", "text/foundation-tiny"}


def test_a_foundation_of_several_languages_has_a_set_for_each(folder):
    config = {"name": "f", "experiment": "foundation", "size": "multilingual-tiny"}
    config |= {"languages": {"source": ["ca", "sv"]}, "speech": {"voices": {"ca": ["ca"], "sv": ["sv"]}}}
    planned = plan_foundation(complete(config, "f.yaml"), folder)
    sets = {f"foundation-multilingual-tiny--{language}" for language in ("ca", "sv")}
    assert names(planned) == {"base/base"} | {f"{stage}/{id}" for stage in ("text", "speech") for id in sets}
    base = settings(planned, "base", "base")
    assert base["languages"] == ["ca", "en", "sv"]
    assert base["tasks"]["foundation-multilingual-tiny--sv"] == [
        {"kind": task, "source": "sv", "target": "en"} for task in ("transcribe", "translate")
    ]


# Words that the base knows


def write_verdicts(plan, folder, known, otherwise="rare"):
    """Finished checks, as the stage leaves them."""
    rarity = folder / "results" / "t" / "rarity"
    rarity.mkdir(parents=True, exist_ok=True)
    for id in names(plan, "rarity"):
        (rarity / f"{id}.receipt.json").write_text(json.dumps({"key": plan.jobs["rarity", id].key}))
        (rarity / f"{id}.json").write_text(json.dumps({"verdict": "known" if id in known else otherwise}))


SKIP = {"rarity": {"known": "skip"}}


def test_known_words_are_skipped_once_the_checks_are_done(plan, folder):
    checks = plan(**SKIP)
    assert {stage for stage, _ in checks.jobs} == {"rarity", "intelligibility", "base", "text", "speech"}
    write_verdicts(checks, folder, {"avignon"})
    left = plan(**SKIP)
    assert names(left, "vector") == {"neuschwanstein", "raphael"}
    assert members(left, "first2--ta") == ["neuschwanstein", "raphael"]
    words = settings(left, "table", "rarity")["words"]
    assert [word["word_id"] for word in words] == ["neuschwanstein", "avignon", "raphael"]


def test_unintelligible_words_are_not_skipped_but_stop_the_run(plan, folder):
    write_verdicts(plan(**SKIP), folder, {"avignon"}, otherwise="unintelligible")
    left = plan(**SKIP)
    assert names(left, "vector") == {"neuschwanstein", "raphael"}
    checked = left.jobs["intelligibility", "intelligibility"].inputs["rarity"]
    assert [job.id for job in checked] == ["neuschwanstein", "raphael"]


def test_verdicts_of_other_settings_do_not_count(plan, folder):
    write_verdicts(plan(**SKIP), folder, {"avignon"})
    assert names(plan(**SKIP, seed=2), "vector") == set()


def test_verdicts_change_nothing_where_known_words_are_kept(plan, folder):
    before = plan().specs()
    write_verdicts(plan(), folder, {"avignon"})
    assert plan().specs() == before


def test_a_base_that_knows_every_word_leaves_nothing_to_do(plan, folder):
    write_verdicts(plan(**SKIP), folder, {"neuschwanstein", "avignon", "raphael"})
    with pytest.raises(UserError, match="the base knows every word: set it to keep"):
        plan(**SKIP)


# The paper's configuration


@pytest.fixture
def paper(monkeypatch):
    monkeypatch.chdir(ROOT)  # the words are named from there
    return yaml.safe_load((ROOT / "config" / "paper" / "rare_words.yaml").read_text(encoding="utf-8"))


def test_the_papers_configuration_has_its_settings(paper, folder):
    planned = plan_of(complete(with_cosyvoice(paper, folder), "c.yaml"), folder)
    text = settings(planned, "text", "milan-cathedral")
    assert (text["source"]["kind"], text["source"]["model"]) == ("openai", "gpt-4o")
    assert text["counts"] == {"train": 1359, "validation": 100, "test": 100}
    assert settings(planned, "text", "general")["counts"] == {"test": 1702}
    (voice,) = planned.jobs["speech", "milan-cathedral"].inputs["tts"]
    assert voice.settings["model"]["engine"] == "cosyvoice"
    training = settings(planned, "finetune", "milan-cathedral")
    assert (training["epochs"], training["learning_rate"], training["best_by"]) == (30, 1e-3, "score")
    assert settings(planned, "finetune", "joint--first10")["joint_steps"] is None
    for method in ("ties", "dare"):
        merge = settings(planned, "merge", f"milan-cathedral--{method}--normalised")["merge"]
        assert (merge["scale"], merge["options"]["keep"]) == (0.5, 0.5)
    assert {job.settings["precision"] for (stage, _), job in planned.jobs.items() if stage == "decode"} == {"fp32"}


def test_the_papers_configuration_can_do_without_its_generators_as_its_header_says(paper, folder):
    paper["speech"]["models"]["cosyvoice"]["two"]["checkout"] = "none"
    with pytest.raises(UserError, match=r"key 'speech\.models\.cosyvoice\.two\.checkout': none does not exist"):
        plan_of(complete(paper, "c.yaml"), folder)
    del paper["text"]["source"], paper["text"]["openai"], paper["speech"]
    planned = plan_of(complete(paper, "c.yaml"), folder)
    assert settings(planned, "text", "goethe")["source"]["kind"] == "template"
    assert settings(planned, "speech", "goethe")["kind"] == "espeak"
