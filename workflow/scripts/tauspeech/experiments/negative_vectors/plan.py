"""The experiment negative_vectors: what a model writes where nobody speaks is made a task vector, and subtracted.

The base is fine-tuned to write one phrase, or what it writes itself, on audio without speech. Models with the vector
subtracted several times are decoded on other such audio and on recorded speech; validation chooses one of them.
"""

from pathlib import Path
from typing import Any

from tauspeech.data.tables import SPLITS
from tauspeech.experiments.negative_vectors.models import Models
from tauspeech.plan.jobs import Plan, PlannedJob
from tauspeech.scoring.headline import headline_metric
from tauspeech.scoring.word_metrics import unit_per_minute

TABLES = "tauspeech.experiments.negative_vectors.tables"
BASE, TRAINED = 0.0, -1.0  # the weights with which these models are rows of the table


def plan(config: dict[str, Any], results: Path) -> Plan:
    models = Models(config)
    weights = sorted(config["subtraction"]["weights"])
    named = {TRAINED: models.trained, BASE: models.build.base} | {weight: models.minus(weight) for weight in weights}
    tables = [_subtraction(models, named)]
    if not config["phrase"]:
        tables.append(_phrases(models))
    return Plan([*tables, models.vector], main_table="subtraction")


def _subtraction(models: Models, named: dict[float, PlannedJob]) -> PlannedJob:
    """A row for each weight: scores on validation and test, and the choice."""
    scores = {weight: models.scores(job) for weight, job in named.items()}
    rows = [
        {"weight": weight, "scores": {split: [job.id for job in of_model[split]] for split in SPLITS[1:]}}
        for weight, of_model in scores.items()
    ]
    language = models.language
    settings = {
        "kind": "subtraction",
        "rows": rows,
        "sounds": list(models.sounds),
        "metrics": [headline_metric("transcribe", language), unit_per_minute(language)],
        "alarms": bool(models.config["phrase"]),
        "most_loss": models.config["subtraction"]["most_loss"],
    }
    jobs = [job for of_model in scores.values() for found in of_model.values() for job in found]
    return PlannedJob("table", "subtraction", settings, {"scores": jobs}, modules=(TABLES,))


def _phrases(models: Models) -> PlannedJob:
    """Table of the texts that the base writes most, by sound. Without a phrase in the configuration it is trained on them."""
    settings = {"kind": "phrases", "language": models.language}
    return PlannedJob("table", "phrases", settings, {"sets": [models.own_texts]}, modules=(TABLES,))
