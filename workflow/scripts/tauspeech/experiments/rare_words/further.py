"""Tables of every model of rare_words on further sets: tests of words, and sets without speech."""

from typing import Any

from tauspeech.experiments.rare_words.baselines import Baselines
from tauspeech.experiments.rare_words.jobs import NORMALISED, VALIDATION, forms_of
from tauspeech.experiments.rare_words.systems import EACH, Cells, WordSystems
from tauspeech.plan.jobs import PlannedJob
from tauspeech.plan.no_speech import SetsWithoutSpeech
from tauspeech.plan.tables import MetricRow, metrics_table
from tauspeech.plan.word_tests import WordTests
from tauspeech.scoring.word_metrics import no_speech_metrics, word_test_metrics

Models = list[tuple[dict[str, str], Cells]]  # cells with the names of their row


def all_models(experiment: WordSystems, baselines: Baselines) -> Models:
    """Cells of all models with the names of their rows: those of single words, then those of several words in both readings.

    Systems in place of a vector stand beside the merges at weights that validation has chosen.
    """
    models: Models = [({"words": EACH, "weight": str(experiment.config["merging"]["weight"])}, experiment.general)]
    for weight in (VALIDATION, NORMALISED):
        others = baselines.cells if weight == VALIDATION else lambda subset: {}
        for subset in experiment.subsets:
            if len(subset.words) > 1 or others(subset):
                about = {"words": experiment.label(subset), "weight": weight}
                models.append((about, experiment.of_subset(subset, weight) | others(subset)))
    return models


def further_tables(experiment: WordSystems, models: Models) -> dict[str, PlannedJob]:
    """The tables that the configuration asks for."""
    tables = {}
    if experiment.config["word_tests"]:
        tables["word_tests"] = _word_tests(experiment, models)
    if experiment.config["no_speech"]:
        tables["no_speech"] = _no_speech(experiment, models)
    return tables


def _word_tests(experiment: WordSystems, models: Models) -> PlannedJob:
    tests = WordTests(experiment.jobs.build)
    rows = [
        MetricRow(
            {"test": name} | about,
            word_test_metrics(tests.language(name)),
            {system: tests.cells(name, cells) for system, cells in of_systems.items()},
        )
        for name in tests.tests
        for about, of_systems in models
    ]
    return metrics_table("word_tests", ("test", "words", "weight", "metric"), rows)


def _no_speech(experiment: WordSystems, models: Models) -> PlannedJob:
    """False alarms are of any word of the run, for each model: also for those that were made for one word."""
    words: dict[str, Any] = {word.id: forms_of(word) for word in experiment.words}
    jobs = experiment.jobs
    sets = SetsWithoutSpeech(jobs.build, jobs.speech_task(experiment.task), words)
    metrics = no_speech_metrics(jobs.language)
    rows = [
        MetricRow(
            {"sound": sound} | about,
            metrics,
            {system: sets.cells(sound, cells) for system, cells in of_systems.items()},
        )
        for sound in sets.sounds
        for about, of_systems in models
    ]
    return metrics_table("no_speech", ("sound", "words", "weight", "metric"), rows)
