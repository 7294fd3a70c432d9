"""The stage tts: one engine's share of a set, and its cache."""

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
        self.calls, self.away = [], None

    def synthesise(self, text, speaker, seed):
        if text == self.away:
            raise UserError("the server is away.")
        self.calls.append(text)
        return Sound(np.sin(np.arange(RATE) / 20).astype(np.float32), RATE)


@pytest.fixture
def share(tmp_path, monkeypatch):
    """The job of one engine with six sentences, and the engine."""

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


@pytest.mark.parametrize(("engine", "cached"), [("command", 0), ("http", 6)])
def test_audio_of_a_server_stays_in_the_cache(share, engine, cached):
    job, _ = share(engine)
    synthesise.main(job)
    assert len(list((job.results / TTS_CACHE).rglob("*.wav"))) == cached
    job, tone = share(engine)
    synthesise.main(job)
    assert len(tone.calls) == 6 - cached
    job, tone = share(engine, model="another")
    synthesise.main(job)
    assert len(tone.calls) == 6


@pytest.mark.parametrize("engine", ["command", "http"])
def test_an_interrupted_share_resumes(share, engine):
    job, tone = share(engine)
    tone.away = "句子4"
    with pytest.raises(UserError, match="away"):
        synthesise.main(job)
    assert not job.receipt.exists()
    job, tone = share(engine)
    synthesise.main(job)
    assert tone.calls == ["句子4", "句子5"]
    assert job.receipt.is_file()
