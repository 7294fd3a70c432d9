"""Claims of the LoRS paper about its tables, for each group of languages and each metric; and about its figures.

What the paper says of its high-resource tables alone is claimed of that group alone: its tables of the other group
contradict some of it.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from tauspeech.experiments.lors.figure_claims import figure_claims
from tauspeech.experiments.lors.systems import NAMES, LorsSystems, System
from tauspeech.experiments.lors.units import METRICS, error_rate
from tauspeech.plan.paper_tables import paper_table, smallest_difference
from tauspeech.plan.tables import PlannedCell, PlannedClaim

MERGES = tuple(NAMES.values())
TABLES = {"high": {"asr": 1, "st": 2, "mt": 3, "mlmt": 4}, "low": {"asr": 7, "st": 8, "mt": 9, "mlmt": 10}}
SETTINGS = {
    "asr": "languages merged, recognition",
    "st": "languages merged, translation",
    "mt": "tasks of each language merged, {}",
    "mlmt": "languages and tasks merged, {}",
}
OF_METRIC = {"asr": "recognition", "st": "translation"}
ORDERS = ("ML and MT", "MT training + ML", "ML training + MT")  # in which languages and tasks are merged
SEQUENTIAL, THIRD = "Sequential training", "Abstract of version 3"  # the row, and what the paper says of it
REDUCTION = {"asr": 0.9, "st": 1.04}  # of the joint training's score: 10 % less WER, 4 % more BLEU


def claims(systems: LorsSystems) -> list[PlannedClaim]:
    found: list[PlannedClaim] = []
    for group in systems.groups:
        for task in METRICS:
            found += _of_merges(_Setting(group, task, task, systems.multilingual_systems(group, task)))
        for task in METRICS:
            found += _of_merges(_Setting(group, "mt", task, systems.multitask_systems(group)))
        for task in METRICS:
            found += _of_all(_Setting(group, "mlmt", task, systems.joint_systems(group)))
    return found + figure_claims(systems)


@dataclass(frozen=True)
class _Setting:
    """A table's systems, of which the claims compare one metric: a group, a way of merging and a task."""

    group: str
    merged: str  # asr, st, mt or mlmt
    task: str  # asr or st
    systems: Sequence[System]

    @property
    def cells(self) -> Mapping[str, Sequence[PlannedCell]]:
        """The metric's cells by system."""
        return {
            system.name: [cell for (_, task), cell in system.cells.items() if task == self.task]
            for system in self.systems
        }

    @property
    def error_rate(self) -> str:
        return error_rate(language for language, _ in self.systems[0].cells)

    def claim(
        self, id: str, statement: str, better: str, than: Sequence[str], factor: float = 1.0, source: str | None = None
    ) -> PlannedClaim:
        name = self.merged if self.merged == self.task else f"{self.merged}-{self.task}"
        about = SETTINGS[self.merged].format(OF_METRIC[self.task])
        cells = self.cells
        return PlannedClaim(
            f"{self.group}-{name}-{id}",
            f"{statement} ({about}, {self.group}-resource set).",
            source or f"Table {self._table}",
            cells[better],
            {name: cells[name] for name in than},
            factor,
            paper=self._paper(better, than, factor),
        )

    @property
    def _table(self) -> int:
        return TABLES[self.group][self.merged]

    def _paper(self, better: str, than: Sequence[str], factor: float) -> float | None:
        """The difference in the paper's column of means."""
        table, column = paper_table("lors", f"table{self._table}"), f"{METRICS[self.task]} Avg."
        if not all(name in table for name in (better, *than)):
            return None
        sign = -1 if self.task == "asr" else 1
        return smallest_difference(sign * table[better][column], [sign * table[name][column] for name in than], factor)


def _of_merges(setting: _Setting) -> Iterator[PlannedClaim]:
    """Claims of Tables 1 to 3 and 7 to 9."""
    joint = "Multi-task training" if setting.merged == "mt" else "Multi-lingual training"
    best, others = MERGES[-1], MERGES[:-1]
    yield setting.claim("lors-best", "LoRS-Merging has the best average of all merges", best, others)
    yield setting.claim("merging-above-training", f"LoRS-Merging is above {_lower(joint)}", best, [joint])
    yield from _above_sequential(setting, best)
    if setting.group == "high":
        yield setting.claim("ta-above-wa", "Task Arithmetic is above Weight Averaging", "Task Arithmetic", [MERGES[0]])
        if setting.merged == "mt":
            statement = "LoRS-Merging is above single fine-tunes"
            yield setting.claim("merging-above-finetuned", statement, best, ["Finetuned"])
        for name in ("MP-Merging", "SVP-Merging"):
            id = f"{name.partition('-')[0].lower()}-above-ta"
            yield setting.claim(id, f"{name} is above Task Arithmetic", name, ["Task Arithmetic"])
        if setting.task == "asr":
            yield setting.claim("mp-above-svp", "MP-Merging is above SVP-Merging", "MP-Merging", ["SVP-Merging"])


def _of_all(setting: _Setting) -> Iterator[PlannedClaim]:
    """Claims of Tables 4 and 10."""
    joint, best = "ML and MT training", "ML training + MT LoRS-Merging"
    statement = "Merging all with LoRS is above training on all"
    yield setting.claim("merging-above-training", statement, "ML and MT LoRS-Merging", [joint])
    yield from _above_sequential(setting, "ML and MT LoRS-Merging")
    for order in ORDERS:
        id = "-".join(order.lower().replace("+ ", "").split())
        statement = f"{order} LoRS-Merging is above {order} Task Arithmetic"
        yield setting.claim(f"{id}-lors-above-ta", statement, f"{order} LoRS-Merging", [f"{order} Task Arithmetic"])
    if setting.group == "high":
        merges = [f"{order} {name}" for order in ORDERS for name in ("Task Arithmetic", "LoRS-Merging")]
        rivals = [name for name in (joint, "MT training", "ML training", *merges) if name != best]
        statement = "Multi-lingual training, then LoRS-Merging of the tasks, is the best of all"
        yield setting.claim("ml-then-mt", statement, best, rivals)
        relative = f"10 % less {setting.error_rate}" if setting.task == "asr" else "4 % more BLEU"
        statement = f"Multi-lingual training, then LoRS-Merging of the tasks, has {relative} than training on all"
        yield setting.claim("relative", statement, best, [joint], REDUCTION[setting.task])


def _above_sequential(setting: _Setting, best: str) -> Iterator[PlannedClaim]:
    """Where the table has the row."""
    if SEQUENTIAL in setting.cells:
        statement = f"LoRS-Merging is above {_lower(SEQUENTIAL)}"
        yield setting.claim("above-sequential", statement, best, [SEQUENTIAL], source=THIRD)


def _lower(name: str) -> str:
    return name[0].lower() + name[1:]
