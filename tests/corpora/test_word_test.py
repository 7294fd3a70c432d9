"""Recordings with lists of words: LibriSpeech, Contextual Earnings-22 and a table, from the plan to the set."""

from collections import Counter

import pandas as pd
import pytest

import make_corpus
from tauspeech.data import manifest
from tauspeech.data.dropped_utterances import read_dropped
from tauspeech.data.word_lists.sources import listed_utterances
from tauspeech.runtime.errors import UserError
from tauspeech.runtime.job import Job
from tauspeech.runtime.stages import spec_path
from tauspeech.scoring import word_test
from tauspeech.scoring.rules import DEFAULT_RULES
from tests.corpora.word_test_layouts import EARNINGS, USABLE, write_earnings, write_librispeech, write_table
from tests.plan.small import changed, config, folder, plan, words_file

__all__ = ["changed", "config", "folder", "plan", "words_file"]


@pytest.fixture
def made(plan, folder):
    """Rows and drops of the set of a test, and the words of its utterances by name."""

    def make(**test):
        planned = plan(word_tests={"calls": test})
        for path, text in planned.specs().items():
            if path in (spec_path("corpus", "calls--words"),):
                (folder / "results/t" / path).parent.mkdir(parents=True, exist_ok=True)
                (folder / "results/t" / path).write_text(text, encoding="utf-8")
        job = Job(folder / "results/t" / spec_path("corpus", "calls--words"), 1)
        make_corpus.main(job)
        rows = manifest.read(job.path("calls--words.parquet"))
        drops = Counter(drop.reason for drop in read_dropped(job.path("calls--words.dropped.tsv")))
        lists = {}
        for each in listed_utterances(job.settings["source"]):
            lists.setdefault(each.name, each.words)
        return rows, drops, lists

    return make


def test_librispeech_with_published_lists(made, folder):
    part, lists = write_librispeech(folder)
    rows, drops, words = made(librispeech=str(part), lists=str(lists))
    assert [row["utterance"] for row in rows] == USABLE
    assert [row["en"] for row in rows] == [
        "the miller's wife was asleep",
        "he came in the evening",
        "a harangue is a speech",
    ]
    assert drops == {"missing clip": 1, "empty sentence": 1, "silent": 1, "too long": 1, "listed before": 1}
    assert words["61-70968-0001"] == (("aubigny", "miller's", "zoe"), ("miller's",))
    assert words["61-70968-0000"] == (("banti's", "curt"), ())
    assert {row["split"] for row in rows} == {"test"}
    assert rows[0]["voice"] == rows[1]["voice"] != rows[2]["voice"]
    assert "61" not in {row["voice"] for row in rows}


def test_librispeech_with_a_list_of_ones_own_has_the_texts_of_its_transcripts(made, folder):
    part, _ = write_librispeech(folder)
    (folder / "list.txt").write_text("\ufeffHarangue\n\nmiller's wife\nHarangue\n", encoding="utf-8")
    rows, drops, words = made(librispeech=str(part), list="list.txt")
    assert {row["utterance"]: row["en"] for row in rows}["121-121726-0002"] == "A HARANGUE IS A SPEECH"
    assert sorted(row["utterance"] for row in rows) == sorted(USABLE)
    assert drops == {"missing clip": 1, "empty sentence": 1, "silent": 1, "too long": 1}
    assert set(words.values()) == {(("Harangue", "miller's wife"),) * 2}


@pytest.mark.parametrize("context", ["local", "global", None])
def test_contextual_earnings22(made, folder, context):
    place = write_earnings(folder)
    rows, drops, words = made(earnings22=str(place), **({"context": context} if context else {}))
    assert [row["utterance"] for row in rows] == ["4468654-00000", "4468654-00001", "4482641-00002"]
    assert [row["en"] for row in rows] == [text for _, text, *_ in EARNINGS[:3]]
    assert drops == {"empty sentence": 1, "missing clip": 1}
    distractors = ("LIAISON",) if context == "global" else ()
    assert words["4468654-00000"] == (("DiaSorin", *distractors), ("DiaSorin",))
    assert words["4468654-00001"] == (("DiaSorin", "LIAISON") if context == "global" else (), ())
    assert words["4482641-00002"] == (("EBITDA",), ("EBITDA",))


def test_a_table_with_lists_of_each_row(made, folder):
    write_table(
        folder,
        "file\twords\tsplit\ten",
        "two.wav\tnone\ttrain\tNot this one.",
        "one.wav\tBerlin Wall | Goethe|\ttest\tThe wall.",
        "two.wav\t\ttest\tNo words.",
        "silent.wav\tGoethe\ttest\tSilent.",
    )
    rows, drops, words = made(recordings="calls.tsv")
    assert [(row["utterance"], row["en"]) for row in rows] == [("00000", "The wall."), ("00001", "No words.")]
    assert drops == {"silent": 1}
    assert [words[name].listed for name in ("00000", "00001")] == [("Berlin Wall", "Goethe"), ()]


def test_recordings_that_are_swapped_are_another_set(plan, folder):
    def planned(*files):
        write_table(
            folder, "file\ten", *(f"{file}\t{text}" for file, text in zip(files, ("One.", "Two."), strict=True))
        )
        (folder / "list.txt").write_text("One\n", encoding="utf-8")
        return plan(word_tests={"calls": {"recordings": "calls.tsv", "list": "list.txt"}}).jobs[
            "corpus", "calls--words"
        ]

    assert planned("one.wav", "two.wav").key != planned("two.wav", "one.wav").key


def test_a_list_that_changes_after_the_plan_is_refused(plan, folder):
    write_table(folder, "file\ten", "one.wav\tOne.")
    (folder / "list.txt").write_text("One\n", encoding="utf-8")
    jobs = plan(word_tests={"calls": {"recordings": "calls.tsv", "list": "list.txt"}}).jobs
    settings = jobs["score", "raw/calls--words"].settings
    answers = {"id": "00000", "task": "transcribe", "language": "en", "reference": "One.", "hypothesis": "One."}
    assert word_test.tallies(pd.DataFrame([answers]), settings, DEFAULT_RULES)
    (folder / "list.txt").write_text("Two\n", encoding="utf-8")
    with pytest.raises(UserError, match=r"lists of words in list\.txt changed since this run was planned"):
        word_test.tallies(pd.DataFrame([answers]), settings, DEFAULT_RULES)


def test_a_table_with_one_list(made, folder):
    write_table(folder, "file\tde\twords", "one.wav\tEins.\tignored")
    (folder / "list.txt").write_text("Goethe\n", encoding="utf-8")
    # foundation/tiny has no German: the language belongs to the test, and is checked with the others' in the plan.
    with pytest.raises(UserError, match=r"key 'word_tests\.calls\.language': foundation/tiny is trained on en and zh"):
        made(recordings="calls.tsv", list="list.txt", language="de")
    write_table(folder, "file\tzh\twords", "one.wav\t一\tignored")
    rows, _, words = made(recordings="calls.tsv", list="list.txt", language="zh")
    assert rows[0]["zh"] == "一" and words["00000"].listed == ("Goethe",)


def test_a_set_without_a_usable_recording_is_refused(made, folder):
    write_table(folder, "file\ten\twords", "silent.wav\tOne.\tGoethe", "silent.wav\tTwo.\t")
    with pytest.raises(UserError, match=r"calls\.tsv leaves no recording \(dropped: 2 silent\): check its audio files"):
        made(recordings="calls.tsv")


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("61-70968-0000\ttext\t[]", r"lists\.tsv, line 1: expected 4 columns .*found 3"),
        ("61-70968-0000\ttext\t[]\t{}", r"lists\.tsv, line 1: '\{\}' is no list of words in JSON"),
        ("61-70968-0000\ttext\tword\t[]", r"lists\.tsv, line 1: 'word' is no list of words in JSON"),
        ('61-70968-0000\ttext\t[]\t["<|en|>"]', r"lists\.tsv, line 1: '<\|en\|>' is a token of a model"),
        ("../../x\ttext\t[]\t[]", r"lists\.tsv, line 1: '\.\./\.\./x' is no id of LibriSpeech"),
        ("61-70968-0009\ttext\t[]\t[]", r"has none of the audio files that are listed: .*LibriSpeech/test-clean"),
        ("61-70968-0000\ttext\t[]\t[]", r"key 'word_tests\.calls': no utterance has a word in its list"),
    ],
)
def test_a_mistake_in_published_lists_is_named_with_its_line(plan, folder, line, says):
    part, _ = write_librispeech(folder)
    (folder / "lists.tsv").write_text(f"\n{line}\n".removeprefix("\n"), encoding="utf-8")
    with pytest.raises(UserError, match=says):
        plan(word_tests={"calls": {"librispeech": str(part), "lists": "lists.tsv"}})


def test_the_folder_of_all_of_librispeech_is_no_part(plan, folder):
    part, _ = write_librispeech(folder)
    (folder / "list.txt").write_text("Goethe\n", encoding="utf-8")
    with pytest.raises(UserError, match=r"has no transcripts .*: give the folder of a part"):
        plan(word_tests={"calls": {"librispeech": str(part.parent.parent), "list": "list.txt"}})


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("\n \n", "has no words"),
        ("Goethe\n?!\n", r"'\?!' has no letter"),
        ("Goethe\n<|en|>\n", r"'<\|en\|>' is a token of a model"),
    ],
)
def test_a_mistake_in_a_list_is_named(plan, folder, content, says):
    write_table(folder, "file\ten", "one.wav\tOne.")
    (folder / "list.txt").write_text(content, encoding="utf-8")
    with pytest.raises(UserError, match=rf"list\.txt.*{says}"):
        plan(word_tests={"calls": {"recordings": "calls.tsv", "list": "list.txt"}})


def test_other_parquet_files_are_refused(plan, folder):
    place = write_earnings(folder)
    (place / "data/test-00000-of-00001.parquet").write_bytes(b"<html>")
    with pytest.raises(UserError, match=r"is not a complete Parquet file"):
        plan(word_tests={"calls": {"earnings22": str(place)}})
    (place / "data/test-00000-of-00001.parquet").unlink()
    with pytest.raises(UserError, match=r"has no files test-\*\.parquet"):
        plan(word_tests={"calls": {"earnings22": str(place)}})
