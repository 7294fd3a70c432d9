"""A share of a set as its job makes it, and what is left of it to go on from."""

from importlib import import_module

import numpy as np
import pytest

import speak
from tauspeech.runtime.errors import UserError
from tauspeech.runtime.job import Task
from tauspeech.plan.jobs import Job
from tauspeech.runtime.stages import SAID
from tauspeech.runtime.receipts import write_receipt
from tauspeech.data.audio import RATE
from tauspeech.speech.engine import Sound
from tauspeech.data.tables import write_table


class Tone:
    version, speakers = "tone 1", ()

    def __init__(self):
        self.asked, self.away = [], None

    def say(self, text, speaker, seed):
        if text == self.away:
            raise UserError("the server is away.")
        self.asked.append(text)
        return Sound(np.sin(np.arange(RATE) / 20).astype(np.float32), RATE)


@pytest.fixture
def share(tmp_path, monkeypatch):
    """The job of one engine, which says six sentences; and the engine."""

    def make(engine, **model):
        results = tmp_path / "results" / "t"
        text = Job("text", "w", {})
        rows = [[f"w-train-{number:05d}", "train", "w", f"句子{number}"] for number in range(6)]
        write_table(results / "text" / "w.tsv", ["utterance", "split", "word_id", "zh"], rows)
        write_receipt(results / "text/w.receipt.json", text.key, text.spec, {}, [results / "text/w.tsv"], 0)
        settings = {"model": {"engine": engine, "name": "own"} | model, "voices": [f"{engine}/own/a"]}
        settings |= {"every_voice": None, "language": "zh", "languages": ["zh"], "longest": 5.0}
        job = Job("voiced", f"main/w--{engine}-own", settings, {"text": text})
        spec = results / "plan" / "voiced" / "main" / f"w--{engine}-own.json"
        spec.parent.mkdir(parents=True, exist_ok=True)
        spec.write_text(job.text, encoding="utf-8")
        tone = Tone()
        monkeypatch.setattr(import_module(f"tauspeech.speech.engines.{engine}"), "open_engine", lambda *_: tone)
        return Task(spec, 1), tone

    return make


@pytest.mark.parametrize(("engine", "kept"), [("command", 0), ("http", 6)])
def test_what_a_server_was_paid_for_stays(share, engine, kept):
    task, _ = share(engine)
    speak.main(task)
    assert len(list((task.results / SAID).rglob("*.wav"))) == kept
    task, tone = share(engine)
    speak.main(task)
    assert len(tone.asked) == 6 - kept
    task, tone = share(engine, model="another")
    speak.main(task)
    assert len(tone.asked) == 6


@pytest.mark.parametrize("engine", ["command", "http"])
def test_a_share_that_broke_off_goes_on(share, engine):
    task, tone = share(engine)
    tone.away = "句子4"
    with pytest.raises(UserError, match="away"):
        speak.main(task)
    assert not task.receipt.exists()
    task, tone = share(engine)
    speak.main(task)
    assert tone.asked == ["句子4", "句子5"]
    assert task.receipt.is_file()
