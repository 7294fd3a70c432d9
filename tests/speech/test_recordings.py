"""The user's own recordings: a table and audio files beside it."""

from types import SimpleNamespace

import numpy as np
import pytest
import soundfile

from tauspeech.data import manifest
from tauspeech.data.audio import decode_audio
from tauspeech.runtime.errors import UserError
from tauspeech.speech.sets import recordings
from tauspeech.speech.sets.recordings import recorded as rows


@pytest.fixture
def table(tmp_path):
    """A table with two good audio files beside it."""
    (tmp_path / "audio").mkdir()
    for name, rate in (("audio/one.wav", 44_100), ("two.flac", 16_000)):
        soundfile.write(tmp_path / name, 0.1 * np.sin(np.arange(rate)), rate)

    def write(content, set_id="avignon", word_id="avignon", carriers=False, only=None):
        path = tmp_path / "avignon.tsv"
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return list(rows(str(path), set_id, word_id, ["zh", "en"], carriers, only=only))

    return write


GOOD = "file\tsplit\tzh\ten\naudio/one.wav\ttrain\t 一 \tone\ntwo.flac\ttest\t二\ttwo\n"


def test_recordings_become_rows_of_the_manifest(table, tmp_path):
    found = table(GOOD)
    assert [row["utterance"] for row in found] == ["avignon-train-00000", "avignon-test-00001"]
    assert [(row["zh"], row["en"], row["word_id"]) for row in found] == [
        ("一", "one", "avignon"),
        ("二", "two", "avignon"),
    ]
    for row in found:
        assert row["seconds"] == pytest.approx(1, abs=0.001)
        assert len(decode_audio(row["audio"]["bytes"])) == pytest.approx(16_000, abs=1)
    manifest.write(tmp_path / "out.parquet", found, ["zh", "en"])
    assert [row["split"] for row in manifest.read(tmp_path / "out.parquet")] == ["train", "test"]


def test_a_recording_that_a_shorter_window_has_no_room_for_is_refused(tmp_path, table):
    table(GOOD)
    message = r"avignon\.tsv, line 2: .*one\.wav lasts 1 s, but base_window takes 0\.5 s: cut it into shorter files"
    with pytest.raises(UserError, match=message):
        list(rows(str(tmp_path / "avignon.tsv"), "avignon", "avignon", ["zh", "en"], False, 0.5))


def test_a_set_takes_the_limit_from_its_job(tmp_path, table):
    table(GOOD)
    path = tmp_path / "avignon.tsv"
    about = {"recordings": {"path": str(path)}, "word_id": "", "languages": ["zh", "en"], "carriers": False}
    for longest in ({}, {"longest": 1.1}):
        assert list(recordings.rows(SimpleNamespace(id="g", settings=about | longest), [], None))
    with pytest.raises(UserError, match=r"lasts 1 s, but base_window takes 0\.5 s"):
        list(recordings.rows(SimpleNamespace(id="g", settings=about | {"longest": 0.5}), [], None))


def test_general_recordings_belong_to_no_word(table):
    assert {row["word_id"] for row in table(GOOD, "general", "")} == {""}


def test_recorded_carriers_are_a_set_of_their_own(table):
    content = GOOD + "two.flac\tcarrier\t三\tthree\n"
    assert [row["split"] for row in table(content)] == ["train", "test"]
    (carrier,) = table(content, "avignon--carriers", carriers=True)
    assert (carrier["split"], carrier["zh"], carrier["word_id"]) == ("carrier", "三", "avignon")


def test_without_recorded_carriers_the_test_rows_are_tried(table):
    assert [(row["split"], row["zh"]) for row in table(GOOD, carriers=True)] == [("carrier", "二")]


def test_a_set_for_testing_has_the_test_rows_or_all_of_a_table_without_splits(table):
    broken = GOOD + "none.wav\ttrain\t\t\n"  # what is not used may be anything
    (row,) = table(broken, "english--retention", "", only="test")
    assert (row["utterance"], row["split"], row["en"]) == ("english--retention-test-00000", "test", "two")
    found = table("file\tzh\ten\naudio/one.wav\t一\tone\ntwo.flac\t二\ttwo\n", only="test")
    assert [(row["split"], row["en"]) for row in found] == [("test", "one"), ("test", "two")]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("file\tzh\ten\n", r"avignon\.tsv: column 'split' is missing in the first line"),
        ("file\tsplit\tzh\n", r"avignon\.tsv: column 'en' is missing in the first line"),
        ("", r"avignon\.tsv: column 'file' is missing"),
        (GOOD + "two.flac\tdev\t二\ttwo\n", r"avignon\.tsv, line 4: split 'dev' is unknown: use train"),
        (GOOD + "three.wav\ttest\t三\tthree\n", r"avignon\.tsv, line 4: the audio file .*three\.wav does not exist"),
        (GOOD + "\ttest\t三\tthree\n", r"avignon\.tsv, line 4: column 'file' is empty"),
        (GOOD + "avignon.tsv\ttest\t三\tthree\n", r"avignon\.tsv cannot be read as audio"),
    ],
)
def test_a_mistake_in_the_table_is_reported_with_file_and_line(table, content, message):
    with pytest.raises(UserError, match=message):
        table(content)


@pytest.mark.parametrize("row", ["two.flac\ttest\t三\n", "two.flac\n", "two.flac\ttest\t三\tthree\tx\n"])
def test_a_row_with_a_wrong_number_of_columns_is_reported_with_its_line(table, row):
    with pytest.raises(UserError, match=r"avignon\.tsv, line 4: expected 4 columns, found"):
        table(GOOD + row)


def test_a_table_in_another_encoding_is_named(table):
    with pytest.raises(UserError, match=r"avignon\.tsv is not UTF-8"):
        table(GOOD.encode("gb18030"))
