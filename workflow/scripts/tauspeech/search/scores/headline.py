"""The main metric of the tables."""

from collections.abc import Mapping
from typing import Any

from tauspeech.models.decoding import Decoder
from tauspeech.models.tasks import TasksBySet
from tauspeech.scoring.metrics import headline
from tauspeech.scoring.rules import ScoringRules


def mean_score(
    decoder: Decoder, sets: Mapping[str, list[dict[str, Any]]], tasks: TasksBySet, rules: ScoringRules
) -> float:
    """Mean over all sets and their tasks."""
    values = []
    for id, rows in sets.items():
        for task, hypotheses in zip(tasks[id], decoder.decode_tasks(rows, tasks[id]), strict=True):
            references = [row[task.text_language] for row in rows]
            values.append(headline(task.kind, task.text_language, references, hypotheses, rules).value())
    return sum(values) / len(values)
