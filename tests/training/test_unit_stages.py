"""Units as stages of the workflow: their centres, the units of sets, and models that take them in place of audio."""

import json

import pyarrow.parquet as pq
import pytest
import torch

from tauspeech.data import manifest
from tauspeech.data.audio import decode_audio
from tauspeech.experiments.foundation.plan import plan as plan_of
from tauspeech.models.devices import device
from tauspeech.models.family import open_model
from tauspeech.models.tasks import SpeechTask
from tauspeech.models.units.extractor import open_extractor
from tauspeech.plan.config import complete
from tauspeech.runtime.errors import UserError
from tests.models.speech_llm.small import speech_llm
from tests.training.test_lora_stages import Stages
from tests.workflow.project import ROOT

CONFIG = {
    "name": "t",
    "experiment": "foundation",
    "size": "speech-llm-tiny",
    "languages": {"source": "en", "target": ["de", "fr", "zh"]},
    "speech": {"voices": {"en": ["en-us"]}},
    "training": {"threads": 1},
}
SETS = ("foundation-speech-llm-tiny--en-de-fr", "foundation-speech-llm-tiny--en-zh")


def foundation(folder, **sections):
    return plan_of(complete(CONFIG | sections, "c.yaml"), folder / "results/t")


@pytest.fixture(scope="module")
def stages(tmp_path_factory):
    torch.set_num_threads(1)
    made = Stages(tmp_path_factory.mktemp("units"))
    made.make(foundation(made.folder), "base", "base")
    return made


@pytest.mark.parametrize("name", SETS)
def test_a_set_of_units_has_the_rows_of_its_speech_without_the_audio(stages, name):
    speech = manifest.read(stages.results / f"speech/{name}.parquet")
    path = stages.results / f"units/{name}.parquet"
    assert pq.read_schema(path).names == [each if each != "audio" else "units" for each in speech[0]]
    extractor = open_extractor(stages.results / "unit_centres/foundation-speech-llm-tiny")
    assert extractor.count == 24 and extractor.encoder == "foundation/english-tiny"
    for row, encoded in zip(speech, manifest.read(path), strict=True):
        assert encoded["units"] == extractor.units(decode_audio(row["audio"]["bytes"])).tolist()
        assert {key: row[key] for key in row if key != "audio"} == {key: encoded[key] for key in row if key != "audio"}


def test_the_same_sentences_are_spoken_for_all_languages_and_of_the_same_split(stages):
    splits = {}
    for name in SETS:
        for row in manifest.texts(stages.results / f"units/{name}.parquet"):
            assert splits.setdefault(row["en"], row["split"]) == row["split"]


def test_the_base_takes_units_as_it_takes_the_audio_and_texts_as_texts(stages):
    model, task = open_model(stages.results / "models/base"), SpeechTask("transcribe", "en", "en")
    assert model.languages == ["de", "en", "fr", "zh"]
    (spoken, encoded) = (
        manifest.first(stages.results / f"{each}/{SETS[1]}.parquet", "train", 1)[0] for each in ("speech", "units")
    )
    assert model.features_of(encoded, task).tolist() == model.features_of(spoken, task).tolist()
    text = model.features_of(encoded, SpeechTask("translate_text", "en", "zh"))
    assert model.tokenizer.decode(text) == encoded["en"]


def test_the_receipt_of_a_foundation_names_the_device_and_the_time(stages):
    receipt = json.loads((stages.results / "models/base/receipt.json").read_text())
    assert receipt["properties"]["device"] == device() and receipt["seconds"] > 0


def test_a_foundation_is_not_trained_to_translate_speech(tmp_path):
    tasks = foundation(tmp_path).jobs["base", "base"].settings["tasks"]
    assert {name: [(task["kind"], task["target"]) for task in found] for name, found in tasks.items()} == {
        SETS[0]: [("transcribe", "en"), ("translate_text", "de"), ("translate_text", "fr")],
        SETS[1]: [("transcribe", "en"), ("translate_text", "zh")],
    }


@pytest.mark.parametrize(
    ("size", "source", "target", "message"),
    [
        ("speech-llm-tiny", ["en", "de"], ["fr"], r"languages\.source' is \['en', 'de'\], and a speech LLM has one"),
        (
            "tiny",
            "zh",
            ["en", "de"],
            r"languages\.target' is \['en', 'de'\], and a foundation of the size tiny has one",
        ),
        ("speech-llm-tiny", "en", ["xx"], "no template grammar for en and xx"),
    ],
)
def test_languages_that_do_not_fit_are_refused(tmp_path, size, source, target, message):
    with pytest.raises(UserError, match=message):
        foundation(tmp_path, size=size, languages={"source": source, "target": target})


def test_jobs_of_a_base_that_takes_units_have_units_that_are_made_once(tmp_path, monkeypatch):
    monkeypatch.chdir(ROOT)
    stages = Stages(tmp_path)
    (tmp_path / "words.tsv").write_text(
        "word_id\tzh\ten\tdomain\navignon\t阿维尼翁\tAvignon\tlocation\n", encoding="utf-8"
    )
    speech_llm(tmp_path)
    plan = stages.plan(base=str(tmp_path / "speech"))
    for stage in ("finetune", "search", "decode"):
        sets = [each for (found, _), job in plan.jobs.items() if found == stage for each in job.inputs.get("sets", [])]
        assert sets and {each.stage for each in sets} == {"units"}
    lora = {"trainable": "lora", "lora": {"new_tokens": True}}
    jobs = stages.plan(base=str(tmp_path / "speech"), training=lora).jobs
    trained = [job for (stage, _), job in jobs.items() if stage == "finetune"]
    assert trained and all(job.settings["lora"]["new_tokens"] for job in trained)
    merges = [job for (stage, _), job in jobs.items() if stage == "merge"]
    assert merges and not any(job.inputs["finetuned"] for job in merges)  # no sums of adapters
    units = [job for (stage, _), job in plan.jobs.items() if stage == "units"]
    assert all(job.inputs["extractor"].stage == "base" and job.inputs["speech"].id == job.id for job in units)
