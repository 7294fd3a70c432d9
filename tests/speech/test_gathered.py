"""Sets of several engines: order of their shares, and the round-trip check by the base model."""

import json

import numpy as np
import pytest

import make_speech
import tauspeech.models.round_trip
from tauspeech.data import manifest
from tauspeech.data.audio import RATE, encode_audio
from tauspeech.data.dropped_utterances import Drop, write_dropped
from tauspeech.data.tables import read_table, write_table
from tauspeech.plan.jobs import PlannedJob
from tauspeech.runtime.errors import UserError
from tauspeech.runtime.job import Job
from tauspeech.runtime.receipts import write_receipt
from tauspeech.speech.utterances import Synthesised, spoken

TEXTS = [("train", "我们去了柏林墙"), ("train", "柏林墙很长"), ("test", "他看到柏林墙了"), ("test", "柏林墙在哪里")]


@pytest.fixture
def gather(tmp_path, monkeypatch):
    """Make a set of two shares; a fake base decodes to ``hypotheses``."""

    def run(hypotheses=None, errors=0.5, hours=None, missing=(), long=(), scoring=None, takes=1, **changes):
        results = tmp_path / "results" / "t"
        names = [f"w-{split}-{number:05d}" for number, (split, _) in enumerate(TEXTS)]
        rows = [[name, split, "w", sentence] for name, (split, sentence) in zip(names, TEXTS, strict=True)]
        text, base = PlannedJob("text", "w", {}), PlannedJob("base", "base", {})
        write_table(results / "text" / "w.tsv", ["utterance", "split", "word_id", "zh"], rows)
        write_receipt(results / "text/w.receipt.json", text.key, text.spec, {}, [results / "text/w.tsv"], 0)
        (results / "models/base").mkdir(parents=True, exist_ok=True)
        (results / "models/base/config.json").write_text("{}")
        outputs = [results / "models/base/config.json"]
        write_receipt(results / "models/base/receipt.json", base.key, base.spec, {}, outputs, 0)
        shares = []
        for number in range(2):
            share = PlannedJob("tts", f"main/w--engine-{number}", {})
            path = results / "tts" / "main" / f"w--engine-{number}.parquet"
            sound = encode_audio(np.full(RATE, 0.1, np.float32))
            table = spoken(read_table(results / "text" / "w.tsv"), {"takes": takes})
            present = [row for row in table[number::2] if row["utterance"] not in missing]
            synthesised = (Synthesised("", sound, RATE, f"voice {number}", 1).row(row, "engine") for row in present)
            manifest.write(path, synthesised, ["zh"])
            drops = [Drop(row["split"], row["utterance"], "silence") for row in table[number::2] if row not in present]
            write_dropped(path.with_suffix(".dropped.tsv"), drops)
            outputs = [path, path.with_suffix(".dropped.tsv")]
            write_receipt(path.with_suffix(".receipt.json"), share.key, share.spec, {}, outputs, 0)
            shares.append(share)
        check = {"errors": errors, "forms": {"zh": ["柏林墙"]}} if hypotheses else None
        check = check and check | ({"scoring": scoring} if scoring else {})
        settings = {"language": "zh", "languages": ["zh"], "hours": hours, "check": check} | changes
        settings |= {"takes": takes} if takes > 1 else {}
        modules = ("tauspeech.speech.sets.gathered", "tauspeech.models.round_trip")
        job = PlannedJob("speech", "w", settings, {"text": text, "tts": shares, "base": base}, modules=modules)
        spec = results / "plan" / "speech" / "w.json"
        spec.parent.mkdir(parents=True, exist_ok=True)
        spec.write_text(job.text, encoding="utf-8")

        class FakeDecoder:
            def __init__(self, *_):
                pass

            def fits_window(self, row):
                return row["zh"] not in long

            def decode(self, rows, task):
                assert all(map(self.fits_window, rows))
                assert (task.kind, task.text_language) == ("transcribe", "zh")
                return [hypotheses[row["zh"]] for row in rows]

        monkeypatch.setattr(tauspeech.models.round_trip, "Decoder", FakeDecoder)
        monkeypatch.setattr(tauspeech.models.round_trip, "open_model", lambda folder, window: None)
        job = Job(spec, 1)
        make_speech.main(job)
        dropped = {row["first"]: row["reason"] for row in read_table(job.path("w.dropped.tsv"))}
        return [row["utterance"] for row in manifest.read(job.path("w.parquet"))], dropped

    return run


FAITHFUL = {sentence: sentence.replace("柏林墙", "白林强") for _, sentence in TEXTS}


def test_shares_come_in_the_order_of_the_text(gather):
    rows, dropped = gather()
    assert rows == ["w-train-00000", "w-train-00001", "w-test-00002", "w-test-00003"]
    assert dropped == {}


def test_takes_come_after_their_sentence_and_other_splits_are_left_out(gather):
    rows, _ = gather(takes=2)
    assert rows[:4] == ["w-train-00000", "w-train-00000--take2", "w-train-00001", "w-train-00001--take2"]
    assert gather(splits=["test"])[0] == ["w-test-00002", "w-test-00003"]


def test_errors_in_the_word_itself_do_not_count(gather):
    rows, dropped = gather(FAITHFUL)
    assert len(rows) == 4 and dropped == {}


def test_audio_longer_than_the_input_window_is_dropped_and_not_truncated(gather):
    rows, dropped = gather(FAITHFUL, long=["柏林墙很长"])
    assert rows == ["w-train-00000", "w-test-00002", "w-test-00003"]
    assert dropped == {"w-train-00001": "longer than the base model's input window"}


def test_an_utterance_with_another_transcript_is_dropped_with_its_reason(gather):
    rows, dropped = gather(FAITHFUL | {"柏林墙很长": "啊啊啊啊啊啊啊"})
    assert rows == ["w-train-00000", "w-test-00002", "w-test-00003"]
    assert dropped == {"w-train-00001": "the base model's transcript differs"}


def test_what_passes_is_recorded_with_what_the_base_writes(gather, tmp_path):
    gather(
        FAITHFUL | {"柏林墙很长": "啊啊啊啊啊啊啊"},
        hours={"train": 1.5 / 3600, "test": 1.5 / 3600},
        long=["柏林墙在哪里"],
    )
    record = json.loads((tmp_path / "results/t/speech/w.check.json").read_text(encoding="utf-8"))
    assert (record["utterances"], record["passed"], record["round_trip"]) == (3, 2, 2 / 3)  # of those that fit
    assert record["examples"]["round_trip"][0] == {"sentence": "柏林墙很长", "hypothesis": "啊啊啊啊啊啊啊"}
    receipt = json.loads((tmp_path / "results/t/speech/w.receipt.json").read_text())
    assert set(receipt["outputs"]) == {"w.parquet", "w.dropped.tsv", "w.check.json"}


@pytest.mark.parametrize("scoring", [{}, {"script": "simplified"}])
def test_a_base_that_writes_traditional_characters_loses_nothing(gather, scoring):
    assert len(gather(FAITHFUL | {"柏林墙很长": "柏林牆很長"}, errors=0.1, scoring=scoring)[0]) == 4


def test_hours_are_those_of_what_is_left(gather):
    rows, _ = gather(FAITHFUL | {"我们去了柏林墙": ""}, hours={"train": 1.5 / 3600, "test": 1.5 / 3600})
    assert rows == ["w-train-00001", "w-test-00002"]


def test_a_split_with_nothing_left_is_an_error_that_says_what_to_do(gather):
    nothing = {sentence: "" for split, sentence in TEXTS if split == "test"}
    message = r"no test utterance is left \(dropped: 1 silence, 1 the base model's transcript differs\): of '柏林墙在哪里' the base writes ''; .* speech\.check\.errors"
    with pytest.raises(UserError, match=message):
        gather(FAITHFUL | nothing, missing=("w-test-00002",))


def test_drops_of_engines_are_counted_with_the_others(gather):
    rows, dropped = gather(FAITHFUL | {"他看到柏林墙了": ""}, missing=("w-train-00000",))
    assert rows == ["w-train-00001", "w-test-00003"]
    assert dropped == {"w-train-00000": "silence", "w-test-00002": "the base model's transcript differs"}


def test_the_receipt_names_both_files(gather, tmp_path):
    gather()
    receipt = json.loads((tmp_path / "results/t/speech/w.receipt.json").read_text())
    assert set(receipt["outputs"]) == {"w.parquet", "w.dropped.tsv"}
