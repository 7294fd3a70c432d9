"""The experiment lors: languages and tasks, trained apart and merged, compared with training them together.

After "Low-Rank and Sparse Model Merging for Multi-Lingual Speech Recognition and Translation": Tables 1 to 4 and 7 to
11, Figures 3 to 5.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from tauspeech.data.languages import unspaced
from tauspeech.experiments.lors.claims import claims
from tauspeech.experiments.lors.figure_systems import FigureSystems
from tauspeech.experiments.lors.systems import FEW, NAMES, LorsSystems, System
from tauspeech.experiments.lors.trainings import TASKS
from tauspeech.experiments.lors.units import METRICS, error_rate, metric
from tauspeech.plan.jobs import Inputs, Plan, PlannedJob
from tauspeech.plan.retention import RetentionSets
from tauspeech.plan.runtime_settings import reported_settings
from tauspeech.plan.tables import PlannedCell, Row, claims_job, folder_of, scores_table, tables_of_seeds
from tauspeech.runtime.errors import UserError, did_you_mean
from tauspeech.scoring.rules import ScoringRules

ROOM = "tauspeech.experiments.lors"
SCALES = "tauspeech.reporting.scale_table"
EXAMPLES = 1  # utterances of each language that the report plays
SECTIONS = ("groups", "corpus", "speech", "training", "merging", "decoding", "scoring", "figures")
FIGURES = ("fig3", "fig4", "fig5")


def plan(config: dict[str, Any], results: Path) -> Plan:
    experiment = LorsSystems(config)
    _check_overrides(experiment)
    repetitions = [LorsSystems(config, repetition) for repetition in range(1, config["repetitions"])]
    tested = claims_job(
        [claims(each) for each in (experiment, *repetitions)], config["seed"], ScoringRules.of_config(config)
    )
    tables = _tables(experiment)
    further = {each.jobs.build.seed: _tables(each) for each in repetitions}
    of_seeds, over_seeds = tables_of_seeds(tables, further)
    modules = (f"{ROOM}.figures",)
    unit = error_rate(FigureSystems(experiment).group.languages("asr"))
    about = {} if unit == METRICS["asr"] else {"error_rate": unit}
    figures = [
        PlannedJob("figure", name, {"kind": name} | about, {"table": tables[name]}, modules=modules)
        for name in tables
        if name in FIGURES
    ]
    main_table = "table4" if "table4" in tables else "table10"
    report = _report(experiment, [*tables.values(), *over_seeds], figures, tested)
    check = experiment.jobs.intelligibility()
    return Plan([*tables.values(), *of_seeds, *over_seeds, *figures, *check, tested, report], main_table=main_table)


def _check_overrides(experiment: LorsSystems) -> None:
    names = {training.name for trainings in experiment.jobs.rates.kinds.values() for training in trainings}
    for name in sorted(set(experiment.config["overrides"]) - names):
        advice = did_you_mean(name, names, "names are like ca--asr.")
        raise UserError(f"key 'overrides.{name}': there is no such training: {advice}")


# Tables


def _tables(experiment: LorsSystems) -> dict[str, PlannedJob]:
    """Tables of one repetition; figures and retention sets are those of the first."""

    def by_language(name: str, systems: Sequence[System], tasks: Sequence[str], detailed: bool = True) -> None:
        tables[name] = _by_language(name, systems, tasks, detailed, experiment.jobs.sclite)
        shown[name] = systems

    shown: dict[str, Sequence[System]] = {}
    tables = _chosen_rates(experiment)
    tables |= {"ratios": _chosen_ratios(experiment), "weights": _chosen_scales(experiment)}
    both = list(TASKS)
    if "high" in experiment.groups:
        by_language("table1", experiment.multilingual_systems("high", "asr"), ["asr"])
        by_language("table2", experiment.multilingual_systems("high", "st"), ["st"])
        by_language("table3", experiment.multitask_systems("high"), both, detailed=False)
        by_language("table4", experiment.joint_systems("high"), both)
        by_language("table11", experiment.multitask_systems("high"), both)
        del shown["table11"]  # which has the systems of Table 3
    if "low" in experiment.groups:
        by_language("table7", experiment.multilingual_systems("low", "asr"), ["asr"])
        by_language("table8", experiment.multilingual_systems("low", "st"), ["st"])
        by_language("table9", experiment.multitask_systems("low"), both)
        by_language("table10", experiment.joint_systems("low"), both)
    tables["normalised"] = _normalised(shown)
    if experiment.jobs.build.tag:
        return tables
    if experiment.config["retention"]:
        tables["retention"] = _retention(experiment, shown)
    drawn: dict[str, Callable[[LorsSystems], PlannedJob]] = {"fig3": _fig3, "fig4": _fig4, "fig5": _fig5}
    return tables | {name: drawn[name](experiment) for name in experiment.config["figures"]["drawn"]}


def _by_language(
    name: str, systems: Sequence[System], tasks: Sequence[str], detailed: bool, with_sclite: bool
) -> PlannedJob:
    """A row a system; columns are the languages of each task, and their mean."""
    rows: list[Row] = []
    by_sclite: dict[str, str] = {}
    for system in systems:
        cells: dict[str, list[PlannedCell]] = {}
        for task in tasks:
            of_task = {language: cell for (language, found), cell in system.cells.items() if found == task}
            cells |= _columns(of_task, task, detailed, named=len(tasks) > 1)
            if task == "asr" and with_sclite:
                spaced = {language: cell for language, cell in of_task.items() if not unspaced(language)}
                found_by_it = _columns(spaced, task, detailed, named=len(tasks) > 1) if spaced else {}
                columns = {f"{column} (sclite)": found for column, found in found_by_it.items()}
                cells |= columns
                by_sclite |= dict.fromkeys(columns, "wer_sclite")
        rows.append(Row({"system": system.name}, cells))
    return scores_table(name, rows, by_sclite)


def _columns(
    of_task: Mapping[str, PlannedCell], task: str, detailed: bool, named: bool
) -> dict[str, list[PlannedCell]]:
    """Columns of a task: its languages, and their mean; named after the metric if asked for, or if it is another one."""

    def column(languages: Iterable[str], about: str) -> str:
        name = metric(task, languages)
        return f"{name} {about}" if named or name != METRICS[task] else about

    cells = {column([language], language): [cell] for language, cell in of_task.items()} if detailed else {}
    return cells | {column(of_task, "Avg."): list(of_task.values())}


def _normalised(tables: Mapping[str, Sequence[System]]) -> PlannedJob:
    """Normalised performance of the systems of each table: their mean scores, which the module of the table normalises."""
    rows = []
    for name, systems in tables.items():
        languages = {language for language, _ in systems[0].cells}
        for system in systems:
            columns: dict[str, list[PlannedCell]] = {}
            for (_, task), cell in system.cells.items():
                columns.setdefault(metric(task, languages), []).append(cell)
            rows.append(Row({"table": name, "system": system.name}, columns))
    return replace(scores_table("normalised", rows), modules=(f"{ROOM}.normalised",))


def _retention(experiment: LorsSystems, tables: Mapping[str, Sequence[System]]) -> PlannedJob:
    """The systems of each table on the retention sets, a column each: the mean over a system's models."""
    sets = RetentionSets(experiment.jobs.build)
    rows = [
        Row(
            {"table": name, "system": system.name},
            {f"{sets.metric(id)} {id}": sets.cells(id, list(system.cells.values())) for id in sets.sets},
        )
        for name, systems in tables.items()
        for system in systems
    ]
    return scores_table("retention", rows)


def _chosen_rates(experiment: LorsSystems) -> dict[str, PlannedJob]:
    """The table of learning rates, if any are searched."""
    trials = experiment.jobs.rates.trials()
    jobs = {kind: experiment.jobs.finetune(trial) for kind, trial in trials.items()}
    settings = {"kind": "rates", "labels": {kind: job.id for kind, job in jobs.items()}}
    inputs: Inputs = {"searches": list({job.id: job for job in jobs.values()}.values())}
    return {"rates": PlannedJob("table", "rates", settings, inputs, modules=(f"{ROOM}.tables",))} if jobs else {}


def _chosen_ratios(experiment: LorsSystems) -> PlannedJob:
    merged = experiment.merged_trainings().values()
    trainings = list(dict.fromkeys(training for trainings in merged for training in trainings))
    searches = [experiment.jobs.pruning_search(training) for training in trainings]
    labels = {search.id: training.id for search, training in zip(searches, trainings, strict=True)}
    settings = {"kind": "ratios", "labels": labels}
    return PlannedJob("table", "ratios", settings, {"searches": searches}, modules=(f"{ROOM}.tables",))


def _chosen_scales(experiment: LorsSystems) -> PlannedJob:
    joint = ("--all", "--mt-ml", "--ml-mt")
    labels, searches = {}, []
    for id, trainings in experiment.merged_trainings().items():
        for method in FEW if id.endswith(joint) else [each for each in NAMES if each != "average"]:
            search = experiment.jobs.scale_search(id, trainings, method)
            labels[search.id] = {"merge": id, "method": method}
            searches.append(search)
    return PlannedJob("table", "weights", {"labels": labels}, {"searches": searches}, modules=(SCALES,))


# Figures in numbers


def _fig3(experiment: LorsSystems) -> PlannedJob:
    """Scores against the number of languages: means over all combinations of two languages and more."""
    points = FigureSystems(experiment)
    return scores_table(
        "fig3",
        [
            Row({"task": TASKS[task], "languages": count}, points.of_count(task, count))
            for task in TASKS
            for count in points.counts(task)
        ],
    )


def _fig4(experiment: LorsSystems) -> PlannedJob:
    """Scores against the hours of training speech."""
    points = FigureSystems(experiment)
    return scores_table(
        "fig4",
        [
            Row({"task": TASKS[task], "hours": points.hours(share)}, points.of_share(task, share))
            for task in TASKS
            for share in points.shares
        ],
    )


def _fig5(experiment: LorsSystems) -> PlannedJob:
    """Error rates against the fraction that pruning keeps of single vectors, for each size of the training speech."""
    points = FigureSystems(experiment)
    curves = {
        search.id: (search, points.hours(share)) for share in points.shares for search in points.pruning_curves(share)
    }
    settings = {"kind": "pruning_curve", "hours": {id: hours for id, (_, hours) in curves.items()}}
    searches = [search for search, _ in curves.values()]
    return PlannedJob("table", "fig5", settings, {"searches": searches}, modules=(f"{ROOM}.tables",))


def _report(
    experiment: LorsSystems, tables: list[PlannedJob], figures: list[PlannedJob], tested: PlannedJob
) -> PlannedJob:
    systems = [
        system
        for group in experiment.groups
        for task in TASKS
        for system in experiment.multilingual_systems(group, task)
    ]
    # For each set and task the systems, and the folder of each one's hypotheses.
    played: dict[str, list[list[str]]] = {}
    hypotheses: dict[str, PlannedJob] = {}
    for system in systems:
        for cell in system.cells.values():
            played.setdefault(f"{cell.set}.{cell.task}", []).append([system.name, folder_of(cell.hypotheses)])
            hypotheses[cell.hypotheses.id] = cell.hypotheses
    config = reported_settings(experiment.config, ("name", "base", "seed", *SECTIONS))
    if recorded := experiment.jobs.recorded():
        config["recorded"] = recorded
    inputs: Inputs = {
        "tables": tables,
        "figures": figures,
        "claims": tested,
        "hypotheses": list(hypotheses.values()),
        "sets": [experiment.jobs.speech(language) for language in experiment.jobs.group_of],
        "voice_samples": experiment.jobs.voice_samples(),
    }
    settings = {"examples": EXAMPLES, "systems": played, "config": config}
    return PlannedJob("report", "report", settings, inputs, modules=(f"{ROOM}.report",))
