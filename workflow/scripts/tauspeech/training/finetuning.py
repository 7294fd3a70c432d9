"""A base taught the lessons of some sets."""

import math
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from transformers import WhisperForConditionalGeneration

from tauspeech.runtime.errors import UserError
from tauspeech.models.validation import mean_score
from tauspeech.models.tasks import Lesson
from tauspeech.models.decoding import Listener
from tauspeech.models.whisper.family import load
from tauspeech.training.examples import Examples
from tauspeech.training.trainer import train

Rows = list[dict[str, Any]]


@dataclass(frozen=True)
class Course:
    """Sets of speech, what is asked of each, and how much of its training speech is used."""

    sets: dict[str, Rows]
    lessons: dict[str, list[Lesson]]
    share: float

    def rows(self, split: str) -> dict[str, Rows]:
        found = {id: [row for row in held if row["split"] == split] for id, held in self.sets.items()}
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
    """The first rows, up to a share of all seconds."""
    room, kept = share * math.fsum(row["seconds"] for row in rows), []
    for row in rows:
        room -= row["seconds"]
        if room < -1e-6:
            break
        kept.append(row)
    return kept


@dataclass
class Trained:
    model: WhisperForConditionalGeneration
    history: dict[str, Any]
    score: float  # on validation; higher is better


@dataclass
class Finetuning:
    base: Path
    course: Course
    settings: dict[str, Any]
    seed: int
    _examples: dict[str, Examples] = field(default_factory=dict)

    def at(self, rate: float, checkpoints: Path) -> Trained:
        """The model that a learning rate gives; checkpoints in the folder are gone on from."""
        model, processor = load(self.base)
        longest = model.config.max_target_positions
        for split in ("train", "validation"):
            if split not in self._examples:
                pairs = ((row, self.course.lessons[id]) for id, rows in self.course.rows(split).items() for row in rows)
                self._examples[split] = Examples(pairs, processor, longest)
        judge = None
        if self.settings["best_by"] == "score":
            listener, judged = Listener(model, processor, self.settings["listening"]), self.course.rows("validation")

            def judge(_: object) -> float:
                return mean_score(listener, judged, self.course.lessons)

        history = train(
            model,
            self._examples["train"],
            self._examples["validation"],
            self.settings | {"learning_rate": rate},
            checkpoints=checkpoints,
            seed=self.seed,
            judge=judge,
            most_steps=self._most_steps(),
        )
        return Trained(model, history, history["best"] if judge else -history["best"])

    def _most_steps(self) -> int | None:
        """Of a joint training, where it is limited to a multiple of one set's."""
        settings = self.settings
        if not settings["joint_steps"]:
            return None
        per_step = settings["batch"] * settings["accumulate"]
        one = settings["epochs"] * len(self._examples["train"]) / len(self.course.sets) / per_step
        return math.ceil(settings["joint_steps"] * one)
