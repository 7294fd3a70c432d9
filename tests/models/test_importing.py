"""The base stage: what the receipt of a base says about its labels."""

import json

import pytest

import prepare_base
from tauspeech.models.foundation_sizes import SIZES
from tauspeech.models.whisper.foundation import new_model
from tauspeech.plan.jobs import PlannedJob
from tauspeech.plan.sources import base_source
from tauspeech.runtime.job import Job
from tauspeech.runtime.stages import spec_path
from tests.models.whisper.published import published

TEXTS = ["我们参观了柏林墙。", "We visited the Berlin Wall."]


@pytest.mark.parametrize(
    ("model", "leading_space"),
    [(lambda: published(TEXTS), True), (lambda: new_model(TEXTS, SIZES["tiny"], 1), False)],
    ids=["published", "foundation"],
)
def test_the_receipt_of_a_base_says_whether_labels_begin_with_a_space(model, leading_space, tmp_path):
    model().save(tmp_path / "own")
    source = base_source(str(tmp_path / "own"), False, ("en",))
    planned = PlannedJob("base", "base", {key: value for key, value in source.items() if key != "family"})
    path = tmp_path / "results" / "t" / spec_path("base", "base")
    path.parent.mkdir(parents=True)
    path.write_text(planned.text, encoding="utf-8")
    prepare_base.main(Job(path, 1))
    receipt = json.loads((tmp_path / "results" / "t" / "models" / "base" / "receipt.json").read_text(encoding="utf-8"))
    assert receipt["properties"] == {"leading_space": leading_space}
