"""Whisper's normalisers, for the languages that they are for; transformers' own versions are the oracle."""

import json
from importlib.resources import files

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tauspeech.scoring.metrics import cer, wer
from tauspeech.scoring.normalise import for_cer, for_wer
from tauspeech.scoring.rules import ScoringRules

WHISPER, BASIC = ScoringRules("whisper"), ScoringRules("whisper_basic")
TEXTS = [
    "Mr. Smith won't pay twenty-five dollars for the colour, uh, [noise] of 1,000 cafés!",
    "She's gone at half past two point five million; it's the twenty second of May 1960s.",
    "one oh one, double seven, minus three percent and three and a half (laughs)",
    "L'été coûte cinq € – « déjà »",
    "今天（星期五）很好。",
]
WORDS = st.sampled_from(
    [
        "one",
        "two",
        "twenty",
        "five",
        "hundred",
        "thousand",
        "million",
        "and",
        "a",
        "half",
        "point",
        "oh",
        "double",
        "$20",
        "5.5",
        "%",
        "cents",
        "he'd",
    ]
)


@pytest.fixture(scope="module")
def theirs():
    from transformers.models.whisper.english_normalizer import BasicTextNormalizer, EnglishTextNormalizer

    spelling = files("whisper_normalizer").joinpath("normalizers/english.json").read_text(encoding="utf-8")
    return EnglishTextNormalizer(json.loads(spelling)), BasicTextNormalizer()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Mr. Smith won't pay twenty-five dollars!", "mister smith will not pay $25"),
        ("The colour of 1,000 cafés, uh, [noise] (laughs)", "the color of 1000 cafes"),
        ("It's the twenty second of May", "it is the 22nd of may"),
        ("", ""),
    ],
)
def test_english_text_by_hand(text, expected):
    assert for_wer(text, "en", WHISPER) == for_wer(text, "en-GB", WHISPER) == expected


@pytest.mark.parametrize(
    ("language", "text", "words", "characters"),
    [
        ("fr", "L'été (bruit) coûte 5 € !", "l été coûte 5", "létécoûte5"),
        ("de", "Über 1.000 <noise> Straßen", "über 1 000 straßen", "über1000straßen"),
        ("zh", "今天(好)，是 周五。", "今天 是 周五", "今天是周五"),
    ],
)
def test_other_languages_get_the_basic_normaliser(language, text, words, characters):
    for rules in (WHISPER, BASIC):
        assert for_wer(text, language, rules) == words
        assert for_cer(text, language, rules) == characters


def test_the_basic_normaliser_can_be_taken_for_english():
    assert for_wer("It won't, Mr. X", "en", BASIC) == "it won t mr x"


@pytest.mark.parametrize("text", TEXTS)
def test_texts_agree_with_transformers(theirs, text):
    english, basic = theirs
    assert for_wer(text, "en", WHISPER) == english(text).strip()
    assert for_wer(text, "fr", WHISPER) == for_wer(text, "en", BASIC) == basic(text).strip()


@given(st.lists(WORDS, max_size=8).map(" ".join))
def test_numbers_agree_with_transformers(theirs, text):
    english, _ = theirs
    assert for_wer(text, "en", WHISPER) == english(text).strip()


def test_what_only_looks_different_is_no_error_by_whispers_rule():
    pair = ["He won't pay twenty five dollars."], ["he will not pay $25"]
    assert wer(*pair, "en").value() > 50
    assert wer(*pair, "en", WHISPER).value() == 0


def test_characters_are_as_whisper_splits_letters(theirs):
    # Whisper's evaluation writes a space between letters where there are no words, and takes the word error rate.
    from transformers.models.whisper.english_normalizer import BasicTextNormalizer

    split = BasicTextNormalizer(split_letters=True)
    reference, hypothesis = "柏林墙，倒了(一次)。", "柏林强 倒了！"
    counts = wer([split(reference)], [split(hypothesis)], "en").counts.tolist()
    assert cer([reference], [hypothesis], "zh", WHISPER).counts.tolist() == counts == [[1, 5]]


def test_signatures_name_the_normaliser_and_its_version():
    assert "|norm:Whisper's English normaliser|whisper-normalizer:" in wer(["a"], ["a"], "en", WHISPER).signature
    assert "|norm:Whisper's basic normaliser|" in wer(["a"], ["a"], "de", WHISPER).signature
    assert "|norm:Whisper's basic normaliser|" in wer(["a"], ["a"], "en", BASIC).signature
