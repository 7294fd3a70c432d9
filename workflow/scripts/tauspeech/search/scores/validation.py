"""The validation score, by which checkpoints are chosen too."""

from collections.abc import Mapping
from typing import Any

from tauspeech.models.decoding import Decoder
from tauspeech.models.tasks import TasksBySet
from tauspeech.models.validation import mean_score
from tauspeech.scoring.rules import ScoringRules


def measured(
    decoder: Decoder, sets: Mapping[str, list[dict[str, Any]]], tasks: TasksBySet, rules: ScoringRules
) -> dict[str, Any]:
    return {"score": mean_score(decoder, sets, tasks, rules)}
