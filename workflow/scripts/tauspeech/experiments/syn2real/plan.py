"""The experiment syn2real: from synthetic to recorded speech, for a domain of which there are texts alone.

After "Task Arithmetic can Mitigate Synthetic-to-Real Gap in Automatic Speech Recognition": Tables 1 to 5 and Figures 4 to
6; and the same with pseudo-labels in place of synthetic speech.
"""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from tauspeech.experiments.syn2real.claims import claims
from tauspeech.experiments.syn2real.conditions import syn2real
from tauspeech.experiments.syn2real.domains import choose_domains, known_domains
from tauspeech.experiments.syn2real.jobs import ENSEMBLE, SINGLE
from tauspeech.experiments.syn2real.systems import (
    BASELINE,
    JOINT,
    MERGED,
    MERGED_ENSEMBLE,
    OWN,
    PRETRAINED,
    PSEUDO_BASELINE,
    PSEUDO_MERGED,
    SOURCE,
    TOPLINE,
    Setting,
    Syn2RealSystems,
)
from tauspeech.experiments.syn2real.voices import require_disjoint_voices
from tauspeech.plan.jobs import Inputs, Plan, PlannedJob
from tauspeech.plan.paper_tables import PaperTable, paper_table
from tauspeech.plan.runtime_settings import reported_settings
from tauspeech.plan.tables import PlannedCell, Row, claims_job, folder_of, scores_table, tables_of_seeds
from tauspeech.runtime.errors import UserError
from tauspeech.scoring.rules import ScoringRules

ROOM = "tauspeech.experiments.syn2real"
EXAMPLES = 1  # utterances of each target that the report plays
SECTIONS = (
    *("domains", "corpus", "text", "speech", "recorded", "training", "continuation", "merging", "decoding", "scoring"),
    "figures",
)
RELATIVE = "Relative WER (%)"
MISSING = "no voices in speech.engines"


def plan(config: dict[str, Any], results: Path) -> Plan:
    require_disjoint_voices(config)
    domains = choose_domains(config, known_domains(config))
    experiment = Syn2RealSystems(config, domains)
    for base in config["other_bases"]:
        experiment.models(base)  # a mistake in a base's settings is one even if no table asks for that base
    check = _intelligibility(experiment)
    untested = [
        experiment.models().merge(target, syn2real(), kind)
        for target in sorted(set(domains.targets) - set(experiment.tested))
        for kind in (SINGLE, ENSEMBLE)
    ]
    if not experiment.tested:
        return Plan([*check, _domains(experiment), *untested], main_table="domains")
    _require_compared(experiment)
    _require_names(experiment)
    repetitions = [Syn2RealSystems(config, domains, number) for number in range(1, config["repetitions"])]
    rules = ScoringRules.of_config(config)
    tested = claims_job([claims(each) for each in (experiment, *repetitions)], config["seed"], rules)
    tables = _tables(experiment)
    further = {each.sets.build.seed: _tables(each) for each in repetitions}
    of_seeds, over_seeds = tables_of_seeds(tables, further)
    figures = [
        PlannedJob("figure", name, {"kind": name}, {"table": tables[name]}, modules=(f"{ROOM}.figures",))
        for name in config["figures"]["drawn"]
    ]
    report = _report(experiment, [*tables.values(), *over_seeds], figures, tested)
    return Plan(
        [*tables.values(), *of_seeds, *over_seeds, *figures, *check, *untested, tested, report], main_table="table1"
    )


def _require_compared(experiment: Syn2RealSystems) -> None:
    if not experiment.compared:
        raise UserError(
            f"none of the domains {', '.join(experiment.domains.compared)} has recordings of the split test: name others in "
            "domains.compared."
        )


def _require_names(experiment: Syn2RealSystems) -> None:
    """Refuse a further base or engine with the name that the run's own has in tables."""
    config = experiment.config
    for key, own, names in (
        ("other_bases", _own(experiment), config["other_bases"]),
        ("speech.engines", _own_engine(experiment), config["speech"]["engines"]),
    ):
        if own in names:
            raise UserError(f"key '{key}.{own}': the run's own is called so in tables: give another name.")


def _intelligibility(experiment: Syn2RealSystems) -> list[PlannedJob]:
    """The check before any training, of the synthetic speech by the run's own voices."""
    least, sets = experiment.config["speech"]["check"]["least_share"], experiment.sets
    used = sorted({*experiment.domains.targets, *experiment.domains.named_sources})
    check = sets.build.intelligibility([], [(sets.synthetic(domain, OWN), least) for domain in used])
    return [check] if check else []


# Tables


def _tables(experiment: Syn2RealSystems) -> dict[str, PlannedJob]:
    """Tables of one repetition; figures are those of the first, as is the table of its domains."""
    made: dict[str, Callable[[Syn2RealSystems], PlannedJob]] = {
        "table1": _table1,
        "table2": _table2,
        "table3": _table3,
        "table4": _table4,
        "table5": _table5,
        "pseudo2real": _pseudo2real,
        "fig4": _fig4,
        "fig5": _fig5,
        "fig6": _fig6,
    }
    is_first = not experiment.sets.build.tag
    names = ["table1", *experiment.config["tables"], *(experiment.config["figures"]["drawn"] if is_first else [])]
    found = {name: make(experiment) for name, make in made.items() if name in names} | {"scales": _scales(experiment)}
    return found | ({"domains": _domains(experiment)} if is_first else {})


Systems = dict[str, list[PlannedCell]]


def _rows(names: dict[str, Any], cells: Systems, targets: tuple[str, ...]) -> list[Row]:
    """A row a system; columns are the targets, and their mean."""
    return [
        Row(
            names | {"system": system}, dict(zip(targets, [[cell] for cell in found], strict=True)) | {"Average": found}
        )
        for system, found in cells.items()
    ]


def _with_relative(name: str, rows: list[Row], compared: list[tuple[str, str]], paper: PaperTable) -> PlannedJob:
    """A table of scores with a row of relative gains for each pair of systems, ``paper`` with the paper's numbers."""
    table = scores_table(name, rows)
    pairs = []
    for at, row in enumerate(rows):
        about = {key: value for key, value in row.names.items() if key != "system"}
        for better, than in compared:
            if row.names["system"] == better:
                same = [place for place, other in enumerate(rows) if other.names == about | {"system": than}]
                label = RELATIVE if len(compared) == 1 else f"{RELATIVE} of {better}"
                pairs.append({"names": about | {"system": label}, "better": at, "than": same[0]})
    settings = table.settings | {"kind": "relative", "pairs": pairs, "paper": paper}
    return replace(table, settings=settings, modules=(f"{ROOM}.tables",))


def _table1(experiment: Syn2RealSystems) -> PlannedJob:
    systems = (PRETRAINED, SOURCE, BASELINE, MERGED, MERGED_ENSEMBLE, JOINT)
    rows = _rows({}, experiment.of_syn2real(Setting(), experiment.tested, systems), experiment.tested)
    rows += _topline(experiment)
    paper = paper_table("syn2real", "averages") | paper_table("syn2real", "table1")
    compared = [(MERGED, BASELINE), (MERGED_ENSEMBLE, BASELINE)]
    return _with_relative("table1", rows, compared, paper)


def _topline(experiment: Syn2RealSystems) -> list[Row]:
    """Targets without recordings to learn from have no topline, and then there is no average to compare."""
    targets = experiment.recorded
    if not targets:
        return []
    (row,) = _rows({}, experiment.of_syn2real(Setting(), targets, (TOPLINE,)), targets)
    columns = row.cells if targets == experiment.tested else {target: row.cells[target] for target in targets}
    return [Row(row.names, columns)]


def _of_settings(
    experiment: Syn2RealSystems, name: str, column: str, settings: dict[str, Setting], paper: PaperTable
) -> PlannedJob:
    """Target synthetic ASR and SYN2REAL of some settings, each with its own baseline."""
    rows = [
        row
        for label, setting in settings.items()
        for row in _rows(
            {column: label},
            experiment.of_syn2real(setting, experiment.compared, (BASELINE, MERGED)),
            experiment.compared,
        )
    ]
    return _with_relative(name, rows, [(MERGED, BASELINE)], paper)


def _bases(experiment: Syn2RealSystems, table: str) -> dict[str, Setting]:
    others = experiment.config["other_bases"]
    return {name: Setting(base=name) for name, other in others.items() if other["table"] == table}


def _own(experiment: Syn2RealSystems) -> str:
    """Name of the run's own base."""
    base: str = experiment.config["base"]
    return base.rstrip("/").rpartition("/")[2]


def _table2(experiment: Syn2RealSystems) -> PlannedJob:
    """Models of several sizes."""
    settings = {_own(experiment): Setting()} | _bases(experiment, "table2")
    return _of_settings(experiment, "table2", "model", settings, paper_table("syn2real", "table2"))


def _table3(experiment: Syn2RealSystems) -> PlannedJob:
    """Models of another family."""
    settings = _bases(experiment, "table3")
    if not settings:
        raise UserError(
            "key 'tables' has table3, and no base in 'other_bases' is for it: add one with `table: table3`, or leave it out."
        )
    return _of_settings(experiment, "table3", "model", settings, paper_table("syn2real", "table3"))


def _table4(experiment: Syn2RealSystems) -> PlannedJob:
    """Several engines of synthetic speech. An engine without voices has a row that says so."""
    engines = experiment.config["speech"]["engines"]
    settings = {_own_engine(experiment): Setting()}
    settings |= {name: Setting(engine=name) for name, voices in engines.items() if voices}
    table = _of_settings(experiment, "table4", "tts", settings, paper_table("syn2real", "table4"))
    missing = [{"tts": name, "system": MISSING} for name, voices in engines.items() if not voices]
    return replace(table, settings=table.settings | {"missing": missing})


def _own_engine(experiment: Syn2RealSystems) -> str:
    """Engines of the run's own voices."""
    voices = experiment.config["speech"]["voices"].get(experiment.language, [])
    engines = ("espeak" if "/" not in voice else voice.partition("/")[0] for voice in voices)
    return " and ".join(dict.fromkeys(engines))


def _table5(experiment: Syn2RealSystems) -> PlannedJob:
    cells = experiment.of_syn2real(Setting(), experiment.compared, (BASELINE, MERGED, MERGED_ENSEMBLE))
    compared = [(MERGED, BASELINE), (MERGED_ENSEMBLE, BASELINE)]
    paper = paper_table("syn2real", "table5")
    return _with_relative("table5", _rows({}, cells, experiment.compared), compared, paper)


def _pseudo2real(experiment: Syn2RealSystems) -> PlannedJob:
    if not experiment.labelled:
        raise UserError(
            "key 'tables' has pseudo2real, and none of the compared targets has recordings of the split train: leave it out."
        )
    rows = _rows({}, experiment.of_pseudo2real(), experiment.labelled)
    return _with_relative("pseudo2real", rows, [(PSEUDO_MERGED, PSEUDO_BASELINE)], {})


def _table(name: str, settings: dict[str, Any], inputs: Inputs) -> PlannedJob:
    return PlannedJob("table", name, {"kind": name} | settings, inputs, modules=(f"{ROOM}.tables",))


def _scales(experiment: Syn2RealSystems) -> PlannedJob:
    """The scale of each target: chosen on held-out sources, and the best on its test set, which nobody could know."""
    models, pair = experiment.models(), syn2real()
    chosen = experiment.config["merging"]["scale"] == "held_out"
    rows, searches = [], []
    for target in experiment.tested:
        for kind in (SINGLE, ENSEMBLE):
            curve = models.scale_curve(target, pair, kind)
            row = {"target": target, "vector": kind, "curve": curve.id}
            row |= {"held_out": ", ".join(experiment.domains.held_out(target))} if chosen else {}
            searches.append(curve)
            if chosen:
                choice = models.scale_choice(target, pair, kind)
                searches.append(choice)
                row["choice"] = choice.id
            rows.append(row)
    fixed = None if chosen else experiment.config["merging"]["scale"]
    return _table("scales", {"rows": rows, "fixed": fixed}, {"searches": searches})


def _domains(experiment: Syn2RealSystems) -> PlannedJob:
    used = sorted({*experiment.domains.targets, *experiment.domains.named_sources})
    recorded = [domain for domain in used if domain in {*experiment.domains.recorded, *experiment.domains.tested}]
    sets = [experiment.sets.recorded(domain) for domain in recorded]
    spoken = [experiment.sets.synthetic(domain, OWN) for domain in used]
    settings = {
        "recorded": dict(zip(recorded, [job.id for job in sets], strict=True)),
        "synthetic": dict(zip(used, [job.id for job in spoken], strict=True)),
    }
    return _table("domains", settings, {"sets": [*sets, *spoken]})


# Figures in numbers


def _settings(experiment: Syn2RealSystems) -> dict[str, Setting]:
    """All settings, by names like the paper's: a model, and an engine."""
    own, engine, config = _own(experiment), _own_engine(experiment), experiment.config
    found = {f"{own} + {engine}": Setting()}
    found |= {f"{name} + {engine}": Setting(base=name) for name in config["other_bases"]}
    return found | {
        f"{own} + {name}": Setting(engine=name) for name, voices in config["speech"]["engines"].items() if voices
    }


def _fig4(experiment: Syn2RealSystems) -> PlannedJob:
    """The mean score of the compared targets at each scale, for each model and engine."""
    curves = {
        (label, target): experiment.models(setting.base).scale_curve(target, setting.pair, SINGLE)
        for label, setting in _settings(experiment).items()
        for target in experiment.compared
    }
    listed = [{"setting": label, "target": target, "curve": job.id} for (label, target), job in curves.items()]
    return _table("fig4", {"curves": listed}, {"searches": list(curves.values())})


def _fig5(experiment: Syn2RealSystems) -> PlannedJob:
    """Cosines between the vectors of single domains, by two engines."""
    engines = [name for name, voices in experiment.config["speech"]["engines"].items() if voices]
    if not engines:
        raise UserError(
            "key 'figures.drawn' has fig5, which compares vectors of two engines: add one to 'speech.engines', or leave it out."
        )
    models, names = experiment.models(), {OWN: _own_engine(experiment), engines[0]: engines[0]}
    vectors = {
        (names[engine], domain): models.vector((domain,), syn2real(engine))
        for engine in names
        for domain in experiment.domains.named_sources
        if domain in experiment.domains.compared
    }
    listed = [{"engine": engine, "domain": domain, "vector": job.id} for (engine, domain), job in vectors.items()]
    return _table("fig5", {"vectors": listed}, {"vectors": list(vectors.values())})


def _fig6(experiment: Syn2RealSystems) -> PlannedJob:
    """The mean score of the compared targets with vectors of a number of source domains."""
    curves = {target: experiment.models().count_curve(target, syn2real()) for target in experiment.compared}
    cells = experiment.of_syn2real(Setting(), experiment.compared, (BASELINE,))[BASELINE]
    settings = {
        "curves": [{"target": target, "curve": job.id} for target, job in curves.items()],
        "baseline": [cell.in_scores for cell in cells],
    }
    scores = list({cell.score.id: cell.score for cell in cells}.values())
    return _table("fig6", settings, {"searches": list(curves.values()), "scores": scores})


# Report


def _report(
    experiment: Syn2RealSystems, tables: list[PlannedJob], figures: list[PlannedJob], tested: PlannedJob
) -> PlannedJob:
    cells = experiment.of_syn2real(Setting(), experiment.compared, (PRETRAINED, SOURCE, BASELINE, MERGED))
    cells |= experiment.of_syn2real(Setting(), experiment.labelled, (TOPLINE,))
    played: dict[str, list[list[str]]] = {}
    hypotheses: dict[str, PlannedJob] = {}
    for system, found in cells.items():
        for cell in found:
            hypotheses[cell.hypotheses.id] = cell.hypotheses
            played.setdefault(cell.set, []).append([system, folder_of(cell.hypotheses)])
    config = reported_settings(
        experiment.config, ("name", "base", "seed", "language", "other_bases", "tables", *SECTIONS)
    )
    settings = {"examples": EXAMPLES, "systems": played, "config": config}
    inputs: Inputs = {
        "tables": tables,
        "figures": figures,
        "claims": tested,
        "hypotheses": list(hypotheses.values()),
        "sets": [experiment.sets.recorded(target) for target in experiment.compared],
        "voice_samples": [],
    }
    return PlannedJob("report", "report", settings, inputs, modules=(f"{ROOM}.report",))
