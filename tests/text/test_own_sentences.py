"""The user's own sentences: read from a table and distributed to the splits."""

import pytest

from tauspeech.data.tables import read_table, write_table
from tauspeech.runtime.errors import UserError
from tauspeech.text.checks import Checker
from tauspeech.text.own import distribute, read_own

NAMES = ["red", "green", "blue", "grey", "black", "white", "yellow", "orange", "purple", "brown", "pink", "golden"]
COUNTS = {"train": 6, "validation": 2, "test": 3}


def own(*splits):
    """Sentences that differ enough, with these splits, then without any."""
    named = [*splits, *[""] * (len(NAMES) - len(splits))]
    verbs = ["sold", "painted", "lost", "found", "bought", "broke", "cleaned", "hid", "drew", "lent", "saw", "made"]
    return [(split, {"en": f"{n * 3} {v * 2}"}) for split, n, v in zip(named, NAMES, verbs, strict=True)]


def deal(sentences, counts=COUNTS, seed=1):
    return distribute(sentences, counts, Checker(("en",), None, {}), seed, "own.tsv")


def test_each_split_gets_its_number():
    dealt = deal(own())
    assert {split: len(found) for split, found in dealt.items()} == COUNTS
    texts = [sentence["en"] for found in dealt.values() for sentence in found]
    assert len(set(texts)) == 11


def test_sentences_with_a_split_stay_in_it():
    sentences = own("train", "test", "validation", "test")
    dealt = deal(sentences)
    for split, sentence in sentences[:4]:
        assert sentence in dealt[split]
    assert {split: len(found) for split, found in dealt.items()} == COUNTS


def test_all_sentences_of_a_named_split_are_taken():
    assert len(deal(own(*["test"] * 5))["test"]) == 5


def test_the_distribution_depends_only_on_the_seed():
    assert deal(own()) == deal(own())
    assert deal(own()) != deal(own(), seed=2)
    assert deal(own())["test"] != [sentence for _, sentence in own()][:3]


def test_test_sentences_come_first_where_there_are_few():
    dealt = deal(own()[:6])
    assert {split: len(found) for split, found in dealt.items()} == {"test": 3, "validation": 2, "train": 1}


def test_a_split_that_gets_nothing_is_an_error_with_the_reasons():
    with pytest.raises(
        UserError, match=r"own\.tsv leaves no train sentences \(the file has too few rows\): add sentences"
    ):
        deal(own()[:5])
    with pytest.raises(UserError, match=r"own\.tsv leaves no test sentences \(2 too short \(en\)\)"):
        deal([("", {"en": "a"}), ("", {"en": "b"})])


def test_splits_without_a_count_stay_empty():
    assert deal(own(), {"test": 4}) == {"test": deal(own(), {"test": 4})["test"], "validation": [], "train": []}


def test_own_sentences_are_read_with_and_without_a_split(own_table):
    path = own_table('\ufeffsplit\ten\tzh\ntest\t We saw "it". \t我们看到了。\n\n\tYou\t你\n')
    assert read_own(path, ["zh", "en"]) == [
        ("test", {"zh": "我们看到了。", "en": 'We saw "it".'}),
        ("", {"zh": "你", "en": "You"}),
    ]
    assert read_own(own_table("zh\n你好\n"), ["zh"]) == [("", {"zh": "你好"})]


def test_missing_cells_are_empty_texts_which_the_checks_reject(own_table):
    assert read_own(own_table("en\tzh\nWe\n"), ["zh", "en"]) == [("", {"zh": "", "en": "We"})]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("zh\n你好\n", r"own\.tsv: column 'en' is missing in the first line"),
        ("", r"own\.tsv: column 'zh' is missing"),
        (
            "zh\ten\tsplit\n你\tYou\ttest\n我\tI\tdev\n",
            r"own\.tsv, line 3: split 'dev' is unknown: use train, validation",
        ),
        ("zh\ten\n你好\tHello\n".encode("gb18030"), r"own\.tsv is not UTF-8: save it as UTF-8"),
    ],
)
def test_a_mistake_in_the_table_is_reported_with_file_and_line(own_table, content, message):
    with pytest.raises(UserError, match=message):
        read_own(own_table(content), ["zh", "en"])


def test_a_written_table_reads_back(tmp_path):
    rows = [["1", 'a "quoted" one'], ["2", "你好，tab\tinside"]]
    write_table(tmp_path / "t.tsv", ["id", "en"], rows)
    assert [list(row.values()) for row in read_table(tmp_path / "t.tsv")] == rows
