"""The Parquet file of a set: this program, pandas and `datasets` all read it."""

import io

import numpy as np
import pandas
import pytest
import soundfile

from tauspeech.data import manifest
from tauspeech.data.audio import RATE, encode_audio


def row(number, split="train"):
    samples = 0.1 * np.sin(np.arange(400 + number))
    return {
        "utterance": f"a-{split}-{number:05d}",
        "split": split,
        "word_id": "a",
        "zh": "你好",
        "en": 'a "word"',
        "audio": {"bytes": encode_audio(samples), "path": f"{number}.flac"},
        "seconds": (400 + number) / RATE,
        "voice": "cmn",
        "engine": "espeak-ng",
    }


ROWS = [row(0), row(1, "test"), row(2), row(3, "validation")]


@pytest.fixture
def path(tmp_path):
    manifest.write(tmp_path / "a.parquet", iter(ROWS), ["zh", "en"])
    return tmp_path / "a.parquet"


def check_audio(content, number):
    samples, rate = soundfile.read(io.BytesIO(content))
    assert (rate, samples.shape) == (16_000, (400 + number,))
    assert soundfile.info(io.BytesIO(content)).format == "FLAC"


def test_rows_read_back_in_order(path):
    read = manifest.read(path)
    assert [found["utterance"] for found in read] == [written["utterance"] for written in ROWS]
    assert read[0]["audio"] == ROWS[0]["audio"]
    assert read[0]["seconds"] == pytest.approx(ROWS[0]["seconds"])


def test_one_split_reads_alone(path):
    assert [found["utterance"] for found in manifest.read(path, "train")] == ["a-train-00000", "a-train-00002"]
    assert manifest.read(path, "carrier") == []


def test_pandas_reads_it(path):
    frame = pandas.read_parquet(path)
    assert list(frame.columns) == [
        "utterance",
        "split",
        "word_id",
        "zh",
        "en",
        "audio",
        "seconds",
        "voice",
        "engine",
        "seed",
    ]
    assert list(frame["en"]) == ['a "word"'] * 4
    check_audio(frame["audio"][1]["bytes"], 1)


def test_datasets_reads_it(path, tmp_path, monkeypatch):
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    import datasets

    loaded = datasets.load_dataset("parquet", data_files=str(path), cache_dir=str(tmp_path / "cache"), split="train")
    assert loaded["utterance"][:] == [written["utterance"] for written in ROWS]
    check_audio(loaded[2]["audio"]["bytes"], 2)


def test_a_set_larger_than_a_row_group_is_whole(tmp_path):
    many = [ROWS[0] | {"utterance": str(number)} for number in range(2 * manifest.ROW_GROUP + 1)]
    manifest.write(tmp_path / "many.parquet", iter(many), ["zh", "en"])
    assert [found["utterance"] for found in manifest.read(tmp_path / "many.parquet")] == [
        each["utterance"] for each in many
    ]


def test_a_row_that_fails_leaves_no_file(tmp_path):
    def rows():
        yield ROWS[0]
        raise RuntimeError

    with pytest.raises(RuntimeError):
        manifest.write(tmp_path / "a.parquet", rows(), ["zh", "en"])
    assert not list(tmp_path.iterdir())


def test_the_same_rows_make_the_same_bytes(path, tmp_path):
    manifest.write(tmp_path / "again.parquet", iter(ROWS), ["zh", "en"])
    assert (tmp_path / "again.parquet").read_bytes() == path.read_bytes()
