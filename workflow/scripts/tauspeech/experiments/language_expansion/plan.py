"""The experiment language_expansion: languages are added to a speech LLM by arithmetic, without further training.

After "Task Arithmetic for Language Expansion in Speech Translation": Tables 3 to 5, and its language confusion.
"""

from pathlib import Path
from typing import Any

from tauspeech.experiments.language_expansion.claims import claims
from tauspeech.experiments.language_expansion.systems import ExpansionSystem, ExpansionSystems
from tauspeech.plan.jobs import Inputs, Plan, PlannedJob
from tauspeech.plan.runtime_settings import reported_settings
from tauspeech.plan.tables import claims_job, folder_of, tables_of_seeds
from tauspeech.runtime.errors import UserError, did_you_mean
from tauspeech.scoring.rules import ScoringRules

ROOM = "tauspeech.experiments.language_expansion"
EXAMPLES = 3  # utterances of each language that the report plays
SECTIONS = ("languages", "expansions", "corpus", "speech", "training", "merging", "decoding", "scoring")


def plan(config: dict[str, Any], results: Path) -> Plan:
    experiment = ExpansionSystems(config)
    _check_overrides(experiment)
    repetitions = [ExpansionSystems(config, repetition) for repetition in range(1, config["repetitions"])]
    tested = claims_job(
        [claims(each) for each in (experiment, *repetitions)], config["seed"], ScoringRules.of_config(config)
    )
    tables = _tables(experiment)
    further = {each.jobs.build.seed: _tables(each) for each in repetitions}
    of_seeds, over_seeds = tables_of_seeds(tables, further, dict.fromkeys(experiment.tables, ("system",)))
    figure = PlannedJob(
        "figure", "confusion", {"kind": "confusion"}, {"table": tables["confusion"]}, modules=(f"{ROOM}.figures",)
    )
    report = _report(experiment, [*tables.values(), *over_seeds], [figure], tested)
    check = experiment.jobs.intelligibility()
    return Plan(
        [*tables.values(), *of_seeds, *over_seeds, figure, *check, tested, report], main_table=next(iter(tables))
    )


def _check_overrides(experiment: ExpansionSystems) -> None:
    names = experiment.jobs.trainings
    for name in sorted(set(experiment.config["overrides"]) - names):
        advice = did_you_mean(name, names, "names are like de--st.")
        raise UserError(f"key 'overrides.{name}': there is no such training: {advice}")


def _tables(experiment: ExpansionSystems) -> dict[str, PlannedJob]:
    """Tables of one repetition."""
    found = {name: _table(name, systems) for name, systems in experiment.tables.items()}
    return found | {"confusion": _confusion(experiment)}


def _table(name: str, systems: list[ExpansionSystem]) -> PlannedJob:
    """BLEU of each language, and the weights that validation has chosen."""
    rows = [
        {
            "system": system.name,
            "cells": {language: cell.in_scores for language, cell in system.cells.items()},
            "weights": [[weight.search.id, weight.choice] for weight in system.weights],
            "in_details": system.in_details,
            "added": {role: job.id for role, job in system.added.items()},
        }
        for system in systems
    ]
    scores = {cell.score.id: cell.score for system in systems for cell in system.cells.values()}
    searches = {weight.search.id: weight.search for system in systems for weight in system.weights}
    languages = list(dict.fromkeys(language for system in systems for language in system.cells))
    inputs: dict[str, list[PlannedJob]] = {"scores": list(scores.values()), "searches": list(searches.values())}
    for role in dict.fromkeys(role for system in systems for role in system.added):
        added = (system.added[role] for system in systems if role in system.added)
        inputs[role] = list({job.id: job for job in added}.values())
    return PlannedJob("table", name, {"rows": rows, "languages": languages}, inputs, modules=(f"{ROOM}.tables",))


def _confusion(experiment: ExpansionSystems) -> PlannedJob:
    """In which languages each system of each table writes."""
    rows = []
    hypotheses: dict[str, PlannedJob] = {}
    for table, systems in experiment.tables.items():
        for system in filter(lambda each: each.in_paper, systems):
            for language, cell in system.cells.items():
                hypotheses[cell.hypotheses.id] = cell.hypotheses
                rows.append([table, system.name, language, f"{folder_of(cell.hypotheses)}/{cell.set}.{cell.task}"])
    languages = [experiment.jobs.source, *experiment.jobs.languages]
    settings = {"rows": rows, "languages": languages} | ScoringRules.of_config(experiment.config).settings
    inputs: Inputs = {"hypotheses": list(hypotheses.values())}
    return PlannedJob("table", "confusion", settings, inputs, modules=(f"{ROOM}.confusion",))


def _report(
    experiment: ExpansionSystems, tables: list[PlannedJob], figures: list[PlannedJob], tested: PlannedJob
) -> PlannedJob:
    # For each set and task the folders of hypotheses, with the first system that each is of: tables share models.
    played: dict[str, dict[str, str]] = {}
    hypotheses: dict[str, PlannedJob] = {}
    for systems in experiment.tables.values():
        for system in filter(lambda each: each.in_paper, systems):
            for cell in system.cells.values():
                played.setdefault(f"{cell.set}.{cell.task}", {}).setdefault(folder_of(cell.hypotheses), system.name)
                hypotheses[cell.hypotheses.id] = cell.hypotheses
    config = reported_settings(experiment.config, ("name", "base", "seed", *SECTIONS))
    inputs: Inputs = {
        "tables": tables,
        "figures": figures,
        "claims": tested,
        "hypotheses": list(hypotheses.values()),
        "sets": [experiment.jobs.speech(language) for language in experiment.jobs.languages],
    }
    shown = {place: [[name, folder] for folder, name in found.items()] for place, found in played.items()}
    settings = {"examples": EXAMPLES, "systems": shown, "config": config}
    return PlannedJob("report", "report", settings, inputs, modules=(f"{ROOM}.report",))
