"""The tables' metric, for curves of a figure."""

from collections.abc import Mapping
from typing import Any

from tauspeech.models.decoding import Decoder
from tauspeech.models.tasks import TasksBySet
from tauspeech.scoring.metrics import headline


def score(decoder: Decoder, sets: Mapping[str, list[dict[str, Any]]], tasks: TasksBySet) -> float:
    """Mean of the metric over all sets and their tasks."""
    values = []
    for id, rows in sets.items():
        for task in tasks[id]:
            references = [row[task.text_language] for row in rows]
            found = headline(task.kind, task.text_language, references, decoder.decode(rows, task))
            values.append(found.value())
    return sum(values) / len(values)
