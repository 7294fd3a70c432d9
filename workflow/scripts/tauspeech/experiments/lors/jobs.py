"""Jobs of the experiment lors: sets by language, trainings on languages and tasks, and their merges."""

import math
from dataclasses import dataclass
from typing import Any

from tauspeech.data.languages import unspaced
from tauspeech.plan.builder import Builder, Mixture, Sentences, TaskSets, sets_of, tasks_of
from tauspeech.plan.jobs import PlannedJob, once
from tauspeech.plan.sources import corpus_source
from tauspeech.runtime.errors import UserError
from tauspeech.scoring.sclite import find_sclite

TARGET = "en"
TASKS = {"asr": "transcribe", "st": "translate"}
PRUNING = {"mp": "magnitude", "svp": "svd", "lors": "lors"}
SPLITS = ("train", "validation", "test")

Pair = tuple[str, str]  # language and task


@dataclass(frozen=True)
class Run:
    """A training: what it is taught, and on which share of the training speech."""

    name: str
    pairs: tuple[Pair, ...]
    share: float = 1.0

    @property
    def id(self) -> str:
        return sized(self.name, self.share)


def sized(name: str, share: float) -> str:
    return name if share == 1 else f"{name}--of{round(100 * share)}"


def _with_sclite(wanted: str | bool) -> bool:
    found = find_sclite() is not None
    if wanted is True and not found:
        raise UserError(
            "key 'scoring.sclite' is true and sclite is not installed: `apt install sctk`, or set it to auto."
        )
    return found if wanted == "auto" else bool(wanted)


class LanguageJobs(Builder):
    def __init__(self, config: dict[str, Any], repetition: int = 0):
        super().__init__(config, repetition)
        self.groups: dict[str, dict[str, Any]] = {name: group for name, group in config["groups"].items() if group}
        self.group_of: dict[str, str] = {}
        for name, group in self.groups.items():
            for language in group["languages"]:
                if language in self.group_of:
                    raise UserError(f"key 'groups.{name}.languages': '{language}' is in another group already.")
                if language == TARGET:
                    raise UserError(
                        f"key 'groups.{name}.languages': '{TARGET}' is what the others are translated into."
                    )
                self.group_of[language] = name
        if not self.groups:
            raise UserError("key 'groups': give the languages of a group, high or low.")
        self.sources, self.target = tuple(self.group_of), TARGET
        self.sclite = _with_sclite(config["scoring"]["sclite"]) and not any(map(unspaced, self.group_of))

    # Data. A set is a language's, and its transcripts and translations are columns.

    @once
    def speech(self, language: str) -> PlannedJob:
        hours = {split: self.groups[self.group_of[language]]["hours"][split] for split in SPLITS}
        languages = tuple(dict.fromkeys((language, TARGET)))
        if corpus := self.config["corpus"]:
            settings = {"source": corpus_source(corpus, language), "language": language, "hours": hours}
            return self.job("corpus", language, settings | {"languages": list(languages)}, seed=self.seed)
        if found := self.recordings(language):
            return self.recorded(language, found, languages, "", False)
        return self.spoken(language, self.text(language), language, self.config["speech"], hours)

    @once
    def text(self, language: str) -> PlannedJob:
        hours = self.groups[self.group_of[language]]["hours"]
        shortest = self.config["text"]["seconds"]
        counts = {split: math.ceil(hours[split] * 3600 / shortest) for split in SPLITS}
        languages = tuple(dict.fromkeys((language, TARGET)))
        return self.sentences(language, Sentences(languages, counts, self.own_sentences(language)))

    def showings(self) -> list[PlannedJob]:
        """The voices of each language that is generated."""
        if self.config["corpus"]:
            return []
        generated = [language for language in self.group_of if not self.recordings(language)]
        return [self.showing(each, self.text(each), each, self.config["speech"]) for each in generated]

    def lessons(self, pairs: tuple[Pair, ...]) -> TaskSets:
        """Of each language, in the order of the pairs, what is asked."""
        asked: dict[str, list[dict[str, str]]] = {}
        for language, task in pairs:
            asked.setdefault(language, []).append({"task": TASKS[task], "source": language, "target": TARGET})
        return tuple((self.speech(language), tuple(lessons)) for language, lessons in asked.items())

    # Trainings

    def single(self, language: str, task: str, share: float = 1.0) -> Run:
        return Run(f"{language}--{task}", ((language, task),), share)

    def multilingual(self, languages: tuple[str, ...], task: str, share: float = 1.0) -> Run:
        group = self.group_of[languages[0]]
        return Run(f"{group}--ml--{task}", tuple((language, task) for language in languages), share)

    def multitask(self, language: str) -> Run:
        return Run(f"{language}--mt", tuple((language, task) for task in TASKS))

    def all_at_once(self, languages: tuple[str, ...]) -> Run:
        group = self.group_of[languages[0]]
        return Run(f"{group}--mlmt", tuple((language, task) for language in languages for task in TASKS))

    @once
    def finetune(self, run: Run) -> PlannedJob:
        return self.tuned(run.id, self.lessons(run.pairs), self.setting("training", run.name), share=run.share)

    @once
    def vector(self, run: Run) -> PlannedJob:
        return self.vector_of(self.finetune(run))

    # Pruning and merging

    def _one_vector(self, run: Run) -> tuple[dict[str, Any], dict[str, Any]]:
        """Settings and inputs of jobs that try the base with a vector."""
        lessons = self.lessons(run.pairs)
        settings = self.decoding_settings | tasks_of(lessons) | {"method": "task_arithmetic", "options": {}}
        return settings, {"base": self.base, "vectors": [self.vector(run)]} | sets_of(lessons)

    @once
    def ratios(self, run: Run) -> PlannedJob:
        """How much pruning leaves of a vector, chosen on validation."""
        settings, inputs = self._one_vector(run)
        settings |= {"ranks": self.config["merging"]["ranks"], "keeps": self.config["merging"]["keeps"]}
        return self.job("ratios", run.id, settings, inputs, self.seed, self.decoding_threads)

    @once
    def retained(self, run: Run) -> PlannedJob:
        """The score against how much pruning leaves."""
        settings, inputs = self._one_vector(run)
        settings |= {"ratios": self.config["figures"]["ratios"]}
        return self.job("retained", run.id, settings, inputs, self.seed, self.decoding_threads)

    @once
    def merge(self, id: str, runs: tuple[Run, ...], method: str) -> PlannedJob:
        how: dict[str, Any] = {"method": "task_arithmetic", "options": {}}
        pruned = method in PRUNING
        if pruned:
            how |= {"pruning": PRUNING[method]}
        mixture = Mixture(
            f"{id}--{method}",
            how,
            tuple(self.vector(run) for run in runs),
            self.lessons(tuple(pair for run in runs for pair in run.pairs)),
            tuple(self.ratios(run) for run in runs) if pruned else (),
        )
        return self.merged(mixture, 1 / len(runs) if method == "average" else None)

    # Scores

    @once
    def raw(self, language: str) -> PlannedJob:
        """What the base hears, a job a language: a new one leaves the others alone."""
        return self.decoded(f"raw/{language}", self.base, self.lessons(tuple((language, task) for task in TASKS)))

    @once
    def raw_score(self, language: str) -> PlannedJob:
        return self.scored(self.raw(language), words={}, sclite=self.sclite)

    @once
    def score(self, id: str, model: PlannedJob, pairs: tuple[Pair, ...]) -> PlannedJob:
        heard = self.decoded(id, model, self.lessons(pairs))
        raw = tuple(self.raw(language) for language in dict.fromkeys(language for language, _ in pairs))
        return self.scored(heard, raw, words={}, sclite=self.sclite)
