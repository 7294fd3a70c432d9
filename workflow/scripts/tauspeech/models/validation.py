"""The validation score: one number for a model on validation data, which grows with its quality.

Checkpoints, weights and pruning ratios are chosen by it. It is separate from the metrics of the tables on purpose:
those may be refined without making a training stale.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import jiwer
import sacrebleu

from tauspeech.data.languages import primary_subtag, unspaced
from tauspeech.models.decoding import Decoder
from tauspeech.models.tasks import TasksBySet


def validation_score(kind: str, language: str, references: Sequence[str], hypotheses: Sequence[str]) -> float:
    """Lower-cased BLEU of a translation; 100 minus the error rate in percent of a transcription."""
    if kind == "translate":
        tokenize = "zh" if primary_subtag(language) == "zh" else "char" if unspaced(language) else "13a"
        return sacrebleu.corpus_bleu(list(hypotheses), [list(references)], lowercase=True, tokenize=tokenize).score
    error_rate, gap = (jiwer.cer, "") if unspaced(language) else (jiwer.wer, " ")
    truth, found = ([_normalised(text, gap) for text in texts] for texts in (references, hypotheses))
    return float(100 * (1 - error_rate(truth, found)))


def mean_score(decoder: Decoder, sets: Mapping[str, list[dict[str, Any]]], tasks: TasksBySet) -> float:
    """Mean over all sets and their tasks, each with the same weight whatever its size."""
    scores = []
    for id, rows in sets.items():
        for task, hypotheses in zip(tasks[id], decoder.decode_tasks(rows, tasks[id]), strict=True):
            references = [row[task.text_language] for row in rows]
            scores.append(validation_score(task.kind, task.text_language, references, hypotheses))
    return sum(scores) / len(scores)


def _normalised(text: str, gap: str) -> str:
    return gap.join("".join(char if char.isalnum() else " " for char in text.lower()).split())
