"""The systems of the experiment lors, which are the rows of its tables: trained alone, together, and merged."""

from collections.abc import Sequence
from dataclasses import dataclass

from tauspeech.experiments.lors.jobs import TARGET, TASKS, LanguageJobs, Pair, Run
from tauspeech.plan.jobs import PlannedJob
from tauspeech.plan.tables import Cell

NAMES = {
    "average": "Weight Averaging",
    "ta": "Task Arithmetic",
    "mp": "MP-Merging",
    "svp": "SVP-Merging",
    "lors": "LoRS-Merging",
}
FEW = ("ta", "lors")  # methods of Table 4 and of the figures

Pairs = tuple[Pair, ...]


@dataclass(frozen=True)
class System:
    """A row of a table: what each language and task is scored with."""

    name: str
    cells: dict[Pair, Cell]


class LorsSystems(LanguageJobs):
    def languages(self, group: str) -> tuple[str, ...]:
        return tuple(self.groups[group]["languages"])

    def _cell(self, score: PlannedJob, pair: Pair) -> Cell:
        language, task = pair
        return Cell(score, self.speech(language).id, TASKS[task], language if task == "asr" else TARGET)

    def pretrained(self, pairs: Pairs) -> System:
        return System("Pretrained", {pair: self._cell(self.raw_score(pair[0]), pair) for pair in pairs})

    def trained(self, name: str, runs: Sequence[Run]) -> System:
        cells = {}
        for run in runs:
            score = self.score(run.id, self.finetune(run), run.pairs)
            cells |= {pair: self._cell(score, pair) for pair in run.pairs}
        return System(name, cells)

    def finetuned(self, pairs: Pairs, share: float = 1.0) -> System:
        return self.trained("Finetuned", [self.single(*pair, share) for pair in pairs])

    def merged_runs(self, name: str, id: str, runs: Sequence[Run], method: str) -> System:
        pairs = tuple(pair for run in runs for pair in run.pairs)
        score = self.score(f"{id}--{method}", self.merge(id, tuple(runs), method), pairs)
        return System(name, {pair: self._cell(score, pair) for pair in pairs})

    def multilingual_systems(self, group: str, task: str) -> list[System]:
        """Tables 1, 2, 7 and 8: the languages of a group, one task."""
        languages = self.languages(group)
        pairs = tuple((language, task) for language in languages)
        singles = [self.single(*pair) for pair in pairs]
        return [
            self.pretrained(pairs),
            self.finetuned(pairs),
            self.trained("Multi-lingual training", [self.multilingual(languages, task)]),
            *(self.merged_runs(NAMES[method], f"{group}--{task}", singles, method) for method in NAMES),
        ]

    def multitask_systems(self, group: str) -> list[System]:
        """Tables 3, 9 and 11: each language by itself, both tasks."""
        languages, pairs = self.languages(group), self.pairs(group)
        found = [
            self.pretrained(pairs),
            self.finetuned(pairs),
            self.trained("Multi-task training", [self.multitask(language) for language in languages]),
        ]
        for method in NAMES:
            cells: dict[Pair, Cell] = {}
            for language in languages:
                runs = [self.single(language, task) for task in TASKS]
                cells |= self.merged_runs("", f"{language}--both", runs, method).cells
            found.append(System(NAMES[method], cells))
        return found

    def joint_systems(self, group: str) -> list[System]:
        """Tables 4 and 10: the languages of a group and both tasks, in four ways."""
        languages, pairs = self.languages(group), self.pairs(group)
        tasks_joint = [self.multitask(language) for language in languages]
        languages_joint = [self.multilingual(languages, task) for task in TASKS]

        def merges(prefix: str, id: str, runs: Sequence[Run]) -> list[System]:
            return [self.merged_runs(f"{prefix} {NAMES[method]}", f"{group}--{id}", runs, method) for method in FEW]

        return [
            self.pretrained(pairs),
            self.finetuned(pairs),
            self.trained("ML and MT training", [self.all_at_once(languages)]),
            *merges("ML and MT", "all", [self.single(*pair) for pair in pairs]),
            self.trained("MT training", tasks_joint),
            *merges("MT training + ML", "mt-ml", tasks_joint),
            self.trained("ML training", languages_joint),
            *merges("ML training + MT", "ml-mt", languages_joint),
        ]

    def pairs(self, group: str) -> Pairs:
        return tuple((language, task) for task in TASKS for language in self.languages(group))
