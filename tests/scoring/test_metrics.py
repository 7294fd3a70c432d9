import math

import jiwer
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sacrebleu.metrics import BLEU, CHRF

from tauspeech.scoring.metrics import bleu, cer, chrf, wer

SENTENCES = st.lists(st.sampled_from(["the", "cat", "sat", "on", "a", "mat"]), max_size=8).map(" ".join)
PAIRS = st.lists(st.tuples(SENTENCES, SENTENCES), min_size=1, max_size=10)


@pytest.fixture
def corpus():
    """Eighty sentences, a third of whose words are wrong."""
    generator = np.random.default_rng(3)
    words = [f"w{i}" for i in range(50)]
    references = [[str(w) for w in generator.choice(words, 12)] for _ in range(80)]
    hypotheses = [[w if generator.random() > 1 / 3 else "x" for w in reference] for reference in references]
    return [" ".join(reference) for reference in references], [" ".join(hypothesis) for hypothesis in hypotheses]


def test_bleu_counted_by_hand():
    # 5 of 6 words, 3 of 5 pairs, 2 of 4 triples, 1 of 3 quadruples; equal lengths.
    tally = bleu(["The cat sat on the mat"], ["the cat  sat on a MAT"], "en")
    assert tally.value() == pytest.approx(100 * (5 / 6 * 3 / 5 * 2 / 4 * 1 / 3) ** 0.25)


def test_bleu_punishes_brevity():
    assert bleu(["the cat sat on the mat"], ["the cat sat on the"], "en").value() == pytest.approx(
        100 * math.exp(1 - 6 / 5)
    )


def test_bleu_of_identical_and_of_empty_texts():
    assert bleu(["Goethe wrote Faust in Weimar."], ["goethe wrote faust in weimar."], "en").value() == pytest.approx(
        100
    )
    assert bleu(["Goethe wrote Faust in Weimar."], [""], "en").metric(0).value == 0


@pytest.mark.parametrize(
    ("language", "tokenizer"), [("en", "13a"), ("de", "13a"), ("zh", "zh"), ("zh-TW", "zh"), ("th", "char")]
)
def test_bleu_tokenizer_follows_the_target_language(language, tokenizer):
    signature = bleu(["我爱北京天安门"], ["我爱北京天安门"], language).signature
    assert "case:lc" in signature
    assert f"tok:{tokenizer}|" in signature


@pytest.mark.parametrize("language", ["ja", "ko"])
def test_bleu_in_japanese_and_korean_works_without_mecab(language):
    tally = bleu(["東京タワーへ行く"], ["東京タワーへ来る"], language)
    assert 0 < tally.value() < 100
    assert any(f"tok:{tokenizer}" in tally.signature for tokenizer in ("char", f"{language}-mecab"))


def test_chinese_bleu_counts_characters():
    # 4 of 5 characters, then 3/4, 2/3, 1/2: only the last character is wrong.
    assert bleu(["我爱柏林墙"], ["我爱柏林城"], "zh").value() == pytest.approx(
        100 * (4 / 5 * 3 / 4 * 2 / 3 / 2) ** 0.25
    )


def test_chrf_counted_by_hand():
    # One of two characters and none of one pair, so precision and recall average to 1/4.
    assert chrf(["AB"], ["ac"], "en").value() == pytest.approx(25)


def test_scores_agree_with_sacrebleu(corpus):
    references, hypotheses = corpus
    assert bleu(references, hypotheses, "en").value() == BLEU().corpus_score(hypotheses, [references]).score
    assert chrf(references, hypotheses, "en").value() == CHRF().corpus_score(hypotheses, [references]).score


def test_bootstrap_agrees_with_sacrebleu(corpus):
    references, hypotheses = corpus
    theirs = BLEU().corpus_score(hypotheses, [references], n_bootstrap=1000)
    ours = bleu(references, hypotheses, "en")
    metric = ours.metric(seed=1)
    assert ours.resampled(seed=1).mean() == pytest.approx(theirs.score, abs=0.3)
    assert (metric.high - metric.low) / 2 == pytest.approx(theirs._ci, rel=0.1)


def test_cer_in_chinese_ignores_punctuation():
    assert cer(["柏林墙，倒了。"], ["柏林墙倒了"], "zh").value() == 0
    assert cer(["柏林墙，倒了。"], ["柏林强 倒了！"], "zh").value() == pytest.approx(20)


def test_cer_can_exceed_100_percent():
    assert cer(["歌德"], ["歌德是德国诗人"], "zh").value() == pytest.approx(250)


def test_wer_pools_the_corpus():
    # 1 substitution in 4 words and 2 insertions in 1 word: 3 / 5, not the mean of 25 and 200 percent.
    assert wer(["It's a big house", "Yes"], ["it’s a pig house.", "yes, I do"], "en").value() == pytest.approx(60)


def test_error_rates_of_empty_texts():
    assert wer(["two words"], [""], "en").value() == 100
    assert wer(["one", "!"], ["one", "noise"], "en").value() == 100
    undefined = cer(["。"], ["声"], "zh").metric(0)
    assert (undefined.value, undefined.low, undefined.high, undefined.n) == (None, None, None, 1)


@given(PAIRS)
def test_error_rates_agree_with_jiwer(pairs):
    references, hypotheses = map(list, zip(*pairs, strict=True))
    if any(references):
        assert wer(references, hypotheses, "en").value() == pytest.approx(100 * jiwer.wer(references, hypotheses))
        assert wer(references, references, "en").value() == 0


@given(PAIRS)
def test_intervals_hold_the_value_and_order_does_not_matter(pairs):
    references, hypotheses = map(list, zip(*pairs, strict=True))
    for count in (bleu, chrf, cer, wer):
        metric = count(references, hypotheses, "en").metric(seed=0)
        backwards = count(references[::-1], hypotheses[::-1], "en").metric(seed=0)
        assert metric.value == backwards.value
        assert metric.value is None or len(pairs) == 1 or metric.low <= metric.value <= metric.high


def test_a_single_utterance_has_no_bootstrap_interval():
    metric = wer(["one two"], ["one"], "en").metric(seed=0)
    assert (metric.value, metric.low, metric.high) == (50, None, None)
