"""Fine-tuning of a base model on the training speech of some sets."""

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from tauspeech.models.decoding import Decoder, FeatureCache
from tauspeech.models.family import SpeechModel, open_model
from tauspeech.models.kept_features import KeptFeatures
from tauspeech.models.tasks import TasksBySet, drawn_for
from tauspeech.models.validation import mean_score
from tauspeech.runtime.errors import UserError
from tauspeech.scoring.rules import ScoringRules
from tauspeech.training.examples import Examples
from tauspeech.training.trainable import Trainable, trainable_of, trains_encoder
from tauspeech.training.trainer import train, utterances_per_step

Rows = list[dict[str, Any]]


@dataclass(frozen=True)
class TrainingSets:
    """Sets of speech with their tasks, and the share of their training speech that is used."""

    sets: dict[str, Rows]
    tasks: TasksBySet
    share: float

    def rows(self, split: str) -> dict[str, Rows]:
        found = {id: [row for row in rows if row["split"] == split] for id, rows in self.sets.items()}
        if split != "train":
            return found
        shared = {id: first_share(rows, self.share) for id, rows in found.items()}
        for id, rows in shared.items():
            if not rows:
                raise UserError(
                    f"set '{id}' has no utterance in {100 * self.share:g} % of its training speech: give more."
                )
        return shared


def first_share(rows: Rows, share: float) -> Rows:
    """The first rows, up to a share of the total duration."""
    room, first = share * math.fsum(row["seconds"] for row in rows), []
    for row in rows:
        room -= row["seconds"]
        if room < -1e-6:
            break
        first.append(row)
    return first


@dataclass
class Trained:
    model: SpeechModel
    history: dict[str, Any]
    score: float  # on validation; higher is better
    part: Trainable  # what of the model was trained


@dataclass
class Finetuning:
    """A training that can be run at several learning rates; examples are shared between them."""

    base: Path
    sets: TrainingSets
    settings: dict[str, Any]
    seed: int
    _examples: dict[str, Examples] = field(default_factory=dict)
    _features: FeatureCache = field(default_factory=FeatureCache)
    _kept: KeptFeatures | None = None  # the encoder's output, if that is the same in all steps and at all rates

    def at(self, rate: float, checkpoints: Path) -> Trained:
        """The model trained at a learning rate, resumed from checkpoints in the folder."""
        model = open_model(self.base, self.settings.get("base_window"))
        if self.settings.get("freeze_feature_encoder", True):
            model.freeze_feature_encoder()
        part = trainable_of(model, self.settings, self.seed)
        if not trains_encoder(model):
            model = model.with_encoded_features()
            self._kept = self._kept or KeptFeatures(checkpoints)
        for split in ("train", "validation"):
            if split not in self._examples:
                pairs = (
                    (row, drawn_for(row["utterance"], self.sets.tasks[id]))
                    for id, rows in self.sets.rows(split).items()
                    for row in rows
                )
                self._examples[split] = Examples(pairs, model, self._kept)
        part.require_effect(model.collate([self._examples["train"][0]]))
        score: Callable[[], float] | None = None
        if self.settings["best_by"] == "score":
            decoder = Decoder(model, self.settings["validation_decoding"], self._kept or self._features)
            validation = self.sets.rows("validation")
            score = partial(mean_score, decoder, validation, self.sets.tasks, ScoringRules.of_job(self.settings))
        history = train(
            model,
            self._examples["train"],
            self._examples["validation"],
            self.settings | {"learning_rate": rate},
            checkpoints=checkpoints,
            seed=self.seed,
            score=score,
            most_steps=self._most_steps(),
            part=part,
        )
        return Trained(model, history, history["best"] if score else -history["best"], part)

    def _most_steps(self) -> int | None:
        """Steps of a joint training at most, where they are limited to a multiple of a single set's."""
        settings = self.settings
        if not settings["joint_steps"]:
            return None
        one = settings["epochs"] * len(self._examples["train"]) / len(self.sets.sets) / utterances_per_step(settings)
        return math.ceil(settings["joint_steps"] * one)
