"""The main metric of the tables."""

from collections.abc import Mapping
from statistics import fmean
from typing import Any

from tauspeech.models.decoding import Decoder
from tauspeech.models.tasks import TasksBySet
from tauspeech.scoring.metrics import headline
from tauspeech.scoring.rules import ScoringRules


def measured(
    decoder: Decoder, sets: Mapping[str, list[dict[str, Any]]], tasks: TasksBySet, rules: ScoringRules
) -> dict[str, Any]:
    """Mean over all sets and their tasks, and the counts of each utterance or sentence, from which claims have their intervals."""
    values, counts = [], {}
    for id, rows in sets.items():
        for task, hypotheses in zip(tasks[id], decoder.decode_tasks(rows, tasks[id]), strict=True):
            references = [row[task.text_language] for row in rows]
            tally = headline(task.kind, task.text_language, references, hypotheses, rules)
            values.append(tally.value())
            counts[f"{id}.{task.kind}"] = tally.by_sentence(row["utterance"] for row in rows).written()
    return {"score": fmean(values), "counts": counts}
