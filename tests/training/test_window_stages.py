"""The workflow's scripts with a shorter input window and a trained decoder: what they write belongs to the full model."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from tauspeech.models.foundation_sizes import SIZES
from tauspeech.models.whisper.family import Whisper
from tauspeech.models.whisper.foundation import new_model
from tauspeech.vectors.encodings.vector_file import VectorFile
from tests.training.test_lora_stages import Stages
from tests.workflow.project import ROOT

POSITIONS = "model.encoder.embed_positions.weight"
SECONDS = 20  # of the base's window


@pytest.fixture(scope="module")
def stages(tmp_path_factory):
    torch.set_num_threads(1)
    folder = tmp_path_factory.mktemp("stages")
    lines = (ROOT / "config/words.tsv").read_text(encoding="utf-8").splitlines()
    rows = [lines[0], *(line for line in lines if line.startswith("avignon\t"))]
    (folder / "words.tsv").write_text("\n".join([*rows, ""]), encoding="utf-8")
    new_model(lines, replace(SIZES["tiny"], seconds=SECONDS), 1).save(folder / "base")
    return Stages(folder)


def test_every_job_shortens_the_window_and_files_are_the_full_models(stages, monkeypatch):
    shortened = []
    shorten = Whisper.shorten_window
    monkeypatch.setattr(Whisper, "shorten_window", lambda model, to: shortened.append(to) or shorten(model, to))
    training = {"trainable": "decoder", "epochs": 1, "batch": 4, "evaluations": 1, "best_by": "loss"}
    plan = stages.plan(base_window=10, training=training, rarity={"carriers": 2}, merging={"grid": [1]})
    for stage, id in (
        ("rarity", "avignon"),
        ("finetune", "avignon"),
        ("search", "avignon--ta"),
        ("decode", "avignon--ta"),
    ):
        before = len(shortened)
        stages.make(plan, stage, id)
        assert shortened[before:] and set(shortened) == {10}, stage

    base, tuned = (load_file(stages.results / "models" / name / "model.safetensors") for name in ("base", "avignon"))
    assert tuned[POSITIONS].shape == (SECONDS * 20, 48)
    changed = {name for name in base if not torch.equal(base[name], tuned[name])}
    assert changed == {name for name in base if not name.startswith("model.encoder.")}
    vector = VectorFile(stages.results / "vectors/avignon.safetensors")
    assert vector.shapes[POSITIONS] == (SECONDS * 20, 48)
    assert not np.any(vector.piece(POSITIONS).read(0, SECONDS * 20 * 48))
    merged = load_file(stages.results / "merged/avignon--ta/model.safetensors")
    assert torch.equal(merged[POSITIONS], base[POSITIONS]) and merged.keys() == base.keys()
