"""The experiment rare_words: one vector for each rare word, used alone and merged with others.

After "Rare word recognition and translation without fine-tuning via task vector in speech models":
Tables 1 to 3 and Figure 2.
"""

from pathlib import Path
from typing import Any

from tauspeech.experiments.rare_words.baselines import Baselines
from tauspeech.experiments.rare_words.claims import claims
from tauspeech.experiments.rare_words.further import Models, all_models, further_tables
from tauspeech.experiments.rare_words.jobs import NORMALISED, VALIDATION, forms_of
from tauspeech.experiments.rare_words.systems import NAMES, Systems, WordSystems
from tauspeech.experiments.rare_words.verdicts import read_verdict
from tauspeech.experiments.rare_words.words import Word, read_words
from tauspeech.plan.jobs import Inputs, Plan, PlannedJob
from tauspeech.plan.matchable_forms import require_matchable
from tauspeech.plan.retention import RetentionSets
from tauspeech.plan.runtime_settings import reported_settings
from tauspeech.plan.tables import Row, claims_job, folder_of, hypotheses_of, scores_table, tables_of_seeds
from tauspeech.runtime.errors import UserError, did_you_mean
from tauspeech.scoring.rules import ScoringRules

ROOM = "tauspeech.experiments.rare_words"
SCALES = "tauspeech.reporting.scale_table"
EXAMPLES = 3  # utterances of each word that the report plays
REPORTED = (
    "name",
    "base",
    "seed",
    "task",
    "languages",
    "control_task",
    "text",
    "speech",
    "training",
    "merging",
    "decoding",
    "scoring",
    "composition",
)


def plan(config: dict[str, Any], results: Path) -> Plan:
    """All jobs of the experiment. Existing results matter only where known words are to be skipped."""
    languages = tuple(dict.fromkeys((config["languages"]["source"], config["languages"]["target"])))
    words = read_words(Path(config["words"]), languages)
    if unknown := sorted(set(config["overrides"]) - {word.id for word in words}):
        advice = did_you_mean(unknown[0], (word.id for word in words), "give the word_id of one of its rows.")
        raise UserError(f"key 'overrides.{unknown[0]}': no such word_id in {config['words']}: {advice}")
    experiment = WordSystems(config, words)
    rules, language = ScoringRules.of_config(config), experiment.jobs.language
    for word in words:
        require_matchable(word.forms[language], language, rules, word.where)
    checks = [experiment.jobs.rarity(word) for word in words]
    used = words
    if config["rarity"]["known"] == "skip":
        verdicts = {check.id: read_verdict(results, check) for check in checks}
        if None in verdicts.values():
            return Plan(
                [*checks, *experiment.jobs.intelligibility(words, with_sets=False)],
                unfinished="which words the base knows is checked first; run the same command again to go on with the others",
            )
        used = [word for word in words if verdicts[word.id] != "known"]
        experiment = WordSystems(config, used)
        if not used:
            raise UserError(
                "key 'rarity.known' is skip, and the base knows every word: set it to keep, or give other words."
            )
    repetitions = [WordSystems(config, used, repetition) for repetition in range(1, config["repetitions"])]
    tested = claims_job([claims(each) for each in (experiment, *repetitions)], config["seed"], rules)
    tables = _tables(experiment, words)
    further = {each.jobs.build.seed: _score_tables(each, Baselines(each)) for each in repetitions}
    of_seeds, over_seeds = tables_of_seeds(tables, further, {"baselines": ("words", "system")})
    figures = _figures(experiment, tables)
    vectors = [experiment.jobs.vector(subset) for subset in experiment.single.values()]
    proposed = experiment.jobs.candidates(tuple(words))
    report = _report(experiment, [*tables.values(), *over_seeds], figures, tested)
    check = experiment.jobs.intelligibility(used)
    return Plan(
        [*tables.values(), *of_seeds, *over_seeds, *figures, *vectors, *proposed, *check, tested, report],
        main_table="table2",
    )


def _tables(experiment: WordSystems, all_words: list[Word]) -> dict[str, PlannedJob]:
    """Tables of the first repetition, which has those of its data and of further sets alone."""
    words, jobs = experiment.words, experiment.jobs
    sets = [jobs.speech(word) for word in words]
    checks = [jobs.rarity(word) for word in all_words]
    forms = {word.id: forms_of(word) for word in words}
    tables = {
        "table1": _table("table1", "sets", {"words": _labels(experiment, words)}, {"sets": sets}),
        "rarity": _table("rarity", "rarity", {"words": _labels(experiment, all_words)}, {"rarity": checks}),
        "overlap": _table("overlap", "overlap", {"words": forms}, {"sets": [*sets, jobs.speech(None)]}),
    }
    baselines = Baselines(experiment)
    tables |= _score_tables(experiment, baselines)
    models = all_models(experiment, baselines)
    if experiment.config["retention"]:
        tables["retention"] = _retention(experiment, models)
    return tables | further_tables(experiment, models)


def _score_tables(experiment: WordSystems, baselines: Baselines) -> dict[str, PlannedJob]:
    """Tables of the scores of one repetition."""
    tables = {
        "weights": _weights(experiment),
        "table2": _by_word(experiment, "table2", experiment.task, with_general=True),
        "fig2": _fig2(experiment, "fig2", VALIDATION),
        "fig2_normalised": _fig2(experiment, "fig2_normalised", NORMALISED),
    }
    if experiment.control:
        tables["table3"] = _by_word(experiment, "table3", experiment.control, with_general=False)
    return tables | ({"baselines": baselines.table} if baselines.wanted else {})


def _table(name: str, kind: str, settings: dict[str, Any], inputs: dict[str, Any]) -> PlannedJob:
    return PlannedJob("table", name, {"kind": kind} | settings, inputs, modules=(f"{ROOM}.tables",))


def _labels(experiment: WordSystems, words: list[Word]) -> list[dict[str, str]]:
    target = experiment.jobs.target
    return [{"word_id": word.id, "word": word.label(target), "domain": word.domain} for word in words]


def _weights(experiment: WordSystems) -> PlannedJob:
    """Weights that were tried on validation, of every merge that takes its weight from there."""
    single = experiment.single.values() if experiment.config["merging"]["weight"] == VALIDATION else ()
    subsets = {subset.id: subset for subset in [*single, *experiment.subsets]}.values()
    methods = experiment.config["merging"]["methods"]
    named = [(subset, method, experiment.jobs.weight(subset, method)) for subset in subsets for method in methods]
    labels = {search.id: {"merge": subset.id, "method": method} for subset, method, search in named}
    searches = [search for *_, search in named]
    return PlannedJob("table", "weights", {"labels": labels}, {"searches": searches}, modules=(SCALES,))


def _by_word(experiment: WordSystems, name: str, task: str, with_general: bool) -> PlannedJob:
    """A row a word and, at the end, the general test set: the mean over the words' models."""
    rows = [
        Row({"word_id": id}, {system: [cell] for system, cell in cells.items()})
        for id, cells in experiment.of_words(task).items()
    ]
    if with_general:
        rows.append(Row({"word_id": "General"}, experiment.general))
    return scores_table(name, rows)


def _fig2(experiment: WordSystems, name: str, weight: str) -> PlannedJob:
    """The score for each number of words, as the mean over those words' test sets, in one reading of the paper's weights."""
    rows = [
        Row({"words": experiment.label(subset)}, experiment.of_subset(subset, weight)) for subset in experiment.subsets
    ]
    return scores_table(name, rows)


def _retention(experiment: WordSystems, models: Models) -> PlannedJob:
    """Every model on the retention sets."""
    sets = RetentionSets(experiment.jobs.build)
    rows = [
        Row(
            {"set": name, "metric": sets.metric(name)} | about,
            {system: sets.cells(name, cells) for system, cells in of_systems.items()},
        )
        for name in sets.sets
        for about, of_systems in models
    ]
    return scores_table("retention", rows)


def _figures(experiment: WordSystems, tables: dict[str, PlannedJob]) -> list[PlannedJob]:
    about = {"task": experiment.task, "language": experiment.jobs.language, "names": NAMES}
    drawn = [
        PlannedJob("figure", name, {"kind": name} | about, {"table": tables[name]}, modules=(f"{ROOM}.figures",))
        for name in ("fig2", "fig2_normalised", "weights")
    ]
    if "baselines" in tables:
        modules = (f"{ROOM}.baselines_figure",)
        drawn.append(PlannedJob("figure", "baselines", about, {"table": tables["baselines"]}, modules=modules))
    return drawn


def _report(
    experiment: WordSystems, tables: list[PlannedJob], figures: list[PlannedJob], tested: PlannedJob
) -> PlannedJob:
    raw = experiment.raw(tuple(experiment.words))
    with_baselines = bool(experiment.config["baselines"]["systems"])
    single = experiment.single_systems
    played = {id: _played({"Raw": raw[id]} | _hypotheses(systems)) for id, systems in single.items()}
    settings = {
        "examples": EXAMPLES,
        "words": {word.id: forms_of(word) for word in experiment.words},
        "systems": played,
        "config": reported_settings(experiment.config, REPORTED + (("baselines",) if with_baselines else ())),
    }
    tested_models = {job.id: job for systems in single.values() for job in _hypotheses(systems).values()}
    inputs: Inputs = {
        "tables": tables,
        "figures": figures,
        "claims": tested,
        "hypotheses": [*(raw[word.id] for word in experiment.words), *tested_models.values()],
        "sets": [experiment.jobs.speech(word) for word in experiment.words],
        "voice_samples": experiment.jobs.voice_samples(),
    }
    return PlannedJob("report", "report", settings, inputs, modules=(f"{ROOM}.report",))


def _hypotheses(systems: Systems) -> dict[str, PlannedJob]:
    return {system: hypotheses_of(score) for system, score in systems.items()}


def _played(hypotheses: dict[str, PlannedJob]) -> list[list[str]]:
    """Folders of hypotheses, each with the systems that they are of: TA and Average may be the same model."""
    names: dict[str, list[str]] = {}
    for system, job in hypotheses.items():
        names.setdefault(folder_of(job), []).append(system)
    return [[", ".join(systems), folder] for folder, systems in names.items()]
