"""Systems in place of a vector in the plan: what they need, what they are told, and what is refused."""

import json

import pytest

from tauspeech.data.rare_names import distractors
from tauspeech.experiments.rare_words.plan import plan as plan_of
from tauspeech.plan.config import complete
from tauspeech.runtime.errors import UserError

EVERY = ["prompt", "bias", "lora", "vector_prompt", "vector_bias"]
HUB = {"base": "openai/whisper-base"}
ENGLISH = {"task": "transcribe", "control_task": None, "languages": {"source": "en", "target": "en"}}


@pytest.fixture
def jobs(config, folder):
    """Jobs of a plan with such baselines, by stage/id."""

    def make(*systems, more=None, **baselines):
        sections = HUB | (more or {}) | {"baselines": {"systems": list(systems), **baselines}}
        planned = plan_of(complete(config() | sections, "c.yaml"), folder / "results" / "t")
        return {f"{stage}/{id}": job for (stage, id), job in planned.jobs.items()}

    return make


def folder_of_type(folder, model_type):
    (folder / "model").mkdir()
    (folder / "model/config.json").write_text(json.dumps({"model_type": model_type}), encoding="utf-8")
    return "./model"


def test_each_point_of_figure_2_has_every_system_and_what_that_needs(plan, jobs):
    before = {f"{stage}/{id}" for stage, id in plan(**HUB).jobs}
    new = {"table/baselines", "figure/baselines"}
    for subset in ("neuschwanstein", "first2", "first3"):
        for system in ("prompt", "bias", "lora", "vector-prompt", "vector-bias"):
            new |= {f"decode/{subset}--{system}", f"score/{subset}--{system}"}
        new |= {f"search/{subset}--bias", f"search/{subset}--vector-bias", f"finetune/{subset}--lora"}
    assert jobs(*EVERY).keys() == before | new


def test_nothing_else_changes_where_they_are_switched_on(plan, jobs):
    before = {f"{stage}/{id}": job.key for (stage, id), job in plan(**HUB).jobs.items()}
    after = jobs(*EVERY)
    assert {name for name in before if before[name] != after[name].key} == {"report/report"}
    assert {key: job.key for key, job in jobs(distractors=200, strengths=[3]).items()} == before


def test_further_sets_are_decoded_with_the_same_hints(jobs):
    made = jobs("bias", "prompt", more={"no_speech": {"noise": 1}})
    for system in ("bias", "prompt"):
        on_words, on_noise = (made[f"decode/first2--{system}{end}"] for end in ("", "/noise--no-speech"))
        assert on_noise.settings["hints"] == on_words.settings["hints"] and on_noise.inputs["model"].id == "base"
        assert on_noise.inputs["searches"] == on_words.inputs["searches"]
    (row,) = (
        row["cells"]
        for row in made["table/no_speech"].settings["rows"]
        if row["names"] == {"sound": "noise", "words": "2", "weight": "validation"}
    )
    assert row["Bias"] == [["first2--bias/noise--no-speech", "noise--no-speech", "translate", "en"]]


def test_each_seed_has_its_table(jobs):
    made = jobs("lora", more={"repetitions": 2})
    tables = {name for name in made if name.startswith("table/") and name.endswith("--seed2")}
    scored = ("weights", "table2", "table3", "fig2", "fig2_normalised", "baselines")
    assert tables == {f"table/{name}--seed2" for name in scored}
    over_all = {name for name in made if name.endswith("--seeds")}
    assert over_all == {f"table/{name}--seeds" for name in scored if name != "weights"}
    assert [job.id for job in made["table/baselines--seeds"].inputs["tables"]] == ["baselines", "baselines--seed2"]
    assert {job.id for job in made["report/report"].inputs["tables"]} > {name[len("table/") :] for name in over_all}
    for name in ("baselines", "baselines--seed2"):
        settings = made[f"table/{name}"].settings
        assert all(set(row["sets"]) <= settings["words"].keys() for row in settings["rows"])
    first, second = (made[f"table/{name}"].settings["rows"] for name in ("baselines", "baselines--seed2"))
    assert [row["system"] for row in first] == [row["system"] for row in second] and first != second
    assert made["finetune/first2--lora--seed2"].seed == 2


def test_all_forms_of_the_words_come_first_in_the_language_that_is_written(jobs, folder):
    rows = ["word_id\tzh\ten\tdomain\ten_aliases", "avignon\t阿维尼翁\tAvignon\tlocation\tAvignone|Avinhon"]
    (folder / "own.tsv").write_text("\n".join([*rows, "goethe\t歌德\tGoethe\tindividual\t", ""]), encoding="utf-8")
    own = {"words": "own.tsv"}

    def phrases(name, *, more=own, **baselines):
        return jobs("prompt", more=more, **baselines)[f"decode/{name}--prompt"].settings["hints"]["phrases"]

    assert phrases("avignon") == ["Avignon", "Avignone", "Avinhon"]
    assert phrases("first2") == ["Avignon", "Avignone", "Avinhon", "Goethe"]
    with_others = phrases("first2", distractors=50)
    assert with_others[:4] == phrases("first2") and len(with_others) == 54
    written = phrases("first2", more=own | {"task": "transcribe", "control_task": None}, distractors=50)
    assert written[:2] == ["阿维尼翁", "歌德"] and not any(phrase.isascii() for phrase in written)


def test_distractors_are_drawn_by_the_seed_and_overlap_with_no_word():
    fifty, many = distractors(50, 1, "en", []), distractors(200, 1, "en", [])
    assert many[:50] == fifty and len(set(many)) == 200
    assert fifty != distractors(50, 2, "en", [])
    without = distractors(200, 1, "en", [f"{many[0]} Castle", many[1][1:]])
    assert len(without) == 200 and not {many[0], many[1]} & set(without)
    assert len(set(distractors(200, 1, "zh-TW", []))) == 200
    assert distractors(0, 1, "ru", []) == ()


def test_biases_are_chosen_for_the_model_that_they_are_used_with(jobs):
    found = jobs(*EVERY, strengths=[8, 2], tolerance=0.5)
    for system, model in (("bias", "base"), ("vector-bias", "first2--ta")):
        search, decode = found[f"search/first2--{system}"], found[f"decode/first2--{system}"]
        assert search.inputs["base"].id == decode.inputs["model"].id == model
        assert search.settings["candidates"] == [{"strength": 2}, {"strength": 8}]
        assert search.settings["rule"] == {"kind": "smallest_strength", "tolerance": 0.5}
        assert search.settings["split"] == "validation" and search.settings["tasks"].keys() == {
            "neuschwanstein",
            "avignon",
        }
        assert search.settings["hints"]["phrases"] == decode.settings["hints"]["phrases"]
        assert decode.inputs["searches"] == [search]
    assert "strength" not in found["decode/first2--prompt"].settings["hints"]
    assert jobs("bias")["search/first2--bias"].settings["rule"] == {"kind": "smallest_strength", "tolerance": 0}


def test_no_search_whose_time_is_compared_shares_a_process(jobs):
    """The first member of a batch loads the program and encodes the speech for all."""
    searches = [job for name, job in jobs(*EVERY).items() if name.startswith("search/")]
    compared = ("--ta", "--bias", "--vector-bias")
    for search in searches:
        members = [each for each in searches if each.batch_name == search.batch_name]
        assert (len(members) == 1) == search.id.endswith(compared), search.id


def test_hints_are_for_the_trained_task_alone(jobs):
    """Their phrases are in its language."""
    tasks = jobs("bias")["decode/neuschwanstein--bias"].settings["tasks"]
    assert tasks.keys() == {"neuschwanstein", "general"}
    assert all([task["kind"] for task in listed] == ["translate"] for listed in tasks.values())


def test_searches_wait_for_no_batch_that_waits_for_them(jobs):
    """A batch is done as a whole, so that its members' inputs must not come from batches behind it."""
    found = jobs(*EVERY).values()
    below = {}
    for job in found:
        if job.stage in ("search", "merge", "decode", "score"):
            parents = {(each.stage, each.batch_name) for each in job.parents}
            below.setdefault((job.stage, job.batch_name), set()).update(parents)

    def reaches(start):
        seen, queue = set(), [start]
        while queue:
            for parent in below.get(queue.pop(), set()) - seen:
                seen.add(parent)
                queue.append(parent)
        return seen

    assert below and not [batch for batch in below if batch in reaches(batch)]


def test_the_adapter_is_trained_as_the_words_are_with_a_rate_of_its_own(jobs):
    training = {
        "training": {"epochs": 3, "learning_rate": 1e-4, "lora": {"rank": 4}},
        "composition": {"joint_steps": 2},
    }
    found = jobs("lora", more=training, lora_learning_rate=1e-3)
    adapter, tuned = found["finetune/first2--lora"], found["finetune/joint--first2"]
    differing = {key for key in adapter.settings if adapter.settings[key] != tuned.settings.get(key)}
    assert differing == {"trainable", "lora", "learning_rate"}
    assert (adapter.settings["trainable"], adapter.settings["learning_rate"]) == ("lora", 1e-3)
    assert adapter.settings["lora"]["rank"] == 4
    assert jobs("lora", more=training)["finetune/first2--lora"].settings["learning_rate"] == 1e-4


def test_where_fine_tunes_are_adapters_lora_is_the_fine_tune(jobs):
    found = jobs("lora", more={"training": {"trainable": "lora"}})
    assert "finetune/first2--lora" not in found
    assert found["decode/first2--lora"].inputs["model"] is found["finetune/joint--first2"]


def test_a_vector_costs_its_trainings_and_searches_and_a_bias_its_search(jobs):
    rows = {row["system"]: row for row in jobs(*EVERY)["table/baselines"].settings["rows"] if row["words"] == "2"}
    trained = {"finetuned": ["neuschwanstein", "avignon"], "vectors": ["neuschwanstein", "avignon"]}
    assert rows["TA"]["seconds"] == trained | {"searches": ["first2--ta"]}
    assert rows["TA + bias"]["seconds"] == trained | {"searches": ["first2--ta", "first2--vector-bias"]}
    assert rows["TA + prompt"]["seconds"] == rows["TA"]["seconds"]
    assert rows["Bias"]["seconds"] == {"searches": ["first2--bias"]}
    assert rows["FT"]["seconds"] == {"finetuned": ["joint--first2"]}
    assert rows["LoRA"]["seconds"] == rows["LoRA"]["kept"] == {"finetuned": ["first2--lora"]}
    assert rows["Raw"]["seconds"] == rows["Prompt"]["seconds"] == rows["Prompt"]["kept"] == rows["Bias"]["kept"] == {}
    for system in ("TA", "TA + prompt", "TA + bias"):
        assert rows[system]["kept"] == {"vectors": ["neuschwanstein", "avignon"]}


@pytest.mark.parametrize(
    ("more", "systems", "says"),
    [
        (
            {"base": "foundation/ctc-small"} | ENGLISH,
            ["bias"],
            r"foundation/ctc-small is of the type 'parakeet_ctc', whose decoding takes neither a prompt nor a bias",
        ),
        (
            {"decoding": {"engine": "ctranslate2"}},
            ["lora", "vector_bias"],
            r"engine' is ctranslate2, which decodes without hints",
        ),
        ({"base": "foundation/tiny"}, ["bias", "vector_prompt"], r"foundation/tiny was trained without previous texts"),
        ({"merging": {"methods": ["ties"]}}, ["vector_bias"], r"has vector_bias, and merging\.methods has no ta"),
    ],
)
def test_what_cannot_be_done_is_refused(jobs, more, systems, says, monkeypatch):
    monkeypatch.setattr("tauspeech.models.ctranslate2_package.version", lambda name: "4.7.0")
    with pytest.raises(UserError, match=says):
        jobs(*systems, more=more)


@pytest.mark.parametrize("model_type", ["llama", "qwen2_audio", "wav2vec2"])
def test_families_without_hints_are_refused_by_their_type(jobs, folder, model_type):
    more = {"base": folder_of_type(folder, model_type)} | ENGLISH
    with pytest.raises(
        UserError, match=f"is of the type '{model_type}', whose decoding takes neither a prompt nor a bias"
    ):
        jobs("vector_prompt", more=more)


def test_an_adapter_needs_no_hints(jobs):
    assert "finetune/first2--lora" in jobs("lora", more={"base": "foundation/tiny"})


def test_languages_without_rare_names_are_refused(jobs, folder):
    (folder / "ru.tsv").write_text("word_id\tzh\tru\tdomain\ngoethe\t歌德\tГёте\tindividual\n", encoding="utf-8")
    (folder / "config/text").mkdir(parents=True)
    for name in ("goethe", "general"):
        (folder / f"config/text/{name}.tsv").write_text(
            "zh\tru\n歌德很好\tГёте здесь\n歌德在\tЭто Гёте\n歌德去\tГёте там\n"
        )
    more = {"words": "ru.tsv", "languages": {"source": "zh", "target": "ru"}}
    more["text"] = {"counts": {"train": 1, "validation": 1, "test": 1, "general": 1}}
    more["rarity"] = {"carriers": 1}
    with pytest.raises(
        UserError, match=r"distractors' is 50, and the list of rare names has none in 'ru': set it to 0\."
    ):
        jobs("bias", distractors=50, more=more)


def test_too_few_names_for_the_distractors_are_refused():
    with pytest.raises(UserError, match=r"'baselines.distractors' is 200, and only \d+ of the list's names"):
        distractors(200, 1, "en", ["a", "e"])


def test_a_word_that_the_normaliser_deletes_is_refused(jobs, folder):
    rows = ["word_id\tzh\ten\tdomain", "um\t嗯\tUm\tindividual"]
    (folder / "own.tsv").write_text("\n".join([*rows, ""]), encoding="utf-8")
    own = {"words": "own.tsv", "composition": {"counts": [1]}}
    assert jobs(more=own)
    with pytest.raises(UserError, match=r"own\.tsv.*: scoring\.normaliser whisper deletes 'Um'"):
        jobs(more=own | {"scoring": {"normaliser": "whisper"}})
