"""A user's own recordings: a table and audio files beside it."""

import numpy as np
import pytest
import soundfile

from tauspeech.errors import UserError
from tauspeech.speech import manifest
from tauspeech.speech.audio import decode
from tauspeech.speech.recordings import rows


@pytest.fixture
def table(tmp_path):
    """A table with two good audio files beside it."""
    (tmp_path / "audio").mkdir()
    for name, rate in (("audio/one.wav", 44_100), ("two.flac", 16_000)):
        soundfile.write(tmp_path / name, 0.1 * np.sin(np.arange(rate)), rate)

    def write(content):
        path = tmp_path / "avignon.tsv"
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return list(rows(str(path), "avignon", ["zh", "en"]))

    return write


GOOD = "file\tsplit\tzh\ten\naudio/one.wav\ttrain\t 一 \tone\ntwo.flac\ttest\t二\ttwo\n"


def test_recordings_become_rows_of_the_manifest(table, tmp_path):
    found = table(GOOD)
    assert [row["id"] for row in found] == ["avignon-train-00000", "avignon-test-00001"]
    assert [(row["zh"], row["en"], row["word_id"]) for row in found] == [
        ("一", "one", "avignon"),
        ("二", "two", "avignon"),
    ]
    for row in found:
        assert row["seconds"] == pytest.approx(1, abs=0.001)
        assert len(decode(row["audio"]["bytes"])) == pytest.approx(16_000, abs=1)
    manifest.write(tmp_path / "out.parquet", found, ["zh", "en"])
    assert [row["split"] for row in manifest.read(tmp_path / "out.parquet")] == ["train", "test"]


def test_general_recordings_belong_to_no_word(table, tmp_path):
    table(GOOD)
    assert {row["word_id"] for row in rows(str(tmp_path / "avignon.tsv"), "general", ["zh", "en"])} == {""}


def test_carriers_may_be_recorded_too(table):
    assert table("file\tsplit\tzh\ten\ntwo.flac\tcarrier\t二\ttwo\n")[0]["split"] == "carrier"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("file\tzh\ten\n", r"avignon\.tsv: column 'split' is missing in the first line"),
        ("file\tsplit\tzh\n", r"avignon\.tsv: column 'en' is missing in the first line"),
        ("", r"avignon\.tsv: column 'file' is missing"),
        (GOOD + "two.flac\tdev\t二\ttwo\n", r"avignon\.tsv, line 4: split 'dev' is none of train"),
        (GOOD + "three.wav\ttest\t三\tthree\n", r"avignon\.tsv, line 4: the audio file .*three\.wav does not exist"),
        (GOOD + "\ttest\t三\tthree\n", r"avignon\.tsv, line 4: the audio file"),
        (GOOD + "avignon.tsv\ttest\t三\tthree\n", r"avignon\.tsv cannot be read as audio"),
    ],
)
def test_a_mistake_in_the_table_is_reported_with_file_and_line(table, content, message):
    with pytest.raises(UserError, match=message):
        table(content)


@pytest.mark.xfail(raises=AttributeError, strict=True, reason="a row that is too short is not checked")
def test_a_row_with_too_few_columns_is_reported_with_its_line(table):
    with pytest.raises(UserError, match=r"avignon\.tsv, line 4"):
        table(GOOD + "two.flac\ttest\t三\n")


@pytest.mark.xfail(raises=UnicodeDecodeError, strict=True, reason="the encoding of the table is not checked")
def test_a_table_in_another_encoding_is_named(table):
    with pytest.raises(UserError, match=r"avignon\.tsv is not UTF-8"):
        table(GOOD.encode("gb18030"))
