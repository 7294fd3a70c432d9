"""Options for Chinese: simplified characters by OpenCC, and digits written as numerals."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tauspeech.scoring.metrics import bleu, cer
from tauspeech.scoring.normalise import chinese_form
from tauspeech.scoring.numerals import spelled_numbers
from tauspeech.scoring.rare_words import word_counts
from tauspeech.scoring.rules import ScoringRules

SIMPLIFIED, SPELLED = ScoringRules(script="simplified"), ScoringRules(numbers="spelled")
UNITS = {"十": 10, "百": 100, "千": 1000}


def value_of(numeral: str) -> int:
    """Value of a cardinal number in Chinese numerals."""
    for name, unit in (("亿", 10**8), ("万", 10**4)):
        head, found, rest = numeral.rpartition(name)
        if found:
            return value_of(head) * unit + value_of(rest)
    total = digit = 0
    for sign in numeral:
        if sign in UNITS:
            total, digit = total + (digit or 1) * UNITS[sign], 0
        else:
            digit = "零一二三四五六七八九".index(sign.replace("两", "二"))
    return total + digit


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("3个", "三个"),
        ("10", "十"),
        ("15天", "十五天"),
        ("110", "一百一十"),
        ("1010", "一千零一十"),
        ("10001", "一万零一"),
        ("100005", "十万零五"),
        ("1,234,567人", "一百二十三万四千五百六十七人"),
        ("20000元", "两万元"),
        ("2000", "两千"),
        ("200", "二百"),
        ("100000000", "一亿"),
        ("2019年10月1日", "二零一九年十月一日"),
        ("1000年", "一千年"),
        ("20年", "二十年"),
        ("3.5万", "三点五万"),
        ("0.05", "零点零五"),
        ("20%的人", "百分之二十的人"),
        ("５０％", "百分之五十"),
        ("13812345678", "一三八一二三四五六七八"),
        ("007", "零零七"),
        ("二〇一九年", "二零一九年"),
        ("2个人，第2个，2年级，2月，2号", "两个人，第二个，二年级，二月，二号"),
        ("2次，2次元，2%的人", "两次，二次元，百分之二的人"),
        ("1万2千", "一万二千"),
        ("2千", "两千"),
    ],
)
def test_digits_as_they_are_read(written, read):
    assert spelled_numbers(written) == read


@pytest.mark.parametrize(
    "text",
    ["一些人一起去", "万一下雨，千万不要十分着急", "三三两两", "统一、唯一、四川、九寨沟", "百分之五十", "几百人"],
)
def test_words_with_numerals_stay(text):
    assert chinese_form(text, "zh", SPELLED) == text


@given(st.text(alphabet=st.characters(exclude_characters="0123456789０１２３４５６７８９％〇")))
def test_texts_without_digits_stay(text):
    assert spelled_numbers(text) == text


@given(st.text(alphabet="0123456789,.%年个第万亿一二"))
def test_no_digit_is_left_and_a_second_time_changes_nothing(text):
    once = spelled_numbers(text)
    assert not re.search("[0-9]", once)
    assert spelled_numbers(once) == once


@given(st.integers(0, 10**16 - 1).filter(lambda number: not re.fullmatch("1[3-9][0-9]{9}", str(number))))
def test_a_numeral_has_the_value_of_its_digits(number):
    assert value_of(spelled_numbers(str(number))) == number


def test_digits_and_numerals_are_no_errors():
    pair = ["他有一百二十三只猫和百分之五的希望"], ["他有123只猫和5%的希望"]
    assert cer(*pair, "zh").value() > 30
    assert cer(*pair, "zh", SPELLED).value() == 0


@pytest.mark.parametrize(
    ("traditional", "simplified"),
    [
        ("全天大廢的大廢床美麗", "全天大废的大废床美丽"),
        ("頭髮發展", "头发发展"),
        ("皇后以後乾隆乾燥", "皇后以后乾隆干燥"),
    ],
)
def test_traditional_characters_are_no_errors(traditional, simplified):
    assert cer([simplified], [traditional], "zh").value() > 0
    for pair in ((traditional, simplified), (simplified, traditional)):
        assert cer([pair[0]], [pair[1]], "zh", SIMPLIFIED).value() == 0
        assert bleu([pair[0]], [pair[1]], "zh-TW", SIMPLIFIED).value() == pytest.approx(100)


@given(st.text(alphabet="全廢美麗頭髮發後乾隆燥著作雖然喫麵了解臺灣abc1，"))
def test_a_second_conversion_changes_nothing(text):
    once = chinese_form(text, "zh", SIMPLIFIED)
    assert chinese_form(once, "zh", SIMPLIFIED) == once


@pytest.mark.parametrize("language", ["ja", "ko", "en"])
def test_other_languages_stay(language):
    rules = ScoringRules(script="simplified", numbers="spelled")
    assert chinese_form("東京 3時", language, rules) == "東京 3時"
    assert "simplified" not in bleu(["東京"], ["東京"], language, rules).signature


def test_a_word_is_found_in_both_scripts():
    texts = ["她去柏林牆"], ["她去柏林墙"]
    strict, open_minded = (
        word_counts("wall", ("柏林墙",), "zh", *texts, rules) for rules in (ScoringRules(), SIMPLIFIED)
    )
    assert (strict.in_reference.tolist(), strict.in_hypothesis.tolist()) == ([0], [1])
    assert open_minded.in_reference.tolist() == open_minded.in_hypothesis.tolist() == [1]
    assert open_minded.recall().signature.startswith("forms:柏林墙|script:simplified|opencc:")


def test_signatures_name_the_options_that_are_used():
    both = ScoringRules(script="simplified", numbers="spelled")
    for count in (cer, bleu):
        assert "|script:simplified|opencc:" in count(["好"], ["好"], "zh", both).signature
        assert count(["好"], ["好"], "zh", both).signature.endswith("|numbers:spelled")
        assert "script" not in count(["好"], ["好"], "zh").signature
