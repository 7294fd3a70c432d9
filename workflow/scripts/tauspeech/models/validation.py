"""The validation score: one number for a model on validation data, which grows with its quality.

Checkpoints, weights and pruning ratios are chosen by it. It is the value of the tables' headline metric, but without the
code of counts and intervals: those may be refined without making a training stale.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import jiwer

from tauspeech.models.decoding import Decoder
from tauspeech.models.tasks import TasksBySet
from tauspeech.scoring.bleu_scorer import bleu_scorer
from tauspeech.scoring.headline import headline_metric
from tauspeech.scoring.normalise import for_bleu, for_cer, for_wer
from tauspeech.scoring.rules import DEFAULT_RULES, ScoringRules

_NORMALISE = {"bleu": for_bleu, "cer": for_cer, "wer": for_wer}


def validation_score(
    kind: str,
    language: str,
    references: Sequence[str],
    hypotheses: Sequence[str],
    rules: ScoringRules = DEFAULT_RULES,
) -> float:
    """BLEU of a translation; 100 minus the error rate in percent of a transcription."""
    metric = headline_metric(kind, language)
    normalise = _NORMALISE[metric]
    truth, found = ([normalise(text, language, rules) for text in texts] for texts in (references, hypotheses))
    if metric == "bleu":
        return bleu_scorer(language, rules).corpus_score(found, [truth]).score
    error_rate = jiwer.cer if metric == "cer" else jiwer.wer
    return float(100 * (1 - error_rate(truth, found)))


def mean_score(
    decoder: Decoder, sets: Mapping[str, list[dict[str, Any]]], tasks: TasksBySet, rules: ScoringRules
) -> float:
    """Mean over all sets and their tasks, each with the same weight whatever its size."""
    scores = []
    for id, rows in sets.items():
        for task, hypotheses in zip(tasks[id], decoder.decode_tasks(rows, tasks[id]), strict=True):
            references = [row[task.text_language] for row in rows]
            scores.append(validation_score(task.kind, task.text_language, references, hypotheses, rules))
    return sum(scores) / len(scores)
