"""``decoding.engine: ctranslate2`` in a plan: models are converted once each, and only the test sets are decoded by it."""

import pytest

from tauspeech.models import ctranslate2_package
from tauspeech.runtime.errors import UserError
from tests.plan.retention_tables import SETS, write_both

ENGINE = {"engine": "ctranslate2"}


@pytest.fixture
def installed(monkeypatch):
    monkeypatch.setattr(ctranslate2_package, "version", lambda name: "4.7.0")


def test_each_model_is_converted_once_and_decodes_all_sets(plan, installed, folder):
    write_both(folder)
    jobs = plan(decoding=ENGINE, retention=SETS).jobs
    conversions = {id: job for (stage, id), job in jobs.items() if stage == "conversion"}
    decodings = [job for (stage, _), job in jobs.items() if stage == "decode"]
    for job in decodings:
        assert job.inputs["converted"].inputs["model"] is job.inputs["model"]
        assert job.inputs["converted"] is conversions[job.inputs["model"].id]
    assert {job.inputs["model"].id for job in decodings} == conversions.keys()
    assert len(decodings) > 2 * len(conversions)
    assert "tauspeech.models.whisper.converted" in decodings[0].modules


def test_the_engine_reaches_hypotheses_and_scores_only(changed, installed):
    found = {name.split("/")[0] for name in changed(decoding=ENGINE)}
    assert found == {"conversion", "decode", "score", "table", "figure", "claims", "report"}


def test_all_seeds_share_one_conversion_of_the_base(plan, installed):
    jobs = plan(decoding=ENGINE, repetitions=2).jobs
    assert {id for stage, id in jobs if stage == "conversion" and id.startswith("avignon--ta")} == {
        "avignon--ta",
        "avignon--ta--seed2",
    }
    assert ("conversion", "base") in jobs and ("conversion", "base--seed2") not in jobs


@pytest.mark.parametrize(
    ("sections", "says"),
    [
        (
            {"decoding": ENGINE | {"precision": "bf16"}},
            r"decoding\.precision bf16, to which it would round the weights",
        ),
        ({"decoding": ENGINE | {"gpus": 1}}, r"used on the CPU only: set decoding\.gpus to 0"),
        (
            {"decoding": ENGINE, "base": "foundation/ctc-small", "task": "transcribe", "control_task": None}
            | {"languages": {"source": "en", "target": "en"}},
            r"does not decode models of the type 'parakeet_ctc'",
        ),
    ],
)
def test_what_it_cannot_decode_is_refused(plan, installed, sections, says):
    with pytest.raises(UserError, match=r"key 'decoding\.engine' is ctranslate2.*" + says):
        plan(**sections)


@pytest.mark.parametrize("version", [None, "4.6.3"])
def test_without_the_package_the_plan_says_how_to_get_it(plan, monkeypatch, version):
    monkeypatch.setattr("tauspeech.models.ctranslate2_package.installed", lambda: version)
    with pytest.raises(
        UserError, match=r"'decoding\.engine' is ctranslate2, and ctranslate2 .*: run `pip install 'ctran"
    ):
        plan(decoding=ENGINE)
