"""Systems of the experiment lors, which are the rows of its tables: trained singly, trained together, and merged."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tauspeech.experiments.lors.jobs import TARGET, LanguageJobs
from tauspeech.experiments.lors.trainings import (
    TASKS,
    Pair,
    Pairs,
    Training,
    multitask,
    sequence_name,
    single,
)
from tauspeech.plan.jobs import PlannedJob
from tauspeech.plan.tables import PlannedCell

NAMES = {
    "average": "Weight Averaging",
    "ta": "Task Arithmetic",
    "mp": "MP-Merging",
    "svp": "SVP-Merging",
    "lors": "LoRS-Merging",
}
FEW = ("ta", "lors")  # methods of Table 4 and of the figures


@dataclass(frozen=True)
class System:
    """A row of a table: the score of each language and task."""

    name: str
    cells: dict[Pair, PlannedCell]


class LorsSystems:
    """One repetition of the experiment."""

    def __init__(self, config: dict[str, Any], repetition: int = 0):
        self.config = config
        self.jobs = LanguageJobs(config, repetition)
        self.groups = self.jobs.groups

    def _cell(self, score: PlannedJob, pair: Pair) -> PlannedCell:
        language, task = pair
        return PlannedCell(score, self.jobs.speech(language).id, TASKS[task], language if task == "asr" else TARGET)

    def pretrained(self, pairs: Pairs) -> System:
        return System("Pretrained", {pair: self._cell(self.jobs.raw_score(pair[0]), pair) for pair in pairs})

    def trained(self, name: str, trainings: Sequence[Training]) -> System:
        cells: dict[Pair, PlannedCell] = {}
        for training in trainings:
            languages = {language for language, _ in training.pairs}
            batch = f"trained--{languages.pop() if len(languages) == 1 else 'several'}"
            score = self.jobs.score(training.id, self.jobs.finetune(training), training.pairs, batch)
            cells |= {pair: self._cell(score, pair) for pair in training.pairs}
        return System(name, cells)

    def finetuned(self, pairs: Pairs, share: float = 1.0) -> System:
        return self.trained("Finetuned", [single(*pair, share) for pair in pairs])

    def merged(self, name: str, id: str, trainings: Sequence[Training], method: str) -> System:
        pairs = tuple(pair for training in trainings for pair in training.pairs)
        score = self.jobs.score(f"{id}--{method}", self.jobs.merge(id, tuple(trainings), method), pairs, id)
        return System(name, {pair: self._cell(score, pair) for pair in pairs})

    def sequential(self, setting: str, owners: Mapping[str, Pairs]) -> list[System]:
        """Training on some languages and tasks in sequence, where the configuration asks for it.

        ``owners`` gives the languages and tasks of each model by its owner: a group, or a language with both tasks.
        """
        if setting not in self.config["sequential"]:
            return []
        cells: dict[Pair, PlannedCell] = {}
        for owner, pairs in owners.items():
            id = sequence_name(owner, pairs)
            score = self.jobs.score(id, self.jobs.sequential(owner, pairs), pairs, f"{owner}--sequential")
            cells |= {pair: self._cell(score, pair) for pair in pairs}
        return [System("Sequential training", cells)]

    def multilingual_systems(self, group: str, task: str) -> list[System]:
        """Tables 1, 2, 7 and 8: the languages of a group, one task."""
        pairs = tuple((language, task) for language in self.groups[group].languages(task))
        singles = [single(*pair) for pair in pairs]
        return [
            self.pretrained(pairs),
            self.finetuned(pairs),
            self.trained("Multi-lingual training", [self.groups[group].multilingual(task)]),
            *self.sequential(task, {group: pairs}),
            *(self.merged(NAMES[method], f"{group}--{task}", singles, method) for method in NAMES),
        ]

    def multitask_systems(self, group: str) -> list[System]:
        """Tables 3, 9 and 11: each language by itself, both tasks."""
        languages = self.groups[group].translated
        pairs = tuple((language, task) for task in TASKS for language in languages)
        found = [
            self.pretrained(pairs),
            self.finetuned(pairs),
            self.trained("Multi-task training", [multitask(language) for language in languages]),
            *self.sequential("mt", {language: multitask(language).pairs for language in languages}),
        ]
        for method in NAMES:
            cells: dict[Pair, PlannedCell] = {}
            for language in languages:
                trainings = [single(language, task) for task in TASKS]
                cells |= self.merged("", f"{language}--both", trainings, method).cells
            found.append(System(NAMES[method], cells))
        return found

    def joint_systems(self, group: str) -> list[System]:
        """Tables 4 and 10: the languages of a group and both tasks, in four ways."""
        pairs, tasks_joint = self.groups[group].pairs, self.groups[group].by_language
        languages_joint = [self.groups[group].multilingual(task) for task in TASKS]

        def merges(prefix: str, id: str, trainings: Sequence[Training]) -> list[System]:
            return [self.merged(f"{prefix} {NAMES[method]}", f"{group}--{id}", trainings, method) for method in FEW]

        return [
            self.pretrained(pairs),
            self.finetuned(pairs),
            self.trained("ML and MT training", [self.groups[group].all_at_once]),
            *self.sequential("mlmt", {group: pairs}),
            *merges("ML and MT", "all", [single(*pair) for pair in pairs]),
            self.trained("MT training", tasks_joint),
            *merges("MT training + ML", "mt-ml", tasks_joint),
            self.trained("ML training", languages_joint),
            *merges("ML training + MT", "ml-mt", languages_joint),
        ]

    def merged_trainings(self) -> dict[str, tuple[Training, ...]]:
        """The trainings whose vectors are merged for the tables, by the name of the merge."""
        found: dict[str, tuple[Training, ...]] = {}
        for name, group in self.groups.items():
            for task in TASKS:
                found[f"{name}--{task}"] = tuple(single(language, task) for language in group.languages(task))
            for language in group.translated:
                found[f"{language}--both"] = tuple(single(language, task) for task in TASKS)
            found[f"{name}--all"] = tuple(single(*pair) for pair in group.pairs)
            found[f"{name}--mt-ml"] = group.by_language
            found[f"{name}--ml-mt"] = tuple(map(group.multilingual, TASKS))
        return found
