"""Corpus metrics, all in percent: BLEU and chrF by sacrebleu, CER and WER by jiwer.

CER, WER = 100 * (substitutions + deletions + insertions) / reference length, both summed over the corpus.
"""

from collections.abc import Callable, Sequence
from importlib.metadata import version

import jiwer
import numpy as np
from sacrebleu.metrics import BLEU, CHRF

from tauspeech.data.languages import primary_subtag, unspaced
from tauspeech.scoring.headline import headline_metric
from tauspeech.scoring.normalise import (
    CER_NORMALISATION,
    WER_NORMALISATION,
    for_bleu,
    for_cer,
    for_wer,
)
from tauspeech.scoring.tally import Tally, percentage

Texts = Sequence[str]

_OWN_TOKENIZER = {"zh": "zh", "cmn": "zh", "yue": "zh", "ja": "ja-mecab", "ko": "ko-mecab"}


def headline(task: str, language: str, references: Texts, hypotheses: Texts) -> Tally:
    """The metric that tables show for a task."""
    name = headline_metric(task, language)
    if name == "bleu":
        return bleu(references, hypotheses, language)
    return cer(references, hypotheses) if name == "cer" else wer(references, hypotheses)


def bleu(references: Texts, hypotheses: Texts, language: str) -> Tally:
    return _by_sacrebleu("bleu", _bleu_scorer(language), references, hypotheses)


def chrf(references: Texts, hypotheses: Texts) -> Tally:
    return _by_sacrebleu("chrf", CHRF(lowercase=True), references, hypotheses)


def cer(references: Texts, hypotheses: Texts) -> Tally:
    return _by_jiwer("cer", jiwer.process_characters, for_cer, CER_NORMALISATION, references, hypotheses)


def wer(references: Texts, hypotheses: Texts) -> Tally:
    return _by_jiwer("wer", jiwer.process_words, for_wer, WER_NORMALISATION, references, hypotheses)


def _bleu_scorer(language: str) -> BLEU:
    # 13a splits at spaces: in a language without them it would score whole sentences as words.
    fallback = "char" if unspaced(language) else "13a"
    tokenizer = _OWN_TOKENIZER.get(primary_subtag(language), fallback)
    try:
        return BLEU(lowercase=True, tokenize=tokenizer)
    except RuntimeError:  # MeCab is an optional extra of sacrebleu
        return BLEU(lowercase=True, tokenize="char")


def _by_sacrebleu(name: str, scorer: BLEU | CHRF, references: Texts, hypotheses: Texts) -> Tally:
    # sacrebleu keeps its sufficient statistics private; its own paired test uses these same two methods.
    counts = scorer._extract_corpus_statistics(list(map(for_bleu, hypotheses)), [list(map(for_bleu, references))])

    def pooled(sums: np.ndarray) -> np.ndarray:
        return np.array([scorer._compute_score_from_stats(row).score for row in sums.tolist()])

    return Tally(name, str(scorer.get_signature()), np.array(counts), pooled)


def _by_jiwer(
    name: str,
    process: Callable[[str, str], jiwer.WordOutput | jiwer.CharacterOutput],
    normalise: Callable[[str], str],
    normalisation: str,
    references: Texts,
    hypotheses: Texts,
) -> Tally:
    outputs = [process(normalise(r), normalise(h)) for r, h in zip(references, hypotheses, strict=True)]
    counts = [(o.substitutions + o.deletions + o.insertions, o.hits + o.substitutions + o.deletions) for o in outputs]
    return Tally(name, f"jiwer:{version('jiwer')}|norm:{normalisation}", np.array(counts), percentage)
