"""Character errors of the round-trip check, without those in the rare word."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tauspeech.models.round_trip import character_errors
from tauspeech.scoring.rules import ScoringRules


@pytest.mark.parametrize(
    ("sentence", "hypothesis", "forms", "language", "errors"),
    [
        ("we saw it", "we saw it", (), "en", 0),
        ("We saw it!", "we saw it.", (), "en", 0),
        ("we saw it", "", (), "en", 1),
        ("abcd", "abxd", (), "en", 1 / 4),
        ("abcd", "abcdef", (), "en", 2 / 4),
        # The word's own letters and what stands in their place do not count.
        ("we saw the berlin wall today", "we saw the burning ball today", ("Berlin Wall",), "en", 0),
        ("we saw the berlin wall today", "we saw today", ("Berlin Wall",), "en", 5 / 17),
        ("我们去了柏林墙", "我们去了白林强", ("柏林墙",), "zh", 0),
        ("我们去了柏林墙", "他们去了白林强", ("柏林墙",), "zh", 1 / 4),
        ("我们 去了", "我们去了", (), "zh", 0),
        ("柏林墙", "什么", ("柏林墙",), "zh", 0),
        # Twice in a sentence.
        ("柏林墙和柏林墙", "白和黑", ("柏林墙",), "zh", 0),
    ],
)
def test_cases_counted_by_hand(sentence, hypothesis, forms, language, errors):
    assert character_errors(sentence, hypothesis, forms, language) == pytest.approx(errors)


def test_the_script_of_chinese_never_counts_and_numbers_do_not_where_scoring_makes_them_equal():
    sentence, hypothesis, forms = "他在柏林墙有一百二十三只猫", "他在柏林牆有123隻貓", ("柏林墙",)
    assert character_errors(sentence, hypothesis, forms, "zh") == 5 / 10
    assert character_errors(sentence, hypothesis, forms, "zh", ScoringRules(numbers="spelled")) == 0


@given(st.text(st.characters(codec="utf-8"), min_size=1), st.text(st.characters(codec="utf-8")))
def test_errors_are_never_negative_and_zero_for_the_same_text(sentence, hypothesis):
    assert character_errors(sentence, hypothesis, (), "en") >= 0
    assert character_errors(sentence, sentence, (), "en") == 0
