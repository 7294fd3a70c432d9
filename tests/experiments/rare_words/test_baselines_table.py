"""Costs of words in the table ``baselines``, and its figure."""

import json
import math
import re

import pandas as pd
import pytest

from tauspeech.experiments.rare_words.baselines_figure import draw
from tauspeech.experiments.rare_words.baselines_table import costs
from tauspeech.runtime.receipts import Receipt

SEARCHED = {"searches": ["ta", "bias"], "finetuned": ["a", "b"]}


@pytest.fixture
def receipts(tmp_path):
    """Receipts of jobs by role and id: outputs are files of these sizes."""

    def receipt(id, seconds, sizes=None, **more):
        folder = tmp_path / id
        for name, size in (sizes or {}).items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_bytes(bytes(size))
        content = {"spec": {}, "seconds": seconds, "outputs": dict.fromkeys(sizes or {}, "")}
        return Receipt(folder / "receipt.json", content | more)

    adapted = {
        "model.safetensors": 90_000,
        "adapter/adapter_model.safetensors": 4_000,
        "adapter/adapter_config.json": 70,
    }
    return {
        "searches": {"ta": receipt("ta", 30.0), "bias": receipt("bias", 10.0)},
        "finetuned": {
            "a": receipt("a", 100.0, {"model.safetensors": 90_000, "config.json": 500}),
            "b": receipt("b", 60.0, adapted),
        },
        "vectors": {name: receipt(f"v{name}", 1.0, {f"{name}.safetensors": 50_000}) for name in "ab"},
        "hypotheses": {
            "new": receipt(
                "new", 9.0, pace={"general": {"audio": 40.0, "seconds": 10.0}, "a": {"audio": 1, "seconds": 9}}
            ),
            "old": receipt("old", 9.0),
        },
    }


def row(seconds, kept, general="new", system="TA", sets=("a", "b")):
    return {"seconds": seconds, "kept": kept, "general": general, "system": system, "sets": sets}


@pytest.mark.parametrize(
    ("seconds", "kept", "expected"),
    [
        (SEARCHED, {"vectors": ["a", "b"]}, (100.0, 0.05)),
        ({"finetuned": ["a"]}, {"finetuned": ["a"]}, (50.0, 0.045)),  # the whole model, for two words
        ({"finetuned": ["b"]}, {"finetuned": ["b"]}, (30.0, 0.002)),  # the adapter alone
        ({}, {}, (0, 0)),
    ],
    ids=["vector", "model", "adapter", "prompt"],
)
def test_seconds_and_megabytes_are_those_of_a_word(receipts, seconds, kept, expected):
    found = costs(row(seconds, kept), receipts, "general")
    assert (found["seconds_a_word"], found["megabytes_a_word"]) == expected
    assert found["real_time_factor"] == 0.25


def test_the_base_costs_nothing_and_old_receipts_have_no_pace(receipts):
    found = costs(row({}, {}, "old", "Raw"), receipts, "general")
    assert all(math.isnan(value) for value in found.values())


def test_a_fine_tune_of_the_users_has_no_time(receipts):
    receipts["finetuned"]["a"].content["spec"] = {"settings": {"own": {"folder": "mine"}}}
    found = costs(row({"finetuned": ["a"]}, {"finetuned": ["a"]}), receipts, "general")
    assert math.isnan(found["seconds_a_word"]) and found["megabytes_a_word"] == 0.045


def test_a_receipt_with_another_pace_is_of_the_same_work(tmp_path):
    digests = set()
    for seconds in (1.0, 2.0):
        content = {"key": "k", "spec": {}, "inputs": {}, "outputs": {}, "pace": {"general": {"seconds": seconds}}}
        (tmp_path / "receipt.json").write_text(json.dumps(content), encoding="utf-8")
        digests.add(Receipt.read(tmp_path / "receipt.json").digest)
    assert len(digests) == 1


def test_the_figure_has_a_panel_for_each_score_and_a_line_for_each_system(tmp_path):
    """A named subset has no place on the axis."""
    systems = ("Raw", "TA", "TA + bias")
    frame = pd.DataFrame(
        [
            {"words": words, "system": name, "F1": 50.0, "general": 30.0}
            for words in ("1", "4", "pair")
            for name in systems
        ]
    )
    draw(frame, tmp_path / "baselines", {"task": "translate", "language": "en"})
    texts = re.findall(r"<!-- (.+?) -->", (tmp_path / "baselines.svg").read_text(encoding="utf-8"))
    assert {*systems, "F1 of the words in %", "General BLEU", "Number of rare words"} <= set(texts)
