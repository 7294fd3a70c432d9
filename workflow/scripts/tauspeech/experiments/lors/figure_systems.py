"""Systems at the points of Figures 3 to 5, all of the first group of languages."""

import itertools
from collections.abc import Sequence

from tauspeech.experiments.lors.systems import FEW, NAMES, LorsSystems, System
from tauspeech.experiments.lors.trainings import TASKS, single, sized, whole_percent
from tauspeech.plan.jobs import PlannedJob
from tauspeech.plan.tables import PlannedCell, PlannedPoint

Cells = dict[str, list[PlannedCell]]  # by system


class FigureSystems:
    """One repetition's points."""

    def __init__(self, systems: LorsSystems):
        self.systems = systems
        self.group = next(iter(systems.groups.values()))

    def counts(self, task: str) -> range:
        """Numbers of languages in Figure 3."""
        return range(2, len(self.group.languages(task)) + 1)

    @property
    def shares(self) -> list[float]:
        """Shares of the training speech in Figures 4 and 5."""
        return sorted(whole_percent(share, "figures.shares") for share in self.systems.config["figures"]["shares"])

    def hours(self, share: float) -> float:
        train: float = self.systems.config["groups"][self.group.name]["hours"]["train"]
        return round(share * train, 4)

    def of_count(self, task: str, count: int) -> Cells:
        """Figure 3: all combinations of some languages."""
        cells: Cells = {}
        for chosen in itertools.combinations(self.group.languages(task), count):
            for system in self._few(chosen, task, 1.0, joint=False):
                cells.setdefault(system.name, []).extend(system.cells.values())
        return cells

    def of_share(self, task: str, share: float) -> Cells:
        """Figure 4: all languages, with a share of the training speech."""
        return {
            system.name: list(system.cells.values())
            for system in self._few(self.group.languages(task), task, share, True)
        }

    def pruning_curves(self, share: float) -> list[PlannedJob]:
        """Figure 5: a search over what pruning keeps, for each language."""
        languages = self.group.languages("asr")
        return [self.systems.jobs.pruning_curve(single(language, "asr", share)) for language in languages]

    def pruned(self, share: float, method: str, ratios: Sequence[float]) -> list[PlannedPoint]:
        """The models of all languages that keep these fractions of their vectors by a pruning method."""
        key = {"svd": "rank", "magnitude": "keep"}[method]
        return [
            PlannedPoint(search, number, self.systems.jobs.speech(language).id, TASKS["asr"], language)
            for language, search in zip(self.group.languages("asr"), self.pruning_curves(share), strict=True)
            for number, candidate in enumerate(search.settings["candidates"])
            if candidate["method"] == method and candidate[key] in ratios
        ]

    def _few(self, languages: tuple[str, ...], task: str, share: float, joint: bool) -> list[System]:
        systems, pairs = self.systems, tuple((language, task) for language in languages)
        every = languages == self.group.languages(task)
        id = f"{self.group.name if every else '-'.join(languages)}--{task}"
        trainings = [single(*pair, share) for pair in pairs]
        found = [systems.finetuned(pairs, share)]
        if joint:
            found.append(systems.trained("Multi-lingual training", [self.group.multilingual(task, share)]))
        return found + [systems.merged(NAMES[method], sized(id, share), trainings, method) for method in FEW]
