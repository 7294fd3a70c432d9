"""What turns a sentence away, and how a word is found in one."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tauspeech.text.characters import has_control_or_markup
from tauspeech.text.checks import Checker, Limits, contains, folded, replaced_part

WORD = {"zh": ("柏林墙",), "en": ("Berlin Wall", "Wall of Berlin")}
GOOD = {"zh": "我们昨天去了柏林墙。", "en": "Yesterday we went to the Berlin Wall."}


@pytest.fixture
def checker():
    reserved = {"zh": ("歌德",), "en": ("Goethe",)}
    return Checker(("zh", "en"), WORD, reserved, Limits(shortest=3, longest=12))


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"en": "We <b>saw</b> the Berlin Wall."}, "control characters or markup (en)"),
        ({"en": "We saw {place} and the Berlin Wall."}, "control characters or markup (en)"),
        ({"en": "We saw the\tBerlin Wall."}, "control characters or markup (en)"),
        ({"zh": "我们去了\u200c柏林墙。"}, "control characters or markup (zh)"),
        ({"en": "We saw\u200d the Berlin Wall."}, "control characters or markup (en)"),
        ({"zh": "我们去了\u200b柏林墙。"}, "control characters or markup (zh)"),
        ({"en": "Berlin Wall"}, "too short (en)"),
        ({"en": "the Berlin Wall " * 5}, "too long (en)"),
        ({"zh": "我们昨天和朋友一起去看了柏林墙。"}, "too long (zh)"),
        ({"zh": ""}, "too short (zh)"),
        ({"en": "Yesterday we went to the wall."}, "word missing (en)"),
        ({"zh": "我们昨天去了柏林。"}, "word missing (zh)"),
        ({"en": "Goethe never saw the Berlin Wall."}, "holds a reserved word (en)"),
        ({"zh": "歌德没见过柏林墙。"}, "holds a reserved word (zh)"),
    ],
)
def test_a_bad_sentence_is_rejected_and_counted_by_reason(checker, change, reason):
    assert not checker.accept(GOOD | change, "test")
    assert checker.rejected == {reason: 1}
    assert checker.accept(GOOD, "test")
    assert checker.rejected == {reason: 1}


@pytest.mark.parametrize(("language", "unit"), [("en", "word "), ("zh", "字")])
def test_the_limits_themselves_are_allowed(language, unit):
    limits = Limits(shortest=3, longest=5)
    reasons = [limits.reason((unit * length).strip() + "。", language) for length in (2, 3, 5, 6)]
    assert reasons == ["too short", None, None, "too long"]


def test_a_missing_language_is_rejected(checker):
    assert not checker.accept({"zh": GOOD["zh"]}, "test")
    assert checker.rejected == {"too short (en)": 1}


def test_a_repeated_sentence_is_rejected_regardless_of_case_and_punctuation():
    checker = Checker(("en",), None, {})
    assert checker.accept({"en": "We saw it."}, "train")
    assert not checker.accept({"en": "we saw  it"}, "train")
    assert checker.rejected == {"duplicate": 1}


def test_near_duplicates_of_held_out_sentences_go_but_those_of_training_sentences_stay():
    checker = Checker(("en",), None, {})
    assert checker.accept({"en": "Yesterday we went to see the old castle by train."}, "validation")
    assert not checker.accept({"en": "Yesterday we went to see the old castles by train."}, "train")
    assert checker.rejected == {"near duplicate of a validation or test sentence": 1}
    assert checker.accept({"en": "My neighbor painted a picture in the park."}, "train")
    assert checker.accept({"en": "My neighbors painted a picture in the park."}, "train")


def test_how_near_is_too_near_can_be_set():
    sentence, near = {"en": "Yesterday we saw the castle."}, {"en": "Yesterday we saw the castles."}
    for limit, accepted in ((92, False), (100, True)):
        checker = Checker(("en",), None, {}, Limits(near_duplicate=limit))
        assert checker.accept(sentence, "test")
        assert checker.accept(near, "train") is accepted


@pytest.mark.parametrize(
    ("text", "form", "language", "found"),
    [
        ("We saw the Rhine.", "Rhine", "en", True),
        ("We saw rhinestones.", "Rhine", "en", False),
        ("Transrhine", "Rhine", "en", False),
        ("the RHINE'S banks", "Rhine", "en", True),
        ("the Berlin-Wall", "Berlin Wall", "en", True),
        ("the Berlin, Wall Street", "Berlin Wall", "en", True),
        ("the Berlin Walls", "Berlin Wall", "en", False),
        ("Ｒｈｉｎｅ", "Rhine", "en", True),
        ("c++ code", "c", "en", True),
        ("我在柏林墙边", "柏林墙", "zh", True),
        ("我在柏林 墙边", "柏林墙", "zh", True),
        ("我在柏林围墙边", "柏林墙", "zh", False),
    ],
)
def test_a_word_is_a_whole_word_where_there_are_spaces(text, form, language, found):
    assert contains(text, [form], language) is found


def test_any_form_of_a_word_counts():
    assert contains("the wall of Berlin", WORD["en"], "en")
    assert not contains("anything", (), "en")


@given(st.text())
def test_folding_twice_changes_nothing(text):
    assert folded(folded(text)) == folded(text)


@pytest.mark.parametrize(
    ("sentence", "other", "language", "part"),
    [
        ("We saw the Berlin Wall today.", "We saw Paris today.", "en", "the berlin wall"),
        ("We saw the Berlin Wall today.", "We saw the Louvre today.", "en", "berlin wall"),
        ("Paris is old.", "The Berlin Wall is old.", "en", "paris"),
        ("我去了柏林墙。", "我去了巴黎。", "zh", "柏林墙"),
        ("柏林墙的历史", "柏林的历史", "zh", "墙"),
        ("same", "Same.", "en", ""),
    ],
)
def test_the_part_in_which_two_sentences_differ(sentence, other, language, part):
    assert replaced_part(sentence, other, language) == part


@pytest.mark.parametrize("text", ["می\u200cخواهم", "क्\u200dष"])
def test_what_scripts_write_between_letters_is_no_control_character(text):
    assert not has_control_or_markup(text)
    assert has_control_or_markup(text + "\u200c")
    assert has_control_or_markup("\u202e" + text)
