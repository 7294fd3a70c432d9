"""The workflow's scripts with a shorter input window and a trained decoder: what they write belongs to the full model."""

from dataclasses import replace
from functools import cache

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from tauspeech.models.encoder_states import EncoderStates
from tauspeech.models.foundation_sizes import SIZES
from tauspeech.models.whisper import greedy
from tauspeech.models.whisper.family import Whisper
from tauspeech.models.whisper.foundation import new_model
from tauspeech.vectors.encodings.vector_file import VectorFile
from tests.training.test_lora_stages import Stages
from tests.workflow.project import ROOT

POSITIONS = "model.encoder.embed_positions.weight"
SECONDS = 20  # of the base's window


@pytest.fixture
def stages(tmp_path):
    torch.set_num_threads(1)
    lines = (ROOT / "config/words.tsv").read_text(encoding="utf-8").splitlines()
    rows = [lines[0], *(line for line in lines if line.startswith("avignon\t"))]
    (tmp_path / "words.tsv").write_text("\n".join([*rows, ""]), encoding="utf-8")
    new_model(lines, replace(SIZES["tiny"], seconds=SECONDS), 1).save(tmp_path / "base")
    return Stages(tmp_path)


@pytest.fixture
def encoded(monkeypatch):
    """Sizes of the batches that encoders compute for decoding in the test."""
    found, encode = [], greedy.encode
    monkeypatch.setattr(greedy, "encode", lambda network, inputs: found.append(len(inputs)) or encode(network, inputs))
    monkeypatch.setattr("tauspeech.models.encoder_states.shared_states", cache(EncoderStates))
    return found


TRAINING = {"trainable": "decoder", "epochs": 1, "batch": 4, "evaluations": 1, "best_by": "loss"}
SHORT = {"base_window": 10, "training": TRAINING, "rarity": {"carriers": 2}, "merging": {"grid": [1]}}


def test_models_that_differ_in_their_decoders_share_encoder_states_across_jobs(stages, encoded):
    plan = stages.plan(**SHORT)
    stages.make(plan, "decode", "avignon")
    assert encoded
    for parent in plan.jobs["decode", "avignon--ta"].parents:
        stages.make(plan, parent.stage, parent.id)
    encoded.clear()
    stages.make(plan, "decode", "avignon--ta")
    assert not encoded


def test_where_ctranslate2_decodes_the_network_does_not(stages, encoded):
    pytest.importorskip("ctranslate2", reason="ctranslate2 is optional and not installed")
    plan = stages.plan(**SHORT, decoding={"engine": "ctranslate2"})
    for parent in plan.jobs["decode", "avignon"].parents:
        stages.make(plan, parent.stage, parent.id)
    encoded.clear()
    stages.make(plan, "decode", "avignon")
    assert not encoded


def test_every_job_shortens_the_window_and_files_are_the_full_models(stages, monkeypatch):
    shortened = []
    shorten = Whisper.shorten_window
    monkeypatch.setattr(Whisper, "shorten_window", lambda model, to: shortened.append(to) or shorten(model, to))
    plan = stages.plan(**SHORT)
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
