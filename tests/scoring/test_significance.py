import time

import numpy as np
import pytest

from tauspeech.scoring.metrics import bleu, cer, chrf, wer
from tauspeech.scoring.rare_words import word_counts
from tauspeech.scoring.significance import paired_p_value

METRICS = [bleu, chrf, cer, wer]


@pytest.fixture
def references():
    generator = np.random.default_rng(5)
    return [" ".join(generator.choice([f"word{i}" for i in range(99)], 15)) for _ in range(100)]


def garbled(references, share, seed):
    generator = np.random.default_rng(seed)
    return [" ".join("oops" if generator.random() < share else w for w in text.split()) for text in references]


@pytest.mark.parametrize("count", METRICS)
def test_identical_systems_do_not_differ(references, count):
    tally = count(references, garbled(references, 0.2, seed=1), "en")
    assert paired_p_value(tally, tally, seed=0) == 1


@pytest.mark.parametrize("count", METRICS)
def test_a_clearly_different_system_differs_in_either_direction(references, count):
    good, bad = (count(references, garbled(references, share, seed=1), "en") for share in (0.1, 0.3))
    assert paired_p_value(good, bad, seed=0) == paired_p_value(bad, good, seed=0) == pytest.approx(1 / 1001)


def test_chance_differences_are_rarely_significant(references):
    p_values = [
        paired_p_value(*(wer(references, garbled(references, 0.2, seed), "en") for seed in (2 * i, 2 * i + 1)), i)
        for i in range(60)
    ]
    assert np.mean(np.array(p_values) < 0.05) < 0.15
    assert 0.3 < np.mean(p_values) < 0.7


def test_the_test_is_paired():
    # Errors differ widely between utterances, but the system is better by one on almost every one of them.
    references = ["a " * 50] * 40
    baseline = ["a " * (50 - i) for i in range(1, 41)]
    system = ["a " * (51 - i) if i % 10 else "a " * (50 - i) for i in range(1, 41)]
    better, worse = (wer(references, hypotheses, "en") for hypotheses in (system, baseline))
    assert paired_p_value(better, worse, seed=0) < 0.01


def test_the_seed_decides_the_p_value(references):
    a, b = (bleu(references, garbled(references, 0.2, seed), "en") for seed in (1, 2))
    assert paired_p_value(a, b, seed=3) == paired_p_value(a, b, seed=3)
    assert len({paired_p_value(a, b, seed) for seed in range(5)}) > 1


def test_an_undefined_score_has_no_p_value():
    found, missed = (word_counts("w1", ("Goethe",), "en", ["Goethe"], [text]).precision() for text in ("Goethe", ""))
    assert np.isnan(paired_p_value(found, missed, seed=0))


def test_a_hundred_sentences_take_less_than_a_second(references):
    start = time.process_time()
    a, b = (bleu(references, garbled(references, 0.2, seed), "en") for seed in (1, 2))
    paired_p_value(a, b, seed=0)
    assert time.process_time() - start < 1
