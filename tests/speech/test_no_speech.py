"""Sets without speech: silence, quiet rooms and noise, each utterance from a seed of its own."""

from types import SimpleNamespace

import numpy as np
import pytest

from tauspeech.data import manifest
from tauspeech.data.audio import RATE, decode_audio
from tauspeech.speech.channel.filters import power
from tauspeech.speech.sets import no_speech


def made(counts, seed=1, seconds=2.0, split="test", **further):
    settings = {"counts": {split: counts}, "seconds": seconds, "languages": ["en"]} | further
    return list(no_speech.rows(SimpleNamespace(settings=settings, seed=seed), [], None))


def samples(row):
    return decode_audio(row["audio"]["bytes"])


def level(row):
    return 10 * np.log10(power(samples(row)))


def test_rows_are_of_the_manifest_and_have_no_text(tmp_path):
    rows = made({"silence": 2, "room": 1, "noise": 1})
    manifest.write(tmp_path / "out.parquet", rows, ["en"])
    found = manifest.read(tmp_path / "out.parquet", "test")
    assert [row["utterance"] for row in found] == ["silence-00000", "silence-00001", "room-00000", "noise-00000"]
    assert {(row["en"], row["seconds"], row["word_id"]) for row in found} == {("", 2.0, "")}
    assert {len(samples(row)) for row in found} == {2 * RATE}


def test_silence_is_digital_and_noise_is_louder_than_a_room():
    rows = made({"silence": 3, "room": 8, "noise": 8})
    assert not any(samples(row).any() for row in rows[:3])
    assert all(-75 < level(row) < -54 for row in rows[3:11])
    assert all(-45.1 < level(row) < -24.9 for row in rows[11:])


def test_the_kinds_of_noise_take_turns():
    rows = made({"noise": 4})
    shares = []
    for row in rows:
        spectrum = np.abs(np.fft.rfft(samples(row))) ** 2
        shares.append(spectrum[: (2 * 700)].sum() / spectrum.sum())  # below 700 Hz, at 0.5 Hz a bin
    white, pink, brown, hum = shares
    assert white == pytest.approx(700 / 8000, abs=0.01)
    assert white < pink < brown < 1
    assert hum == pytest.approx(1, abs=1e-3)


def test_an_utterance_depends_on_the_seed_and_its_own_name_alone():
    (one,) = made({"noise": 1})
    first, second = made({"silence": 1, "noise": 2})[1:]
    assert first["audio"] == one["audio"] != second["audio"]
    assert made({"noise": 1}, seed=2)[0]["audio"] != one["audio"]


def test_splits_have_audio_of_their_own_and_one_text():
    train = made({"room": 2}, split="train", text="Thank you.")
    assert [(row["utterance"], row["split"], row["en"]) for row in train] == [
        ("train-room-00000", "train", "Thank you."),
        ("train-room-00001", "train", "Thank you."),
    ]
    assert not {row["audio"]["bytes"] for row in train} & {row["audio"]["bytes"] for row in made({"room": 2})}
