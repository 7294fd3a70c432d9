"""Corpus metrics, all in percent: BLEU and chrF by sacrebleu, CER and WER by jiwer.

CER, WER = 100 * (substitutions + deletions + insertions) / reference length, both summed over the corpus.
"""

from collections.abc import Callable, Sequence
from importlib.metadata import version

import jiwer
import numpy as np
from sacrebleu.metrics import BLEU, CHRF

from tauspeech.scoring.bleu_scorer import bleu_scorer
from tauspeech.scoring.headline import headline_metric
from tauspeech.scoring.normalise import (
    CER_NORMALISATION,
    WER_NORMALISATION,
    chinese_signature,
    for_bleu,
    for_cer,
    for_wer,
    signature_of,
)
from tauspeech.scoring.rules import DEFAULT_RULES, ScoringRules
from tauspeech.scoring.tally import Tally, percentage

Texts = Sequence[str]


def headline(task: str, language: str, references: Texts, hypotheses: Texts, rules: ScoringRules) -> Tally:
    """The metric that tables show for a task."""
    metric = {"bleu": bleu, "cer": cer, "wer": wer}[headline_metric(task, language)]
    return metric(references, hypotheses, language, rules)


def bleu(references: Texts, hypotheses: Texts, language: str, rules: ScoringRules = DEFAULT_RULES) -> Tally:
    return _by_sacrebleu("bleu", bleu_scorer(language, rules), references, hypotheses, language, rules)


def chrf(references: Texts, hypotheses: Texts, language: str, rules: ScoringRules = DEFAULT_RULES) -> Tally:
    scorer = CHRF(lowercase=rules.bleu_case == "lower")
    return _by_sacrebleu("chrf", scorer, references, hypotheses, language, rules)


def cer(references: Texts, hypotheses: Texts, language: str, rules: ScoringRules = DEFAULT_RULES) -> Tally:
    truth, found = ([for_cer(text, language, rules) for text in texts] for texts in (references, hypotheses))
    return _by_jiwer("cer", jiwer.process_characters, truth, found, signature_of(language, rules, CER_NORMALISATION))


def wer(references: Texts, hypotheses: Texts, language: str, rules: ScoringRules = DEFAULT_RULES) -> Tally:
    truth, found = ([for_wer(text, language, rules) for text in texts] for texts in (references, hypotheses))
    return _by_jiwer("wer", jiwer.process_words, truth, found, signature_of(language, rules, WER_NORMALISATION))


def _by_sacrebleu(
    name: str, scorer: BLEU | CHRF, references: Texts, hypotheses: Texts, language: str, rules: ScoringRules
) -> Tally:
    truth, found = ([for_bleu(text, language, rules) for text in texts] for texts in (references, hypotheses))
    # sacrebleu keeps its sufficient statistics private; its own paired test uses these same two methods.
    counts = scorer._extract_corpus_statistics(found, [truth])

    def pooled(sums: np.ndarray) -> np.ndarray:
        return np.array([scorer._compute_score_from_stats(row).score for row in sums.tolist()])

    signature = f"{scorer.get_signature()}{chinese_signature(language, rules)}"
    return Tally(name, signature, np.array(counts), pooled)


def _by_jiwer(
    name: str,
    process: Callable[[str, str], jiwer.WordOutput | jiwer.CharacterOutput],
    references: Texts,
    hypotheses: Texts,
    normalisation: str,
) -> Tally:
    outputs = [process(reference, hypothesis) for reference, hypothesis in zip(references, hypotheses, strict=True)]
    counts = [(o.substitutions + o.deletions + o.insertions, o.hits + o.substitutions + o.deletions) for o in outputs]
    return Tally(name, f"jiwer:{version('jiwer')}|{normalisation}", np.array(counts), percentage)
