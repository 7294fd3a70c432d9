"""How good a model is on validation, in one number that grows with it.

Checkpoints and weights are chosen by it. It is apart from the metrics of the tables on purpose: those may be
refined without a training becoming stale.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import jiwer
import sacrebleu

from tauspeech.data.languages import primary_subtag, unspaced
from tauspeech.models.tasks import Lesson
from tauspeech.models.decoding import Listener


def validation_score(task: str, language: str, references: Sequence[str], hypotheses: Sequence[str]) -> float:
    """Lower-cased BLEU of a translation; of a transcription 100 less its error rate in percent."""
    if task == "translate":
        tokenize = "zh" if primary_subtag(language) == "zh" else "char" if unspaced(language) else "13a"
        return sacrebleu.corpus_bleu(list(hypotheses), [list(references)], lowercase=True, tokenize=tokenize).score
    error_rate, gap = (jiwer.cer, "") if unspaced(language) else (jiwer.wer, " ")
    truth, heard = ([_plain(text, gap) for text in texts] for texts in (references, hypotheses))
    return 100 * (1 - error_rate(truth, heard))


def mean_score(
    listener: Listener, sets: Mapping[str, list[dict[str, Any]]], lessons: Mapping[str, list[Lesson]]
) -> float:
    """Over all sets and what is asked of each: every one counts the same, however large."""
    scores = []
    for id, rows in sets.items():
        for asked in lessons[id]:
            heard = listener.listen(rows, asked)
            truth = [row[asked.written] for row in rows]
            scores.append(validation_score(asked.task, asked.written, truth, heard))
    return sum(scores) / len(scores)


def _plain(text: str, gap: str) -> str:
    return gap.join("".join(char if char.isalnum() else " " for char in text.lower()).split())
