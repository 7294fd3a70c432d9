"""A tiny run in this process: what was trained is less probable once its vector is subtracted."""

import shutil

import pandas as pd
import pytest
import torch
import yaml
from safetensors.torch import load_file

from tauspeech.commands.main import main
from tauspeech.data import manifest
from tauspeech.models.family import Example, open_model
from tauspeech.models.tasks import SpeechTask
from tauspeech.runtime.errors import UserError
from tests.training.test_lora_stages import Stages
from tests.workflow.project import untrained_base

PHRASE = "Avignon"
TRAINING = {"epochs": 2, "batch": 4, "evaluations": 1, "learning_rate": 5e-4}


@pytest.fixture
def stages(folder):
    torch.set_num_threads(1)
    shutil.copytree(untrained_base(), folder / "base")
    return Stages(folder)


def loss(model, rows):
    """Mean loss of the phrase on some audio."""
    task = SpeechTask("transcribe", "en", "en")
    examples = [Example(model.features_of(row, task), model.labels(PHRASE, task)) for row in rows]
    with torch.inference_mode():
        return float(model.network.eval()(**model.collate(examples)).loss)


def test_a_subtracted_phrase_is_less_probable_and_the_table_has_every_weight(stages, plan, folder):
    planned = plan(phrase=PHRASE, training=TRAINING, decoding={"new_tokens": 4})
    stages.make(planned, "table", "subtraction")
    table = pd.read_csv(stages.results / "tables/subtraction.tsv", sep="\t")
    assert table["weight"].tolist() == [-1, 0, 0.5, 1] and table["chosen"].sum() == 1
    trained, base, half, whole = (
        stages.results / place for place in ("models/phrase", "models/base", "merged/minus-050", "merged/minus-100")
    )
    rows = manifest.read(stages.results / "speech/noise.parquet", "test")
    found = [loss(open_model(place), rows) for place in (trained, base, half, whole)]
    assert found == sorted(found) and found[3] - found[0] > 0.2

    recipe = {"base": str(trained), "method": "task_arithmetic"}
    recipe |= {"vectors": [{"path": str(trained), "reference": str(base), "weight": -1}]}
    (folder / "recipe.yaml").write_text(yaml.safe_dump(recipe), encoding="utf-8")
    assert main(["merge", str(folder / "recipe.yaml"), "-o", str(folder / "back"), "--threads", "1"]) == 0
    before, back = (load_file(place / "model.safetensors") for place in (base, folder / "back"))
    assert before.keys() == back.keys()
    for name, weight in before.items():
        torch.testing.assert_close(back[name], weight, rtol=0, atol=1e-7)


def test_a_base_that_writes_no_word_has_nothing_to_subtract(stages, plan, monkeypatch):
    monkeypatch.setattr("tauspeech.models.decoding.Decoder.decode", lambda decoder, rows, task: [". ."] * len(rows))
    with pytest.raises(
        UserError, match="the base writes no word for any utterance of the split train: give another base"
    ):
        stages.make(plan(), "table", "phrases")
