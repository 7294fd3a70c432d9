"""Systems of the experiment rare_words: the base, the fine-tunes and the merges that its tables compare."""

from functools import cached_property
from typing import Any

from tauspeech.data.reserved_names import TAKEN
from tauspeech.experiments.rare_words.jobs import VALIDATION, Subset, WordJobs
from tauspeech.experiments.rare_words.words import Word
from tauspeech.plan.jobs import PlannedJob
from tauspeech.plan.tables import PlannedCell
from tauspeech.plan.text_language import text_language
from tauspeech.runtime.errors import UserError, did_you_mean

NAMES = {"average": "Average", "ta": "TA", "ties": "TIES", "dare": "DARE"}
EACH = "each"  # in tables, the models of single words
MOST_COUNTED = 10  # words in the largest merge of Figure 2, unless the configuration says otherwise

Systems = dict[str, PlannedJob]  # scores, by the paper's name of the system
Cells = dict[str, list[PlannedCell]]  # by system


class WordSystems:
    """One repetition of the experiment; ``words`` are those that are used, of all in the table."""

    def __init__(self, config: dict[str, Any], words: list[Word], repetition: int = 0):
        self.config, self.words = config, words
        self.jobs = WordJobs(config, repetition)
        self.task = self.jobs.task
        self.single = {word.id: self.jobs.alone(word) for word in words}

    # Subsets of words

    @cached_property
    def subsets(self) -> list[Subset]:
        """The points of Figure 2, and the subsets that the configuration names."""
        composition = self.config["composition"]
        counts = composition["counts"] or list(range(1, MOST_COUNTED + 1))
        usable = [count for count in sorted(counts) if count <= len(self.words)]
        if not usable and not composition["subsets"]:
            raise UserError(f"key 'composition.counts': each is larger than the {len(self.words)} words of the table.")
        found = [self.single[self.words[0].id] if count == 1 else self._first(count) for count in usable]
        return found + [self._named(name, members) for name, members in composition["subsets"].items()]

    def _first(self, count: int) -> Subset:
        return Subset(f"first{count}", tuple(self.words[:count]))

    def _named(self, name: str, members: list[str]) -> Subset:
        where = f"key 'composition.subsets.{name}'"
        if name in self.single or name.startswith("first") or name.isdigit() or name == EACH or TAKEN.fullmatch(name):
            raise UserError(
                f"{where}: the name is taken by a word, a number of words or another model: choose another one."
            )
        if missing := [member for member in members if member not in self.single]:
            advice = did_you_mean(missing[0], self.single, "give the word_id of one of its rows.")
            raise UserError(
                f"{where}: there is no word '{missing[0]}' in {self.config['words']}, or it is skipped: {advice}"
            )
        return Subset(name, tuple(self.single[member].words[0] for member in members))

    def label(self, subset: Subset) -> str:
        """Name of a subset in tables: its number of words, unless the configuration names it."""
        return subset.id if subset.id in self.config["composition"]["subsets"] else str(len(subset.words))

    # Hypotheses and scores

    @property
    def control(self) -> str | None:
        """The task of Table 3, if it differs from the task that the words are trained on."""
        return self.config["control_task"] if self.config["control_task"] != self.task else None

    def decode(
        self, id: str, model: PlannedJob, words: tuple[Word, ...], general: bool, batch: str, folder: str | None = None
    ) -> PlannedJob:
        """Hypotheses on the words' sets; models of a single word are also tested on the control task."""
        trained = self.jobs.speech_task(self.task)
        both = self.control and len(words) == 1
        tasks = (trained, self.jobs.speech_task(self.control)) if both and self.control else (trained,)
        sets = [(self.jobs.speech(word), tasks) for word in words]
        if general:
            sets.append((self.jobs.speech(None), (trained,)))
        return self.jobs.build.decode(id, model, tuple(sets), batch, folder)

    def raw(self, words: tuple[Word, ...]) -> dict[str, PlannedJob]:
        """The base's hypotheses by set: a job for each, so that a new word leaves the others unchanged."""
        base = self.jobs.build.base
        of_words = {word.id: self.decode(f"raw/{word.id}", base, (word,), False, word.id, "raw") for word in words}
        return of_words | {"general": self.decode("raw/general", base, (), True, "general", "raw")}

    def raw_scores(self, words: tuple[Word, ...]) -> Systems:
        raw = self.raw(words)
        scores = {word.id: self.jobs.score(raw[word.id], (word,), (), None) for word in words}
        return scores | {"general": self.jobs.score(raw["general"], (), (), None)}

    def systems(self, subset: Subset, weight: str | float) -> Systems:
        """Scores of each system on the words of a subset; systems that are the same model share a score."""
        run, raw = self.jobs.finetune(subset), tuple(self.raw(subset.words).values())
        tuned = self.decode(subset.run, run, subset.words, True, subset.id)
        scores = {"FT": self.jobs.score(tuned, subset.words, raw, None)}
        of_merges = {run.id: scores["FT"]}
        for method in ("average", *self.config["merging"]["methods"]):
            merge = self.jobs.merge(subset, method, weight)
            if merge.id not in of_merges:
                merged = self.decode(merge.id, merge, subset.words, general=True, batch=subset.id)
                of_merges[merge.id] = self.jobs.score(merged, subset.words, raw, tuned)
            scores[NAMES[method]] = of_merges[merge.id]
        return scores

    @cached_property
    def single_systems(self) -> dict[str, Systems]:
        weight = self.config["merging"]["weight"]
        return {id: self.systems(subset, weight) for id, subset in self.single.items()}

    # Cells of tables and claims

    def cell(self, score: PlannedJob, word: Word | None, task: str) -> PlannedCell:
        language = text_language(task, self.jobs.source, self.jobs.target)
        return PlannedCell(score, self.jobs.speech(word).id, task, language)

    def of_words(self, task: str) -> dict[str, dict[str, PlannedCell]]:
        """Cells by word and system."""
        raw = self.raw_scores(tuple(self.words))
        return {
            word.id: {
                system: self.cell(score, word, task)
                for system, score in ({"Raw": raw[word.id]} | self.single_systems[word.id]).items()
            }
            for word in self.words
        }

    @cached_property
    def general(self) -> Cells:
        """Each system's models of all words, on the sentences without a rare word."""
        cells = {"Raw": [self.cell(self.raw_scores(tuple(self.words))["general"], None, self.task)]}
        for system in next(iter(self.single_systems.values())):
            cells[system] = [self.cell(systems[system], None, self.task) for systems in self.single_systems.values()]
        return cells

    def of_subset(self, subset: Subset, weight: str | float = VALIDATION) -> Cells:
        """Each system's model of a subset, on the test sets of its words; ``weight`` is that of each vector."""
        raw = self.raw_scores(subset.words)
        cells = {"Raw": [self.cell(raw[word.id], word, self.task) for word in subset.words]}
        for system, score in self.systems(subset, weight).items():
            cells[system] = [self.cell(score, word, self.task) for word in subset.words]
        return cells
