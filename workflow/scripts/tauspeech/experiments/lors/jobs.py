"""Jobs of the experiment lors: sets by language, trainings on languages and tasks, and their merges."""

import itertools
import math
from dataclasses import replace
from typing import Any

from tauspeech.data.selection import Lengths
from tauspeech.data.tables import SPLITS
from tauspeech.experiments.lors.rate_search import KEYS, RateSearch
from tauspeech.experiments.lors.trainings import TASKS, Group, Pairs, Training, sequence_name, single
from tauspeech.plan.builder import Builder, PlannedSentences, TaskSets, chosen_rate, searched_scale
from tauspeech.plan.checks import require_order
from tauspeech.plan.jobs import PlannedJob, once
from tauspeech.plan.merges import MergeSpec, Searched, Term
from tauspeech.plan.sources import corpus_source
from tauspeech.runtime.errors import UserError
from tauspeech.scoring.sclite_program import find_sclite

TARGET = "en"
PRUNING = {"mp": "magnitude", "svp": "svd", "lors": "lors"}
LENGTHS = {"min_seconds": Lengths.shortest, "max_seconds": Lengths.longest}  # where the configuration has none


class LanguageJobs:
    """One repetition's jobs. A set of speech is a language's; transcripts and translations are its columns."""

    def __init__(self, config: dict[str, Any], repetition: int = 0):
        self.config = config
        self.groups = {
            name: Group(name, tuple(found["languages"]), tuple(found["recognised"]))
            for name, found in config["groups"].items()
            if found
        }
        self.group_of = _group_of(self.groups)
        self.build = Builder(config, tuple(self.group_of), (TARGET,), repetition)
        self.sclite = _with_sclite(config["scoring"]["sclite"])
        kinds = (group.by_kind.items() for group in self.groups.values())
        self.rates = RateSearch(config, dict(itertools.chain.from_iterable(kinds)))
        self.made: dict[tuple[Any, ...], PlannedJob] = {}

    def hours(self, language: str) -> dict[str, float]:
        hours: dict[str, float] = self.config["groups"][self.group_of[language].name]["hours"]
        return {split: hours[split] for split in SPLITS}

    def tasks(self, language: str) -> tuple[str, ...]:
        return tuple(task for task in TASKS if language in self.group_of[language].languages(task))

    def _texts(self, language: str) -> tuple[str, ...]:
        """Languages of a set's texts: the spoken one, and that of the translations if there are any."""
        return (language, TARGET) if "st" in self.tasks(language) else (language,)

    # Data

    @once
    def speech(self, language: str) -> PlannedJob:
        hours, languages = self.hours(language), self._texts(language)
        if corpus := self.config["corpus"]:
            require_order(LENGTHS | corpus, "min_seconds", "max_seconds", "corpus")
            source = corpus_source(corpus, language)
            longest = source.get("max_seconds", Lengths.longest)
            if (fitting := self.build.fitting(longest)) < longest:
                source = source | {"max_seconds": fitting}
            settings = {"source": source, "language": language, "hours": hours}
            return self.build.job("corpus", language, settings | {"languages": list(languages)}, seed=self.build.seed)
        if found := self.build.recordings(language):
            return self.build.recorded(language, found, languages, SPLITS)
        clean, channel = self.clean(language), self.config["speech"]["channel"]
        return self.build.channelled(language, clean, channel) if channel else clean

    @once
    def clean(self, language: str) -> PlannedJob:
        """Generated speech without a channel, which is what the check before any training is about."""
        speech = self.config["speech"]
        return self.build.synthesised(language, self.text(language), language, speech, self.hours(language))

    @once
    def text(self, language: str) -> PlannedJob:
        hours, languages = self.hours(language), self._texts(language)
        shortest = self.config["text"]["seconds"]
        counts = {split: math.ceil(hours[split] * 3600 / shortest) for split in SPLITS}
        return self.build.sentences(language, PlannedSentences(languages, counts, self.build.own_sentences(language)))

    def recorded(self) -> list[str]:
        """Languages with recordings of the user's, where no corpus takes their place."""
        return [] if self.config["corpus"] else [each for each in self.group_of if self.build.recordings(each)]

    def voice_samples(self) -> list[PlannedJob]:
        """Samples of the voices of each language whose speech is generated."""
        speech = self.config["speech"]
        return [self.build.voice_samples(each, self.text(each), each, speech) for each in self._generated()]

    def _generated(self) -> list[str]:
        """Languages whose speech is generated."""
        return [] if self.config["corpus"] else [each for each in self.group_of if each not in self.recorded()]

    def intelligibility(self) -> list[PlannedJob]:
        """The check before any training, of the generated speech."""
        least = self.config["speech"]["check"]["least_share"]
        check = self.build.intelligibility([], [(self.clean(each), least) for each in self._generated()])
        return [check] if check else []

    def task_sets(self, pairs: Pairs) -> TaskSets:
        """The sets of some languages with their tasks, in the order of the pairs."""
        tasks: dict[str, list[dict[str, str]]] = {}
        for language, task in pairs:
            tasks.setdefault(language, []).append({"kind": TASKS[task], "source": language, "target": TARGET})
        return tuple((self.speech(language), tuple(found)) for language, found in tasks.items())

    # Trainings

    @once
    def finetune(self, training: Training) -> PlannedJob:
        """A training; where another one has tried the rates, its learning rate is what that one has chosen."""
        trial = self.rates.trial(training)
        rate = chosen_rate(self.finetune(trial)) if trial and trial != training else None
        sets, settings = self.task_sets(training.pairs), self._training_settings(training)
        return self.build.finetune(training.id, sets, settings, share=training.share, rate=rate)

    def _training_settings(self, training: Training) -> dict[str, Any]:
        section = self.build.section("training", training.name)
        return {key: value for key, value in section.items() if key not in KEYS}

    @once
    def sequential(self, owner: str, pairs: Pairs) -> PlannedJob:
        """Trainings on some languages and tasks one after the other, each of them with the settings of the single one.

        The first starts from the base and is the single training itself; each other one starts from the one before.
        """
        training = single(*pairs[-1])
        if len(pairs) == 1:
            return self.finetune(training)
        trial = self.rates.trial_of_step(training)
        rate = chosen_rate(self.finetune(trial)) if trial else None
        sets, settings = self.task_sets(training.pairs), self._training_settings(training)
        before = self.sequential(owner, pairs[:-1])
        return self.build.finetune(sequence_name(owner, pairs), sets, settings, base=before, rate=rate)

    @once
    def vector(self, training: Training) -> PlannedJob:
        return self.build.vector(self.finetune(training))

    # Pruning and merging

    @once
    def pruning_search(self, training: Training) -> PlannedJob:
        """Search for the fractions of a vector that each pruning method keeps, on validation."""
        ranks, keeps = self.config["merging"]["ranks"], self.config["merging"]["keeps"]
        candidates = [_pruned("svd", rank, 0.0) for rank in ranks]
        candidates += [_pruned("magnitude", 0.0, keep) for keep in keeps]
        candidates += [_pruned("lors", rank, keep) for rank in ranks for keep in keeps]
        return self.build.search(
            f"{training.id}--pruning",
            MergeSpec("task_arithmetic", (Term(self.vector(training)),)),
            self.task_sets(training.pairs),
            "pruned_vectors",
            candidates,
            {"kind": "smallest_ratios"},
        )

    @once
    def pruning_curve(self, training: Training) -> PlannedJob:
        """The test score of a fine-tune against the fraction of its vector that pruning keeps."""
        ratios = self.config["figures"]["ratios"]
        candidates = [_pruned("svd", ratio, 0.0) for ratio in ratios]
        candidates += [_pruned("magnitude", 0.0, ratio) for ratio in ratios]
        return self.build.search(
            f"{training.id}--pruning-curve",
            MergeSpec("task_arithmetic", (Term(self.vector(training)),)),
            self.task_sets(training.pairs),
            "pruned_vectors",
            candidates,
            rule=None,
            split="test",
            score="headline",
            batch=f"{training.name}--curves",
        )

    @once
    def scale_search(self, id: str, trainings: tuple[Training, ...], method: str) -> PlannedJob:
        pairs = tuple(pair for training in trainings for pair in training.pairs)
        return self.build.scale_search(f"{id}--{method}", self._sum(trainings, method), self.task_sets(pairs), id)

    @once
    def merge(self, id: str, trainings: tuple[Training, ...], method: str) -> PlannedJob:
        merge = self._sum(trainings, method)
        searched = method != "average"
        scale = searched_scale(self.scale_search(id, trainings, method)) if searched else 1 / len(trainings)
        return self.build.merge(f"{id}--{method}", replace(merge, scale=scale), id)

    def _sum(self, trainings: tuple[Training, ...], method: str) -> MergeSpec:
        """The sum of the trainings' vectors, each pruned as its own search has chosen."""
        vectors = (Term(self.vector(training)) for training in trainings)
        if method in PRUNING:
            searches = map(self.pruning_search, trainings)
            vectors = (
                Term(MergeSpec(PRUNING[method], (vector,), Searched(search, PRUNING[method])))
                for vector, search in zip(vectors, searches, strict=True)
            )
        return MergeSpec("task_arithmetic", tuple(vectors))

    # Scores

    @once
    def raw(self, language: str) -> PlannedJob:
        """The base's hypotheses: a job for each language, so that a new one leaves the others unchanged."""
        pairs = tuple((language, task) for task in self.tasks(language))
        return self.build.decode(f"raw/{language}", self.build.base, self.task_sets(pairs), "raw", "raw")

    @once
    def raw_score(self, language: str) -> PlannedJob:
        return self.build.score(self.raw(language), words={}, sclite=self.sclite)

    @once
    def score(self, id: str, model: PlannedJob, pairs: Pairs, batch: str) -> PlannedJob:
        hypotheses = self.build.decode(id, model, self.task_sets(pairs), batch)
        raw = tuple(self.raw(language) for language in dict.fromkeys(language for language, _ in pairs))
        return self.build.score(hypotheses, raw, words={}, sclite=self.sclite)


def _group_of(groups: dict[str, Group]) -> dict[str, Group]:
    """The group of each language."""
    found: dict[str, Group] = {}
    for name, group in groups.items():
        if TARGET in group.translated:
            raise UserError(
                f"key 'groups.{name}.languages': '{TARGET}' is what the others are translated into: put it into "
                f"'groups.{name}.recognised'."
            )
        for key, languages in (("languages", group.translated), ("recognised", group.recognised)):
            for language in languages:
                if language in found:
                    raise UserError(f"key 'groups.{name}.{key}': '{language}' is in a group already: give it once.")
                found[language] = group
    if not found:
        raise UserError("key 'groups': give the languages of a group, high or low.")
    return found


def _with_sclite(wanted: str | bool) -> bool:
    found = find_sclite() is not None
    if wanted is True and not found:
        raise UserError(
            "key 'scoring.sclite' is true and sclite is not installed: `apt install sctk`, or set it to auto."
        )
    return found if wanted == "auto" else bool(wanted)


def _pruned(method: str, rank: float, keep: float) -> dict[str, Any]:
    return {"method": method, "rank": rank, "keep": keep}
