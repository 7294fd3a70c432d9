"""Whatever a model writes, the parser makes the best of it and nothing worse."""

import json
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tauspeech.text.llm.parsing import HUGE, INCOMPLETE, NOT_AS_REQUESTED, SURPLUS, parse

TWO = [{"zh": "一", "en": "one"}, {"zh": "二", "en": "two"}]
JSON = json.dumps(TWO, ensure_ascii=False)
WRAPPED = json.dumps({"sentences": TWO}, ensure_ascii=False)


@pytest.mark.parametrize(
    "answer",
    [
        JSON,
        WRAPPED,
        json.dumps({"data": {"list": TWO}}),
        f"```json\n{WRAPPED}\n```",
        f"Sure! Here they are:\n```\n{JSON}\n```\nDo you want more?",
        f'<think>Perhaps [{{"zh": "想", "en": "thought"}}]?</think>\n{JSON}',
        f'a thought without a beginning {{"zh": "想", "en": "no"}}</think>{JSON}',
        f"{JSON}<think>unfinished {JSON}",
        f"<thinking>hm</thinking>{JSON}",
        "\n".join(json.dumps(pair) for pair in TWO),
        '[{"zh": "一", "en": "one",}, {"zh": "二", "en": "two"},]',
        WRAPPED[:-1] + ', {"zh": "三", "en": "thr',
        JSON[:-1],
        "一\tone\n二\ttwo",
        "1. 一\tone\n2) 二\ttwo\n",
        "Here:\n- zh: 一\ten: one\n- zh：二\tEN: two",
        '{"Zh ": "一", "EN": "one", "note": 3}\n{"zh": "二", "en": " two\\u00a0"}',
    ],
)
def test_two_pairs_are_found_in_many_a_shape(answer):
    assert parse(answer, ["zh", "en"], 20) == (TWO, {})


@pytest.mark.parametrize(
    "answer", ['["one", "two"]', '{"sentences": ["one", "two"]}', "1. one\n2. two", "* one\n* two"]
)
def test_one_language_may_come_as_bare_texts(answer):
    assert parse(answer, ["en"], 20) == ([{"en": "one"}, {"en": "two"}], {})


@pytest.mark.parametrize(
    "answer", ["", "I cannot do that.", "{}", "[]", "null", "17", '"one"', "[1, 2, null]", "a\tb\tc", "[" * 5000]
)
def test_nonsense_counts_as_one_mistake(answer):
    assert parse(answer, ["zh", "en"], 20) == ([], {NOT_AS_REQUESTED: 1})


def test_a_raw_line_break_rejects_no_other_text_and_unicode_spaces_become_plain():
    found, _ = parse('[{"en": "a\nb"}, {"en": "Qui\u00a0\u202fest\u2028là ?"}]', ["en"], 20)
    assert found == [{"en": "a\nb"}, {"en": "Qui  est là ?"}]


def test_prose_is_no_sentence_even_where_there_is_but_one_language():
    assert parse("Here is what you want.", ["en"], 20) == ([], {NOT_AS_REQUESTED: 1})


@pytest.mark.parametrize(
    "bad", [{"zh": "一"}, {"zh": "一", "en": 1}, {"zh": "一", "en": None}, {"zh": ["一"], "en": {}}]
)
def test_an_object_without_a_text_for_each_language_is_left_out(bad):
    assert parse(json.dumps([bad, *TWO]), ["zh", "en"], 20) == (TWO, {INCOMPLETE: 1})


def test_a_huge_text_is_left_out():
    texts = [{"zh": "一", "en": "x" * length} for length in (1000, 1001, 300_000)]
    found, rejected = parse(json.dumps(texts), ["zh", "en"], 20)
    assert ([len(pair["en"]) for pair in found], rejected) == ([1000], {HUGE: 2})


def test_no_more_is_taken_than_allowed():
    found, rejected = parse(json.dumps([{"en": f"number {i}"} for i in range(10_000)]), ["en"], 20)
    assert [pair["en"] for pair in found] == [f"number {i}" for i in range(20)]
    assert rejected == {SURPLUS: 9980}


@pytest.mark.parametrize("piece", ["[", "{", '{"zh": [', "<think>", "</think>", ",   ", "```", "1.\t", '["', "9" * 50])
def test_four_megabytes_of_anything_take_no_time(piece):
    begin = time.process_time()
    found, _ = parse(piece * (4_000_000 // len(piece)), ["zh", "en"], 20)
    assert found == []
    assert time.process_time() - begin < 5


LEAVES = st.none() | st.booleans() | st.floats() | st.integers() | st.text()
KEYS = st.sampled_from(["zh", "en", "sentences"]) | st.text(max_size=3)
VALUES = st.recursive(LEAVES, lambda inner: st.lists(inner) | st.dictionaries(KEYS, inner), max_leaves=20)
ALPHABET = st.sampled_from([*'[]{}",:\\\t\n1.-', "zh", "en", "<think>", "</think>", "```", "\ud800", "\u202e"])


@given(st.text() | VALUES.map(json.dumps) | st.lists(ALPHABET).map("".join), st.sampled_from([["en"], ["zh", "en"]]))
def test_arbitrary_text_gives_texts_for_all_languages_or_nothing(answer, languages):
    found, rejected = parse(answer, languages, 5)
    assert len(found) <= 5
    for item in found:
        assert list(item) == languages
        assert all(isinstance(text, str) and len(text) <= 1000 for text in item.values())
    assert found or rejected


@pytest.mark.parametrize(
    ("answer", "sentences"),
    [
        ("one two.\nthree four!", ["one two.", "three four!"]),
        ("Sure! Here are two sentences:\n\n1. one two.\n- three four?\n\nthree", ["one two.", "three four?"]),
        ('"one two."\n\u201cthree four.\u201d', ["one two.", "three four."]),
        ('{"sentences": ["one two."]}\nthree four.', ["one two."]),
        ("one two. thr", []),
        ("one two;", []),
    ],
)
def test_plain_lines_are_sentences_where_they_were_requested(answer, sentences):
    found, rejected = parse(answer, ["en"], 20, lines=True)
    assert found == [{"en": sentence} for sentence in sentences]
    assert rejected == ({} if sentences else {NOT_AS_REQUESTED: 1})


@pytest.mark.parametrize(
    ("language", "sentence"),
    [
        ("hi", "हम कल घर गए थे।"),
        ("ur", "ہم کل گھر گئے۔"),
        ("ar", "أين ذهبت؟"),
        ("el", "Πού πήγες;"),
        ("th", "เมื่อวานเราไปตลาด"),
    ],
)
def test_a_plain_line_ends_as_in_its_language(language, sentence):
    answer = f"{language}:\n1. {sentence}"
    assert {language: sentence} in parse(answer, [language], 20, lines=True)[0]
