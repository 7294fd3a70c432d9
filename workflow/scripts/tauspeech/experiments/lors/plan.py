"""The experiment lors: languages and tasks, trained apart and merged, beside training them together.

After "Low-Rank and Sparse Model Merging for Multi-Lingual Speech Recognition and Translation": Tables 1 to 4 and 7 to
11, Figures 3 to 5.
"""

import difflib
import itertools
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

from tauspeech.experiments.lors.claims import claims_of
from tauspeech.experiments.lors.jobs import TASKS, Run, sized
from tauspeech.experiments.lors.systems import FEW, NAMES, LorsSystems, System
from tauspeech.plan.jobs import Plan, PlannedJob
from tauspeech.plan.runtime_settings import reported_settings
from tauspeech.plan.tables import Cell, Claim, Row, claims_job, scores_table
from tauspeech.runtime.errors import UserError

METRICS = {"asr": "WER", "st": "BLEU"}
EXAMPLES = 1  # utterances of each language that the report plays


class Lors(LorsSystems):
    def __init__(self, config: dict[str, Any], repetition: int = 0):
        super().__init__(config, repetition)
        names = {run.name for runs in self._merged_runs.values() for run in runs}
        names |= {self.all_at_once(self.languages(group)).name for group in self.groups}
        for name in sorted(set(config["overrides"]) - names):
            near = "".join(f" did you mean '{each}'?" for each in difflib.get_close_matches(name, names, 1))
            raise UserError(f"key 'overrides.{name}': there is no such training:{near or ' names are like ca--asr.'}")

    # Tables

    def _by_language(
        self, name: str, systems: Sequence[System], tasks: Sequence[str], detailed: bool = True
    ) -> PlannedJob:
        """A row a system; columns are languages, of each task, and their mean."""
        rows, metrics = [], {}
        for system in systems:
            cells: dict[str, list[Cell]] = {}
            for task in tasks:
                prefix = f"{METRICS[task]} " if len(tasks) > 1 else ""
                of_task = {language: cell for (language, found), cell in system.cells.items() if found == task}
                if detailed:
                    cells |= {f"{prefix}{language}": [cell] for language, cell in of_task.items()}
                cells[f"{prefix}Avg."] = list(of_task.values())
                if task == "asr" and self.sclite:
                    by_sclite = f"{prefix}Avg. (sclite)"
                    cells[by_sclite], metrics[by_sclite] = list(of_task.values()), "wer_sclite"
            rows.append(Row({"system": system.name}, cells))
        return scores_table(name, rows, metrics)

    def tables(self) -> dict[str, PlannedJob]:
        found = {"ratios": self._chosen_ratios(), "weights": self._chosen_weights()}
        if "high" in self.groups:
            found |= {
                "table1": self._by_language("table1", self.multilingual_systems("high", "asr"), ["asr"]),
                "table2": self._by_language("table2", self.multilingual_systems("high", "st"), ["st"]),
                "table3": self._by_language("table3", self.multitask_systems("high"), list(TASKS), detailed=False),
                "table4": self._by_language("table4", self.joint_systems("high"), list(TASKS)),
                "table11": self._by_language("table11", self.multitask_systems("high"), list(TASKS)),
            }
        if "low" in self.groups:
            found |= {
                "table7": self._by_language("table7", self.multilingual_systems("low", "asr"), ["asr"]),
                "table8": self._by_language("table8", self.multilingual_systems("low", "st"), ["st"]),
                "table9": self._by_language("table9", self.multitask_systems("low"), list(TASKS)),
                "table10": self._by_language("table10", self.joint_systems("low"), list(TASKS)),
            }
        drawn = {"fig3": self._fig3, "fig4": self._fig4, "fig5": self._fig5}
        return found | {name: drawn[name]() for name in self.config["figures"]["drawn"]}

    @cached_property
    def _merged_runs(self) -> dict[str, tuple[Run, ...]]:
        """By the name of what is merged in the tables: the trainings whose vectors it is made of."""
        found: dict[str, tuple[Run, ...]] = {}
        for group in self.groups:
            languages = self.languages(group)
            for task in TASKS:
                found[f"{group}--{task}"] = tuple(self.single(language, task) for language in languages)
            for language in languages:
                found[f"{language}--both"] = tuple(self.single(language, task) for task in TASKS)
            found[f"{group}--all"] = tuple(self.single(*pair) for pair in self.pairs(group))
            found[f"{group}--mt-ml"] = tuple(self.multitask(language) for language in languages)
            found[f"{group}--ml-mt"] = tuple(self.multilingual(languages, task) for task in TASKS)
        return found

    def _chosen_ratios(self) -> PlannedJob:
        runs = dict.fromkeys(run for runs in self._merged_runs.values() for run in runs)
        return PlannedJob("table", "ratios", {"kind": "ratios"}, {"ratios": [self.ratios(run) for run in runs]})

    def _chosen_weights(self) -> PlannedJob:
        joint = ("--all", "--mt-ml", "--ml-mt")
        weights = []
        for id, runs in self._merged_runs.items():
            for method in FEW if id.endswith(joint) else [each for each in NAMES if each != "average"]:
                weight = self.merge(id, runs, method).inputs["weight"]
                assert isinstance(weight, PlannedJob)
                weights.append(weight)
        return PlannedJob("table", "weights", {"kind": "weights"}, {"weights": weights})

    # Figures

    def _fig3(self) -> PlannedJob:
        """Over all combinations of two languages and more."""
        rows = []
        languages = self.languages(self.first_group)
        for task in TASKS:
            for count in range(2, len(languages) + 1):
                columns: dict[str, list[Cell]] = {}
                for chosen in itertools.combinations(languages, count):
                    for system in self._few_systems(chosen, task, 1.0, joint=False):
                        columns.setdefault(system.name, []).extend(system.cells.values())
                rows.append(Row({"task": TASKS[task], "languages": count}, columns))
        return scores_table("fig3", rows)

    def _fig4(self) -> PlannedJob:
        """Over shares of the training speech."""
        rows = []
        for task in TASKS:
            for share in self.shares:
                systems = self._few_systems(self.languages(self.first_group), task, share, joint=True)
                columns = {system.name: list(system.cells.values()) for system in systems}
                rows.append(Row({"task": TASKS[task], "hours": self._hours(share)}, columns))
        return scores_table("fig4", rows)

    def _few_systems(self, languages: tuple[str, ...], task: str, share: float, joint: bool) -> list[System]:
        pairs = tuple((language, task) for language in languages)
        id = f"{self.first_group}--{task}"
        if languages != self.languages(self.first_group):
            id = f"{'-'.join(languages)}--{task}"
        runs = [self.single(*pair, share) for pair in pairs]
        together = [self.trained("Multi-lingual training", [self.multilingual(languages, task, share)])]
        merges = [self.merged_runs(NAMES[method], sized(id, share), runs, method) for method in FEW]
        return [self.finetuned(pairs, share), *(together if joint else []), *merges]

    def _fig5(self) -> PlannedJob:
        """Recognition alone, after pruning of the single vectors."""
        jobs, hours = [], {}
        for share in self.shares:
            for language in self.languages(self.first_group):
                job = self.retained(self.single(language, "asr", share))
                jobs.append(job)
                hours[job.id] = self._hours(share)
        return PlannedJob("table", "fig5", {"kind": "retained", "hours": hours}, {"retained": jobs})

    @property
    def first_group(self) -> str:
        return next(iter(self.groups))

    @property
    def shares(self) -> list[float]:
        shares = sorted(self.config["figures"]["shares"])
        if len({round(100 * share) for share in shares}) < len(shares):
            raise UserError("key 'figures.shares': two of them are the same in whole percent: leave one out.")
        return shares

    def _hours(self, share: float) -> float:
        return round(share * self.groups[self.first_group]["hours"]["train"], 4)

    def figures(self, tables: dict[str, PlannedJob]) -> list[PlannedJob]:
        kinds = {"fig3": "languages", "fig4": "hours", "fig5": "retained"}
        return [
            PlannedJob("figure", name, {"kind": kinds[name]}, {"table": tables[name]})
            for name in tables
            if name in kinds
        ]

    def claims(self) -> list[Claim]:
        found = []
        for group in self.groups:
            alone = {task: self.multilingual_systems(group, task) for task in TASKS}
            found += claims_of(group, alone, self.multitask_systems(group), self.joint_systems(group))
        return found

    def report(self, tables: dict[str, PlannedJob], figures: list[PlannedJob], claims: PlannedJob) -> PlannedJob:
        played = [
            system for group in self.groups for task in TASKS for system in self.multilingual_systems(group, task)
        ]
        heard: dict[str, list[list[str]]] = {}
        hypotheses: dict[str, PlannedJob] = {}
        for system in played:
            for cell in system.cells.values():
                heard.setdefault(f"{cell.set}.{cell.task}", []).append([system.name, *cell.in_hypotheses[:1]])
                hypotheses[cell.hypotheses.id] = cell.hypotheses
        told = (
            "name",
            "base",
            "seed",
            "groups",
            "corpus",
            "speech",
            "training",
            "merging",
            "decoding",
            "scoring",
            "figures",
        )
        settings = {
            "experiment": "lors",
            "examples": EXAMPLES,
            "heard": heard,
            "config": reported_settings(self.config, told),
        }
        inputs = {
            "tables": list(tables.values()),
            "figures": figures,
            "claims": claims,
            "hypotheses": list(hypotheses.values()),
            "sets": [self.speech(language) for language in self.group_of],
            "showing": self.showings(),
        }
        return PlannedJob("report", "report", settings, inputs)


def plan(config: dict[str, Any], results: Path) -> Plan:
    experiment = Lors(config)
    repeated = [Lors(config, repetition) for repetition in range(1, config["repetitions"])]
    claims = claims_job([each.claims() for each in (experiment, *repeated)], config["seed"])
    tables = experiment.tables()
    figures = experiment.figures(tables)
    return Plan([*tables.values(), *figures, claims, experiment.report(tables, figures, claims)])
