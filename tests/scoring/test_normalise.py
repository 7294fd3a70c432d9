import pytest
from hypothesis import given
from hypothesis import strategies as st

from tauspeech.data.languages import unspaced
from tauspeech.scoring.normalise import for_bleu, for_cer, for_wer
from tauspeech.scoring.rules import ScoringRules


def test_bleu_text_is_lower_case_in_single_spaces_with_its_punctuation():
    assert for_bleu("  The\tBerlin \n Wall! ", "en") == "the berlin wall!"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("柏林墙，倒了。", "柏林墙倒了"),
        ("ＡＢ c１", "abc1"),
        ("《歌德》 $5 _x_", "歌德5x"),
        ("नमस्ते!", "नमस्ते"),
        ("……", ""),
    ],
)
def test_cer_text_is_bare_characters(text, expected):
    assert for_cer(text, "zh") == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Don’t stop -- it's 'HERE'!", "don't stop it's here"),
        ("well-known; co_op", "well known co op"),
        ("नमस्ते दुनिया।", "नमस्ते दुनिया"),
        ("zero\u200bwidth soft\u00adhyphen", "zerowidth softhyphen"),
        ("' '' -", ""),
    ],
)
def test_wer_text_is_words_in_single_spaces(text, expected):
    assert for_wer(text, "en") == expected


@given(st.text())
def test_normalised_texts_have_single_spaces_only(text):
    for rules in (ScoringRules(), ScoringRules("whisper", "cased"), ScoringRules("whisper_basic")):
        assert for_bleu(text, "en", rules) == " ".join(for_bleu(text, "en", rules).split())
        assert for_wer(text, "en", rules) == " ".join(for_wer(text, "en", rules).split())
        assert not any(c.isspace() for c in for_cer(text, "zh", rules))


def test_languages_without_spaces():
    assert all(map(unspaced, ["zh", "zh-TW", "ZH_cn", "ja", "th"]))
    assert not any(map(unspaced, ["en", "de-AT", "ko", "vi"]))
