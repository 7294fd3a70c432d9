"""Shares of several engines put together, and what the base does not hear turned away."""

import json

import numpy as np
import pytest

import make_speech
import tauspeech.models.decoding
import tauspeech.models.whisper
from tauspeech.data import manifest
from tauspeech.data.audio import RATE, encode_audio
from tauspeech.data.dropped import Drop, write_dropped
from tauspeech.data.tables import read_table, write_table
from tauspeech.plan.jobs import PlannedJob
from tauspeech.runtime.errors import UserError
from tauspeech.runtime.job import Job
from tauspeech.runtime.receipts import write_receipt
from tauspeech.speech.utterances import Synthesised

TEXTS = [("train", "我们去了柏林墙"), ("train", "柏林墙很长"), ("test", "他看到柏林墙了"), ("test", "柏林墙在哪里")]


@pytest.fixture
def gather(tmp_path, monkeypatch):
    """Make a set of two shares; the base hears what is told."""

    def run(heard=None, errors=0.5, hours=None, missing=(), long=()):
        results = tmp_path / "results" / "t"
        names = [f"w-{split}-{number:05d}" for number, (split, _) in enumerate(TEXTS)]
        rows = [[name, split, "w", said] for name, (split, said) in zip(names, TEXTS, strict=True)]
        text, base = PlannedJob("text", "w", {}), PlannedJob("base", "base", {})
        write_table(results / "text" / "w.tsv", ["utterance", "split", "word_id", "zh"], rows)
        write_receipt(results / "text/w.receipt.json", text.key, text.spec, {}, [results / "text/w.tsv"], 0)
        (results / "models/base").mkdir(parents=True, exist_ok=True)
        (results / "models/base/config.json").write_text("{}")
        outputs = [results / "models/base/config.json"]
        write_receipt(results / "models/base/receipt.json", base.key, base.spec, {}, outputs, 0)
        shares = []
        for number in range(2):
            share = PlannedJob("voiced", f"main/w--engine-{number}", {})
            path = results / "voiced" / "main" / f"w--engine-{number}.parquet"
            sound = encode_audio(np.full(RATE, 0.1, np.float32))
            table = read_table(results / "text" / "w.tsv")
            said = [row for row in table[number::2] if row["utterance"] not in missing]
            voiced = (manifest.row(row, Synthesised("", sound, RATE, f"voice {number}", 1), "engine") for row in said)
            manifest.write(path, voiced, ["zh"])
            drops = [Drop(row["split"], row["utterance"], "silence") for row in table[number::2] if row not in said]
            write_dropped(path.with_suffix(".dropped.tsv"), drops)
            outputs = [path, path.with_suffix(".dropped.tsv")]
            write_receipt(path.with_suffix(".receipt.json"), share.key, share.spec, {}, outputs, 0)
            shares.append(share)
        check = {"errors": errors, "word": {"zh": ["柏林墙"]}} if heard else None
        settings = {"way": "gathered", "language": "zh", "languages": ["zh"], "hours": hours, "check": check}
        job = PlannedJob("speech", "w", settings, {"text": text, "voiced": shares, "base": base})
        spec = results / "plan" / "speech" / "w.json"
        spec.parent.mkdir(parents=True, exist_ok=True)
        spec.write_text(job.text, encoding="utf-8")

        class Ears:
            def __init__(self, *_):
                pass

            def hears(self, row):
                return row["zh"] not in long

            def decode(self, rows, asked):
                assert all(map(self.hears, rows))
                assert (asked.task, asked.written) == ("transcribe", "zh")
                return [heard[row["zh"]] for row in rows]

        monkeypatch.setattr(tauspeech.models.decoding, "Decoder", Ears)
        monkeypatch.setattr(tauspeech.models.whisper, "load", lambda folder: ())
        task = Job(spec, 1)
        make_speech.main(job)
        dropped = {row["first"]: row["reason"] for row in read_table(job.path("w.dropped.tsv"))}
        return [row["utterance"] for row in manifest.read(job.path("w.parquet"))], dropped

    return run


FAITHFUL = {said: said.replace("柏林墙", "白林强") for _, said in TEXTS}


def test_shares_come_in_the_order_of_the_text(gather):
    kept, dropped = gather()
    assert kept == ["w-train-00000", "w-train-00001", "w-test-00002", "w-test-00003"]
    assert dropped == {}


def test_the_word_itself_may_be_misheard(gather):
    kept, dropped = gather(FAITHFUL)
    assert len(kept) == 4 and dropped == {}


def test_what_is_longer_than_the_base_hears_is_dropped_and_not_cut(gather):
    kept, dropped = gather(FAITHFUL, long=["柏林墙很长"])
    assert kept == ["w-train-00000", "w-test-00002", "w-test-00003"]
    assert dropped == {"w-train-00001": "longer than the base model hears at once"}


def test_what_the_base_does_not_hear_is_dropped_and_named(gather):
    kept, dropped = gather(FAITHFUL | {"柏林墙很长": "啊啊啊啊啊啊啊"})
    assert kept == ["w-train-00000", "w-test-00002", "w-test-00003"]
    assert dropped == {"w-train-00001": "the base model hears something else"}


def test_hours_are_those_of_what_is_left(gather):
    kept, _ = gather(FAITHFUL | {"我们去了柏林墙": ""}, hours={"train": 1.5 / 3600, "test": 1.5 / 3600})
    assert kept == ["w-train-00001", "w-test-00002"]


def test_a_split_with_nothing_left_is_an_error_that_says_what_to_do(gather):
    nothing = {said: "" for split, said in TEXTS if split == "test"}
    told = r"no test utterance is left \(dropped: 1 silence, 1 the base model hears something else\): .* speech\.check\.errors"
    with pytest.raises(UserError, match=told):
        gather(FAITHFUL | nothing, missing=("w-test-00002",))


def test_what_an_engine_could_not_say_is_counted_with_the_rest(gather):
    kept, dropped = gather(FAITHFUL | {"他看到柏林墙了": ""}, missing=("w-train-00000",))
    assert kept == ["w-train-00001", "w-test-00003"]
    assert dropped == {"w-train-00000": "silence", "w-test-00002": "the base model hears something else"}


def test_the_receipt_names_both_files(gather, tmp_path):
    gather()
    receipt = json.loads((tmp_path / "results/t/speech/w.receipt.json").read_text())
    assert set(receipt["outputs"]) == {"w.parquet", "w.dropped.tsv"}
