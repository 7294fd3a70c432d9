"""Claims of the LoRS paper about its tables, for each group of languages."""

from collections.abc import Mapping, Sequence

from tauspeech.experiments.lors.systems import NAMES, LorsSystems, System
from tauspeech.experiments.lors.trainings import TASKS
from tauspeech.plan.tables import PlannedCell, PlannedClaim

MERGES = tuple(NAMES.values())
TABLES = {"high": {"asr": 1, "st": 2, "mt": 11, "mlmt": 4}, "low": {"asr": 7, "st": 8, "mt": 9, "mlmt": 10}}
SETTINGS = {
    "asr": "recognition",
    "st": "translation",
    "mt": "both tasks of each language",
    "mlmt": "all languages and tasks",
}


def claims(systems: LorsSystems) -> list[PlannedClaim]:
    found = []
    for group in systems.groups:
        alone = {task: systems.multilingual_systems(group, task) for task in TASKS}
        found += _of_group(group, alone, systems.multitask_systems(group), systems.joint_systems(group))
    return found


def _of_group(
    group: str, alone: Mapping[str, Sequence[System]], tasks: Sequence[System], joint: Sequence[System]
) -> list[PlannedClaim]:
    """Claims about the tables of single tasks, of both tasks, and of all languages and tasks."""
    settings = {**alone, "mt": tasks}
    found = []
    for setting, systems in settings.items():
        found += _of_merges(group, setting, {system.name: list(system.cells.values()) for system in systems})
    return found + _of_all(group, {system.name: list(system.cells.values()) for system in joint})


def _of_merges(group: str, setting: str, cells: dict[str, list[PlannedCell]]) -> list[PlannedClaim]:
    source, about = f"Table {TABLES[group][setting]}", f"{SETTINGS[setting]}, {group}-resource set"
    trained = next(name for name in cells if name.endswith("training"))

    def claim(id: str, statement: str, better: str, than: Sequence[str]) -> PlannedClaim:
        rivals = [cells[name] for name in than]
        return PlannedClaim(f"{group}-{setting}-{id}", f"{statement} ({about}).", source, cells[better], rivals)

    found = [
        claim("lors-best", "LoRS-Merging has the best average of all merges", "LoRS-Merging", MERGES[:-1]),
        claim("ta-above-wa", "Task Arithmetic is above Weight Averaging", "Task Arithmetic", ["Weight Averaging"]),
        claim(
            "merging-above-training",
            f"LoRS-Merging is above {trained[0].lower()}{trained[1:]}",
            "LoRS-Merging",
            [trained],
        ),
    ]
    if group == "high":  # in the low-resource tables of the paper one is below the other
        for name in ("MP-Merging", "SVP-Merging"):
            id = f"{name.partition('-')[0].lower()}-above-ta"
            found.append(claim(id, f"{name} is above Task Arithmetic", name, ["Task Arithmetic"]))
    return found


def _of_all(group: str, cells: dict[str, list[PlannedCell]]) -> list[PlannedClaim]:
    source, about = f"Table {TABLES[group]['mlmt']}", f"{SETTINGS['mlmt']}, {group}-resource set"
    lors, trained = "ML and MT LoRS-Merging", "ML and MT training"
    found = [
        PlannedClaim(
            f"{group}-all-merging-above-training",
            f"Merging all with LoRS is above training on all ({about}).",
            source,
            cells[lors],
            [cells[trained]],
        )
    ]
    if group == "high":
        best = "ML training + MT LoRS-Merging"
        rivals = [name for name in cells if name not in (best, "Pretrained", "Finetuned")]
        statement = f"Multi-lingual training, then LoRS-Merging of the tasks, is the best of all ({about})."
        found.append(
            PlannedClaim(f"{group}-all-ml-then-mt", statement, source, cells[best], [cells[name] for name in rivals])
        )
    return found
