"""Models of the experiment negative_vectors, and their sets: audio without speech by sound, and recorded speech."""

from functools import cached_property
from pathlib import Path
from typing import Any

from tauspeech.data.tables import SPLITS
from tauspeech.data.word_lists.phrases import require_usable
from tauspeech.plan.builder import Builder, TaskSets
from tauspeech.plan.jobs import PlannedJob, once
from tauspeech.plan.matchable_forms import require_matchable
from tauspeech.plan.merges import MergeSpec, Term
from tauspeech.plan.no_speech import METRICS, require_room
from tauspeech.plan.sources import recordings_source
from tauspeech.runtime.errors import UserError
from tauspeech.scoring.rules import ScoringRules

VECTOR = "phrase"  # name of the fine-tune and of its vector


def require_published(base: str) -> None:
    """Refuse the foundations of this project, which may have to be trained first."""
    if base.startswith("foundation/"):
        raise UserError(
            f"key 'base' is {base}, and this experiment is for published models: give a hub id or a folder."
        )


class Models:
    """Jobs of one run."""

    def __init__(self, config: dict[str, Any]):
        self.config = config
        self.language: str = config["language"]
        self.build = Builder(config | {"retrain_foundation": False}, (self.language,), (self.language,))
        self.task = {"kind": "transcribe", "source": self.language, "target": self.language}
        self.sounds: tuple[str, ...] = tuple(config["no_speech"]["sounds"])
        require_published(config["base"])
        require_room(self.build, config["no_speech"]["seconds"])
        if config["phrase"]:
            require_usable(config["phrase"], "key 'phrase'")
            require_matchable([config["phrase"]], self.language, ScoringRules.of_config(config), "key 'phrase'")
        self.made: dict[tuple[Any, ...], PlannedJob] = {}

    # Data

    def _without_speech(self, id: str, sounds: tuple[str, ...], splits: tuple[str, ...], text: str = "") -> PlannedJob:
        about = self.config["no_speech"]
        counts = {split: {sound: 1 if sound == "silence" else about[split] for sound in sounds} for split in splits}
        return self.build.without_speech(id, counts, about["seconds"], self.language, text)

    @cached_property
    def own_texts(self) -> PlannedJob:
        """Audio without speech with the base's hypotheses as its texts."""
        return self.build.pseudo_labels(
            "own-texts", self._without_speech("own-texts", self.sounds, SPLITS[:2]), self.language
        )

    @cached_property
    def training_set(self) -> PlannedJob:
        """The audio with one phrase as the text of all, if the configuration has one, and else with the base's."""
        phrase = self.config["phrase"]
        return self._without_speech("phrase", self.sounds, SPLITS[:2], phrase) if phrase else self.own_texts

    @cached_property
    def silent_sets(self) -> TaskSets:
        """A set for each sound, to decode."""
        return tuple((self._without_speech(sound, (sound,), SPLITS[1:]), (self.task,)) for sound in self.sounds)

    @cached_property
    def speech_sets(self) -> TaskSets:
        table = Path(self.config["recordings"]).expanduser()
        if not table.is_file():
            raise UserError(
                f"key 'recordings': the table {self.config['recordings']} does not exist: check its path, which is relative "
                "to the project's folder."
            )
        recorded = self.build.recorded("speech", recordings_source(table), (self.language,), SPLITS[1:])
        return ((recorded, (self.task,)),)

    # Models

    @cached_property
    def trained(self) -> PlannedJob:
        training = self.build.section("training")
        return self.build.finetune(VECTOR, ((self.training_set, (self.task,)),), training)

    @cached_property
    def vector(self) -> PlannedJob:
        return self.build.vector(self.trained)

    @once
    def minus(self, weight: float) -> PlannedJob:
        """The base with the vector subtracted ``weight`` times."""
        if round(weight, 2) != weight:  # names of models have two decimals
            raise UserError(f"key 'subtraction.weights': {weight:g} has more than two decimals: round it.")
        spec = MergeSpec("task_arithmetic", (Term(self.vector, -weight),))
        return self.build.merge(f"minus-{round(100 * weight):03d}", spec, batch="minus")

    # Scores

    def scores(self, model: PlannedJob) -> dict[str, list[PlannedJob]]:
        """By split the score of a model on speech, and that on audio without it."""
        return {split: [self._score(model, split, True), self._score(model, split, False)] for split in SPLITS[1:]}

    @once
    def _score(self, model: PlannedJob, split: str, speech: bool) -> PlannedJob:
        hypotheses = self._decode(model, split, speech)
        base = self.build.base
        raw = () if model is base else (self._decode(base, split, speech),)
        if speech:
            return self.build.score(hypotheses, raw, words={})
        phrase = self.config["phrase"]
        words = {VECTOR: {self.language: [phrase]}} if phrase else {}
        seconds = self.config["no_speech"]["seconds"]
        return self.build.score(hypotheses, raw, None, (METRICS,), seconds=seconds, words=words)

    @once
    def _decode(self, model: PlannedJob, split: str, speech: bool) -> PlannedJob:
        id = f"{model.id}--{'speech' if speech else 'no-speech'}{'' if split == 'test' else f'--{split}'}"
        sets = self.speech_sets if speech else self.silent_sets
        return self.build.decode(id, model, sets, batch="all", split=split)
