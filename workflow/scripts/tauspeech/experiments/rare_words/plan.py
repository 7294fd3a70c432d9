"""The experiment rare_words: one vector a word, and what becomes of them alone and together.

After "Rare word recognition and translation without fine-tuning via task vector in speech models":
Tables 1 to 3 and Figure 2.
"""

from functools import cached_property
from pathlib import Path
from typing import Any

from tauspeech.experiments.rare_words.jobs import Subset, WordJobs, forms_of
from tauspeech.experiments.rare_words.verdicts import read_verdict
from tauspeech.experiments.rare_words.words import Word, read_words
from tauspeech.plan.jobs import Plan, PlannedJob
from tauspeech.plan.runtime_settings import reported_settings
from tauspeech.plan.tables import Cell, Claim, Row, claims_job, scores_table
from tauspeech.runtime.errors import UserError

NAMES = {"average": "Average", "ta": "TA", "ties": "TIES", "dare": "DARE"}
MOST_COUNTED = 10  # words in the largest merge of Figure 2, unless the configuration says otherwise
FEW = (2, 3, 4)  # words of the merges that the paper finds above Average
CLOSE = 3.0  # points between a vector and the fine-tuned model that still count as close
EXAMPLES = 3  # utterances of each word that the report plays

Systems = dict[str, PlannedJob]  # scores by the paper's name of the system


class RareWords(WordJobs):
    def __init__(
        self, config: dict[str, Any], words: list[Word], skipped: frozenset[str] = frozenset(), repetition: int = 0
    ):
        super().__init__(config, repetition)
        self.all_words = words
        self.words = [word for word in words if word.id not in skipped]
        if unknown := sorted(set(config["overrides"]) - {word.id for word in words}):
            raise UserError(f"key 'overrides.{unknown[0]}': no such word_id in {config['words']}.")
        self.single = {word.id: self.alone(word) for word in self.words}

    # Which words go together

    @cached_property
    def subsets(self) -> list[Subset]:
        """The points of Figure 2 and what the configuration adds."""
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
        if name in self.single or name.startswith("first"):
            raise UserError(
                f"{where}: the name is taken by a word or by the first rows of the table: choose another one."
            )
        if missing := [member for member in members if member not in self.single]:
            raise UserError(f"{where}: there is no word '{missing[0]}' in {self.config['words']}, or it is skipped.")
        return Subset(name, tuple(self.single[member].words[0] for member in members))

    # What is heard and scored

    @property
    def control(self) -> str | None:
        """The task of Table 3, if it is another one than the words are taught."""
        return self.config["control_task"] if self.config["control_task"] != self.task else None

    def heard(self, id: str, model: PlannedJob, words: tuple[Word, ...], general: bool, together: str) -> PlannedJob:
        """The control task is asked of models of one word, on that word's set. All models of a subset go together."""
        taught = self.speech_task(self.task)
        tasks = (taught, self.speech_task(self.control)) if self.control and len(words) == 1 else (taught,)
        asked = [(self.speech(word), tasks) for word in words]
        if general:
            asked.append((self.speech(None), (taught,)))
        return self.decoded(id, model, tuple(asked), together)

    def raw(self, words: tuple[Word, ...]) -> dict[str, PlannedJob]:
        """What the base hears, by set: a job each, so that a new word leaves the others alone."""
        of_words = {word.id: self.heard(f"raw/{word.id}", self.base, (word,), False, word.id) for word in words}
        return of_words | {"general": self.heard("raw/general", self.base, (), True, "general")}

    def raw_scores(self, words: tuple[Word, ...]) -> dict[str, PlannedJob]:
        raw = self.raw(words)
        scores = {word.id: self.score(raw[word.id], (word,), (), None) for word in words}
        return scores | {"general": self.score(raw["general"], (), (), None)}

    def systems(self, subset: Subset, weight: str | float) -> Systems:
        """Scores of each system on the words of a subset."""
        run, raw = self.finetune(subset), tuple(self.raw(subset.words).values())
        tuned = self.heard(subset.run, run, subset.words, True, subset.id)
        scores = {"FT": self.score(tuned, subset.words, raw, None)}
        for method in ("average", *self.config["merging"]["methods"]):
            merge = self.merge(subset, method, weight)
            merged = self.heard(merge.id.removesuffix(self.tag), merge, subset.words, True, subset.id)
            scores[NAMES[method]] = self.score(merged, subset.words, raw, tuned)
        return scores

    @cached_property
    def single_systems(self) -> dict[str, Systems]:
        weight = self.config["merging"]["weight"]
        return {id: self.systems(subset, weight) for id, subset in self.single.items()}

    # What is shown

    def tables(self) -> dict[str, PlannedJob]:
        """Tables by name."""
        sets = [self.speech(word) for word in self.words]
        checks = [self.rarity(word) for word in self.all_words]
        forms = {word.id: forms_of(word) for word in self.words}
        tables = {
            "table1": PlannedJob(
                "table", "table1", {"kind": "sets", "words": self._labels(self.words)}, {"sets": sets}
            ),
            "rarity": PlannedJob(
                "table", "rarity", {"kind": "rarity", "words": self._labels(self.all_words)}, {"rarity": checks}
            ),
            "overlap": PlannedJob(
                "table", "overlap", {"kind": "overlap", "words": forms}, {"sets": [*sets, self.speech(None)]}
            ),
            "weights": PlannedJob("table", "weights", {"kind": "weights"}, {"weights": self._weights()}),
            "table2": self._by_word("table2", self.task, with_general=True),
            "fig2": self._fig2(),
        }
        if self.control:
            tables["table3"] = self._by_word("table3", self.control, with_general=False)
        return tables

    def _labels(self, words: list[Word]) -> list[dict[str, str]]:
        return [{"word_id": word.id, "word": word.label(self.target), "domain": word.domain} for word in words]

    def _weights(self) -> list[PlannedJob]:
        subsets = {subset.id: subset for subset in [*self.single.values(), *self.subsets]}.values()
        return [self.weight(subset, method) for subset in subsets for method in self.config["merging"]["methods"]]

    def _cell(self, score: PlannedJob, word: Word | None, task: str) -> Cell:
        language = self.source if task == "transcribe" else self.target
        return Cell(score, self.speech(word).id, task, language)

    def _of_words(self, task: str) -> dict[str, dict[str, Cell]]:
        """By word and system."""
        raw = self.raw_scores(tuple(self.words))
        return {
            word.id: {
                system: self._cell(score, word, task)
                for system, score in ({"Raw": raw[word.id]} | self.single_systems[word.id]).items()
            }
            for word in self.words
        }

    @cached_property
    def _general(self) -> dict[str, list[Cell]]:
        """By system: its models of each word on the sentences without a rare word."""
        cells = {"Raw": [self._cell(self.raw_scores(tuple(self.words))["general"], None, self.task)]}
        for system in next(iter(self.single_systems.values())):
            cells[system] = [self._cell(systems[system], None, self.task) for systems in self.single_systems.values()]
        return cells

    def _by_word(self, name: str, task: str, with_general: bool) -> PlannedJob:
        """A row a word and, at the end, the general test set: the mean over the words' models."""
        rows = [
            Row({"word_id": id}, {system: [cell] for system, cell in cells.items()})
            for id, cells in self._of_words(task).items()
        ]
        if with_general:
            rows.append(Row({"word_id": "General"}, self._general))
        return scores_table(name, rows)

    def _together(self, subset: Subset) -> dict[str, list[Cell]]:
        """By system: the test sets of a subset's words."""
        raw = self.raw_scores(subset.words)
        cells = {"Raw": [self._cell(raw[word.id], word, self.task) for word in subset.words]}
        for system, score in self.systems(subset, "validation").items():
            cells[system] = [self._cell(score, word, self.task) for word in subset.words]
        return cells

    def _fig2(self) -> PlannedJob:
        """The score of each number of words, being the mean over those words' test sets."""
        named = self.config["composition"]["subsets"]
        labels = [subset.id if subset.id in named else str(len(subset.words)) for subset in self.subsets]
        return scores_table(
            "fig2",
            [Row({"words": label}, self._together(subset)) for label, subset in zip(labels, self.subsets, strict=True)],
        )

    def claims(self) -> list[Claim]:
        """What the paper says of its Tables 2 and 3 and Figure 2."""
        words = list(self._of_words(self.task).values())
        general = self._general
        found = [
            self._versus("ft-lifts-the-word", "Fine-tuning lifts the word's own set.", "Table 2", words, "FT", "Raw"),
        ]
        if "ta" in self.config["merging"]["methods"]:
            found += [
                self._versus(
                    "vector-close-to-ft",
                    f"A single task vector stays within {CLOSE:g} points of the fine-tuned model.",
                    "Table 2", words, "TA", "FT", margin=CLOSE,
                ),
                Claim("general-above-ft", "On general speech TA is above FT.", "Table 2", general["TA"], [general["FT"]]),
                Claim("general-above-raw", "On general speech TA is above Raw.", "Table 2", general["TA"], [general["Raw"]]),
            ]  # fmt: skip
        if self.control:
            control = list(self._of_words(self.control).values())
            merges = [system for system in control[0] if system in NAMES.values()]
            if "TA" in merges:
                statement = "Of the task that was not taught, TA forgets less than FT."
                found.append(self._versus("forgets-less-than-ft", statement, "Table 3", control, "TA", "FT"))
            if "TIES" in merges:
                statement = "Of the task that was not taught, TIES forgets least of all merges on most words."
                rivals = [[row[system] for row in control] for system in merges if system != "TIES"]
                better = [row["TIES"] for row in control]
                found.append(Claim("ties-forgets-least", statement, "Table 3", better, rivals, "most"))
        return found + self._claims_of_several()

    def _versus(
        self, id: str, statement: str, source: str, rows: list[dict[str, Cell]], one: str, other: str, margin: float = 0
    ) -> Claim:
        return Claim(id, statement, source, [row[one] for row in rows], [[row[other] for row in rows]], margin=margin)

    def _claims_of_several(self) -> list[Claim]:
        few = [self._together(subset) for subset in self.subsets if len(subset.words) in FEW]
        if not few:
            return []
        pooled = {system: [cell for cells in few for cell in cells[system]] for system in few[0]}
        return [
            Claim(
                f"{method}-above-average",
                f"With two to four words, {NAMES[method]} is above Average.",
                "Figure 2",
                pooled[NAMES[method]],
                [pooled["Average"]],
            )
            for method in self.config["merging"]["methods"]
        ]

    def figures(self, tables: dict[str, PlannedJob]) -> list[PlannedJob]:
        about = {
            "task": self.task,
            "language": self.target if self.task == "translate" else self.source,
            "names": NAMES,
        }
        return [
            PlannedJob("figure", "fig2", {"kind": "lines"} | about, {"table": tables["fig2"]}),
            PlannedJob("figure", "weights", {"kind": "weights"} | about, {"table": tables["weights"]}),
        ]

    def report(self, tables: dict[str, PlannedJob], figures: list[PlannedJob], claims: PlannedJob) -> PlannedJob:
        raw = self.raw(tuple(self.words))
        # What the report plays: for each word its systems, and the job that holds what each of them heard.
        heard = {
            id: [["Raw", raw[id].id], *([system, score.id] for system, score in systems.items())]
            for id, systems in self.single_systems.items()
        }
        told = ("name", "base", "seed", "task", "languages", "control_task", "text", "speech", "training", "merging")
        settings = {
            "experiment": "rare_words",
            "examples": EXAMPLES,
            "words": {word.id: forms_of(word) for word in self.words},
            "heard": heard,
            "config": reported_settings(self.config, told),
        }
        hypotheses = [
            score.inputs["hypotheses"] for systems in self.single_systems.values() for score in systems.values()
        ]
        inputs = {
            "tables": list(tables.values()),
            "figures": figures,
            "claims": claims,
            "hypotheses": [*(raw[word.id] for word in self.words), *hypotheses],
            "sets": [self.speech(word) for word in self.words],
            "showing": self.showings(),
        }
        return PlannedJob("report", "report", settings, inputs)


def plan(config: dict[str, Any], results: Path) -> Plan:
    """All jobs of the experiment. What is in the results matters only where known words are to be skipped."""
    languages = tuple(dict.fromkeys((config["languages"]["source"], config["languages"]["target"])))
    words = read_words(Path(config["words"]), languages)
    experiment, skipped = RareWords(config, words), frozenset[str]()
    if config["rarity"]["known"] == "skip":
        checks = [experiment.rarity(word) for word in words]
        verdicts = {check.id: read_verdict(results, check) for check in checks}
        if None in verdicts.values():
            return Plan(
                checks,
                "which words the base knows is checked first; run the same command again to go on with the others",
            )
        skipped = frozenset(id for id, known in verdicts.items() if known)
        experiment = RareWords(config, words, skipped)
        if not experiment.words:
            raise UserError(
                "key 'rarity.known' is skip, and the base knows every word: set it to keep, or give other words."
            )
    repeated = [RareWords(config, words, skipped, repetition) for repetition in range(1, config["repetitions"])]
    claims = claims_job([each.claims() for each in (experiment, *repeated)], config["seed"])
    tables = experiment.tables()
    figures = experiment.figures(tables)
    vectors = [experiment.vector(subset) for subset in experiment.single.values()]
    proposed = experiment.candidates(tuple(words))
    report = experiment.report(tables, figures, claims)
    return Plan([*tables.values(), *figures, *vectors, *proposed, claims, report])
