"""A share of a set as its job makes it, and what is left of it to go on from."""

from importlib import import_module

import numpy as np
import pytest

import synthesise
from tauspeech.data.audio import RATE
from tauspeech.data.tables import write_table
from tauspeech.plan.jobs import PlannedJob
from tauspeech.runtime.errors import UserError
from tauspeech.runtime.job import Job
from tauspeech.runtime.receipts import write_receipt
from tauspeech.runtime.stages import TTS_CACHE
from tauspeech.speech.engine import Sound


class Tone:
    version, speakers = "tone 1", ()

    def __init__(self):
        self.asked, self.away = [], None

    def synthesise(self, text, speaker, seed):
        if text == self.away:
            raise UserError("the server is away.")
        self.asked.append(text)
        return Sound(np.sin(np.arange(RATE) / 20).astype(np.float32), RATE)


@pytest.fixture
def share(tmp_path, monkeypatch):
    """The job of one engine, which says six sentences; and the engine."""

    def make(engine, **model):
        results = tmp_path / "results" / "t"
        text = PlannedJob("text", "w", {})
        rows = [[f"w-train-{number:05d}", "train", "w", f"句子{number}"] for number in range(6)]
        write_table(results / "text" / "w.tsv", ["utterance", "split", "word_id", "zh"], rows)
        write_receipt(results / "text/w.receipt.json", text.key, text.spec, {}, [results / "text/w.tsv"], 0)
        settings = {"model": {"engine": engine, "name": "own"} | model, "voices": [f"{engine}/own/a"]}
        settings |= {"every_voice": None, "language": "zh", "languages": ["zh"], "longest": 5.0}
        job = PlannedJob("tts", f"main/w--{engine}-own", settings, {"text": text})
        spec = results / "plan" / "tts" / "main" / f"w--{engine}-own.json"
        spec.parent.mkdir(parents=True, exist_ok=True)
        spec.write_text(job.text, encoding="utf-8")
        tone = Tone()
        monkeypatch.setattr(import_module(f"tauspeech.speech.engines.{engine}"), "open_engine", lambda *_: tone)
        return Job(spec, 1), tone

    return make


@pytest.mark.parametrize(("engine", "kept"), [("command", 0), ("http", 6)])
def test_what_a_server_was_paid_for_stays(share, engine, kept):
    job, _ = share(engine)
    synthesise.main(job)
    assert len(list((job.results / TTS_CACHE).rglob("*.wav"))) == kept
    job, tone = share(engine)
    synthesise.main(job)
    assert len(tone.asked) == 6 - kept
    job, tone = share(engine, model="another")
    synthesise.main(job)
    assert len(tone.asked) == 6


@pytest.mark.parametrize("engine", ["command", "http"])
def test_a_share_that_broke_off_goes_on(share, engine):
    job, tone = share(engine)
    tone.away = "句子4"
    with pytest.raises(UserError, match="away"):
        synthesise.main(job)
    assert not job.receipt.exists()
    job, tone = share(engine)
    synthesise.main(job)
    assert tone.asked == ["句子4", "句子5"]
    assert job.receipt.is_file()
