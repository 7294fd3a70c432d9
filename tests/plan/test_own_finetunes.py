"""Fine-tunes and adapters of the user's in a plan: they take the place of trainings, and what cannot be used is refused."""

import json

import pytest
import yaml

from tauspeech.plan.config import complete
from tauspeech.plan.index import _plan_of
from tauspeech.runtime.errors import UserError

LORA = {"peft_type": "LORA", "r": 2, "lora_alpha": 2, "target_modules": ["q_proj"]}


@pytest.fixture
def own(folder):
    """Write a folder of the user's."""

    def write(name, file="adapter_config.json", content=LORA, weights="adapter_model.safetensors"):
        (folder / name).mkdir(exist_ok=True)
        (folder / name / file).write_text(json.dumps(content))
        (folder / name / weights).write_bytes(b"weights")
        return name

    return write


@pytest.fixture
def planned(config, folder):
    return lambda **sections: _plan_of(complete(config(**sections), "c.yaml"), folder / "results" / "t")


def test_a_full_training_says_nothing_of_adapters(plan):
    job = plan().jobs["finetune", "avignon"]
    assert not job.settings.keys() & {"trainable", "lora", "own"}
    assert "lora" not in " ".join(job.modules)


def test_lora_reaches_trainings_vectors_and_sums(plan, changed):
    jobs = plan(training={"trainable": "lora", "lora": {"rank": 4}}).jobs
    finetune = jobs["finetune", "avignon"]
    assert finetune.settings["lora"] == {"rank": 4, "alpha": 16, "targets": "attention"}
    assert "tauspeech.training.lora" in finetune.modules
    assert jobs["vector", "avignon"].settings == {"encoding": "lora"}
    summed = {id for stage, id in jobs if stage == "merge" and jobs[stage, id].inputs["finetuned"]}
    assert summed == {id for stage, id in jobs if stage == "merge" and id.endswith(("--ta", "--average"))}
    adapters = jobs["merge", "first3--ta"].inputs["finetuned"]
    assert [job.id for job in adapters] == [job.id for job in jobs["merge", "first3--ta"].inputs["vectors"]]


def test_one_word_by_lora_leaves_the_others_as_they_are(plan, changed):
    found = changed(overrides={"avignon": {"training": {"trainable": "lora"}}})
    assert {"finetune/avignon", "vector/avignon", "merge/avignon--ta"} <= found
    assert not {"finetune/raphael", "vector/raphael", "merge/raphael--ta", "speech/avignon"} & found
    jobs = plan(overrides={"avignon": {"training": {"trainable": "lora"}}}).jobs
    assert jobs["merge", "avignon--ta"].inputs["finetuned"] and not jobs["merge", "first3--ta"].inputs["finetuned"]


def test_an_own_adapter_takes_the_place_of_a_training(planned, own):
    jobs = planned(adapters={"avignon": own("mine")}).jobs
    job = jobs["finetune", "avignon"]
    assert job.settings["own"]["kind"] == "adapter" and set(job.inputs) == {"base"}
    assert set(job.settings["own"]["files"]) == {"adapter_config.json", "adapter_model.safetensors"}
    assert jobs["vector", "avignon"].settings == {"encoding": "lora"}
    assert jobs["merge", "avignon--ta"].inputs["finetuned"]


def test_an_own_adapter_with_trained_biases_is_summed_as_weights_only(planned, own):
    jobs = planned(adapters={"avignon": own("mine", content=LORA | {"bias": "all"})}).jobs
    assert jobs["vector", "avignon"].settings == {"encoding": "lora"}
    assert not jobs["merge", "avignon--ta"].inputs["finetuned"]


def test_an_own_adapter_with_embeddings_of_tokens_is_summed_as_weights_only(planned, own):
    jobs = planned(adapters={"avignon": own("mine", content=LORA | {"trainable_token_indices": [7]})}).jobs
    assert jobs["vector", "avignon"].settings == {"encoding": "lora"}
    assert not jobs["merge", "avignon--ta"].inputs["finetuned"]


def test_new_tokens_are_refused_for_other_families(plan):
    with pytest.raises(
        UserError, match=r"'training\.lora\.new_tokens' is true, and .* 'whisper', which has no tokens for units"
    ):
        plan(training={"trainable": "lora", "lora": {"new_tokens": True}})


def test_an_own_model_takes_the_place_of_a_joint_training_too(planned, own):
    folder = own("mine", "config.json", {"model_type": "whisper"}, "model.safetensors")
    jobs = planned(models={"avignon": folder, "joint--first2": folder}).jobs
    assert jobs["vector", "avignon"].settings == {}
    assert jobs["finetune", "joint--first2"].settings["own"]["kind"] == "model"


def test_the_content_of_the_folder_is_part_of_the_plan(planned, own, folder):
    before = planned(adapters={"avignon": own("mine")}).jobs
    (folder / "mine/adapter_model.safetensors").write_bytes(b"others")
    after = planned(adapters={"avignon": "mine"}).jobs
    assert before["finetune", "avignon"].key != after["finetune", "avignon"].key
    assert before["finetune", "raphael"].key == after["finetune", "raphael"].key


@pytest.mark.parametrize(
    ("sections", "says"),
    [
        (
            {"adapters": {"avinyon": "mine"}},
            r"key 'adapters\.avinyon': there is no such training: did you mean 'avignon'\?",
        ),
        (
            {"adapters": {"avignon": "nowhere"}},
            r"'adapters\.avignon': nowhere is not the folder of a LoRA adapter, .*adapter_config",
        ),
        (
            {"models": {"avignon": "nowhere"}},
            r"'models\.avignon': nowhere is not the folder of a model, .* no config\.json",
        ),
        ({"models": {"avignon": "mine"}}, r"no config\.json: give it in 'adapters'"),
        ({"adapters": {"avignon": "model"}}, r"no adapter_config\.json: give it in 'models'"),
        ({"adapters": {"avignon": "mine"}, "models": {"avignon": "model"}}, "leave one of them out"),
        ({"adapters": {"avignon": "other"}}, "is an adapter of type IA3, but only LORA"),
    ],
)
def test_what_cannot_take_the_place_of_a_training_is_refused_at_once(planned, own, sections, says):
    own("mine")
    own("model", "config.json", {"model_type": "whisper"}, "model.safetensors")
    own("other", content={"peft_type": "IA3"})
    with pytest.raises(UserError, match=says):
        planned(**sections)


def test_names_are_those_of_trainings_in_the_other_experiment_too(own, folder):
    text = "{name: t, experiment: lors, base: foundation/multilingual-tiny, groups: {high: {languages: [ca, de]}}}"
    config = yaml.safe_load(text)

    def plan(**own_ones):
        return _plan_of(complete(config | own_ones, "c.yaml"), folder / "results/t")

    jobs = plan(adapters={"ca--asr": own("mine")}).jobs
    assert jobs["finetune", "ca--asr"].settings["own"]["kind"] == "adapter"
    with pytest.raises(UserError, match="did you mean 'ca--asr'"):
        plan(adapters={"ca-asr": "mine"})


def test_an_own_adapter_counts_for_all_seeds(planned, own):
    jobs = planned(adapters={"avignon": own("mine")}, repetitions=2).jobs
    assert all("own" in jobs["finetune", id].settings for id in ("avignon", "avignon--seed2"))
    with pytest.raises(UserError, match="avignon--seed2': there is no such training"):
        planned(adapters={"avignon--seed2": "mine"}, repetitions=2)


def test_an_adapter_for_a_word_that_is_skipped_is_no_mistake(planned, own):
    """The first run only finds out which words are skipped."""
    assert planned(adapters={"avignon": own("mine")}, rarity={"known": "skip"}).unfinished
    with pytest.raises(UserError, match="nowhere is not the folder"):
        planned(adapters={"avignon": "nowhere"}, rarity={"known": "skip"})
