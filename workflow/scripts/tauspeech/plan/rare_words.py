"""The experiment rare_words: one vector a word, and what becomes of them alone and together.

After "Rare word recognition and translation without fine-tuning via task vector in speech models":
Tables 1 to 3 and Figure 2.
"""

from functools import cached_property
from pathlib import Path
from typing import Any

from tauspeech.errors import UserError
from tauspeech.plan.building import Builder, Subset, forms_of
from tauspeech.plan.jobs import Job, Plan
from tauspeech.plan.verdicts import read_verdict
from tauspeech.plan.words import Word, read_words

NAMES = {"average": "Average", "ta": "TA", "ties": "TIES", "dare": "DARE"}
MOST_COUNTED = 10  # words in the largest merge of Figure 2, unless the configuration says otherwise
EXAMPLES = 3  # utterances of each word that the report plays

Systems = dict[str, Job]  # scores by the paper's name of the system


class RareWords(Builder):
    def __init__(self, config: dict[str, Any], words: list[Word], skipped: frozenset[str] = frozenset()):
        super().__init__(config)
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

    def heard(self, id: str, model: Job, words: tuple[Word, ...], general: bool) -> Job:
        """The control task is asked of models of one word, on that word's set."""
        tasks = (self.task, self.control) if self.control and len(words) == 1 else (self.task,)
        asked = [(self.speech(word), tasks) for word in words]
        if general:
            asked.append((self.speech(None), (self.task,)))
        return self.decode(id, model, tuple(asked))

    def raw(self, words: tuple[Word, ...]) -> dict[str, Job]:
        """What the base hears, by set: a job each, so that a new word leaves the others alone."""
        of_words = {word.id: self.heard(f"raw/{word.id}", self.base, (word,), False) for word in words}
        return of_words | {"general": self.heard("raw/general", self.base, (), True)}

    def raw_scores(self, words: tuple[Word, ...]) -> dict[str, Job]:
        raw = self.raw(words)
        scores = {word.id: self.score(raw[word.id], (word,), (), None) for word in words}
        return scores | {"general": self.score(raw["general"], (), (), None)}

    def systems(self, subset: Subset, weight: str | float) -> Systems:
        """Scores of each system on the words of a subset."""
        run, raw = self.finetune(subset), tuple(self.raw(subset.words).values())
        tuned = self.heard(run.id, run, subset.words, True)
        scores = {"FT": self.score(tuned, subset.words, raw, None)}
        for method in ("average", *self.config["merging"]["methods"]):
            merge = self.merge(subset, method, weight)
            merged = self.heard(merge.id, merge, subset.words, True)
            scores[NAMES[method]] = self.score(merged, subset.words, raw, tuned)
        return scores

    @cached_property
    def single_systems(self) -> dict[str, Systems]:
        weight = self.config["merging"]["weight"]
        return {id: self.systems(subset, weight) for id, subset in self.single.items()}

    # What is shown

    def tables(self) -> dict[str, Job]:
        """Tables by name."""
        sets = [self.speech(word) for word in self.words]
        checks = [self.rarity(word) for word in self.all_words]
        forms = {word.id: forms_of(word) for word in self.words}
        tables = {
            "table1": Job("table", "table1", {"kind": "sets", "words": self._labels(self.words)}, {"sets": sets}),
            "rarity": Job(
                "table", "rarity", {"kind": "rarity", "words": self._labels(self.all_words)}, {"rarity": checks}
            ),
            "overlap": Job(
                "table", "overlap", {"kind": "overlap", "words": forms}, {"sets": [*sets, self.speech(None)]}
            ),
            "weights": Job("table", "weights", {"kind": "weights"}, {"weights": self._weights()}),
            "table2": self._by_word("table2", self.task, with_general=True),
            "fig2": self._fig2(),
        }
        if self.control:
            tables["table3"] = self._by_word("table3", self.control, with_general=False)
        return tables

    def _labels(self, words: list[Word]) -> list[dict[str, str]]:
        return [{"word_id": word.id, "word": word.label(self.target), "domain": word.domain} for word in words]

    def _weights(self) -> list[Job]:
        subsets = {subset.id: subset for subset in [*self.single.values(), *self.subsets]}.values()
        return [self.weight(subset, method) for subset in subsets for method in self.config["merging"]["methods"]]

    def _by_word(self, name: str, task: str, with_general: bool) -> Job:
        """A row a word and, at the end, the general test set: the mean over the words' models."""
        raw, systems = self.raw_scores(tuple(self.words)), self.single_systems
        rows = []
        for id, of_word in systems.items():
            cells = {system: [[score.id, id]] for system, score in ({"Raw": raw[id]} | of_word).items()}
            rows.append({"label": id, "cells": cells})
        if with_general:
            cells = {"Raw": [[raw["general"].id, "general"]]}
            for system in next(iter(systems.values())):
                cells[system] = [[of_word[system].id, "general"] for of_word in systems.values()]
            rows.append({"label": "General", "cells": cells})
        return self._scores_table(name, "word_id", rows, task, [raw, *systems.values()])

    def _fig2(self) -> Job:
        """The score of each number of words, being the mean over those words' test sets."""
        rows, used = [], []
        for subset in self.subsets:
            raw, systems = self.raw_scores(subset.words), self.systems(subset, "validation")
            cells = {"Raw": [[raw[word.id].id, word.id] for word in subset.words]}
            cells |= {system: [[score.id, word.id] for word in subset.words] for system, score in systems.items()}
            label = subset.id if subset.id in self.config["composition"]["subsets"] else str(len(subset.words))
            rows.append({"label": label, "cells": cells})
            used += [raw, systems]
        return self._scores_table("fig2", "words", rows, self.task, used)

    def _scores_table(self, name: str, first: str, rows: list[dict[str, Any]], task: str, used: list[Systems]) -> Job:
        """Each cell names the [model, set] pairs that it is the mean of."""
        language = self.source if task == "transcribe" else self.target
        # Specifications sort their keys, so the order of the columns is said apart.
        columns = list(rows[0]["cells"])
        settings = {
            "kind": "scores",
            "first": first,
            "columns": columns,
            "rows": rows,
            "task": task,
            "language": language,
        }
        scores = {score.id: score for systems in used for score in systems.values()}
        return Job("table", name, settings, {"scores": list(scores.values())})

    def figures(self, tables: dict[str, Job]) -> list[Job]:
        about = {
            "task": self.task,
            "language": self.target if self.task == "translate" else self.source,
            "names": NAMES,
        }
        return [
            Job("figure", "fig2", {"kind": "lines"} | about, {"table": tables["fig2"]}),
            Job("figure", "weights", {"kind": "weights"} | about, {"table": tables["weights"]}),
        ]

    def report(self, tables: dict[str, Job], figures: list[Job]) -> Job:
        raw = self.raw(tuple(self.words))
        # What the report plays: for each word its systems, and the job that holds what each of them heard.
        heard = {
            id: [["Raw", raw[id].id], *([system, score.id] for system, score in systems.items())]
            for id, systems in self.single_systems.items()
        }
        told = ("name", "base", "seed", "task", "languages", "control_task", "text", "speech", "training", "merging")
        settings = {
            "examples": EXAMPLES,
            "words": {word.id: forms_of(word) for word in self.words},
            "heard": heard,
            "config": {key: self.config[key] for key in told},
        }
        hypotheses = [
            score.inputs["hypotheses"] for systems in self.single_systems.values() for score in systems.values()
        ]
        inputs = {
            "tables": list(tables.values()),
            "figures": figures,
            "hypotheses": [*(raw[word.id] for word in self.words), *hypotheses],
            "sets": [self.speech(word) for word in self.words],
        }
        return Job("report", "report", settings, inputs)


def plan(config: dict[str, Any], results: Path) -> Plan:
    """All jobs of the experiment. What is in the results matters only where known words are to be skipped."""
    languages = tuple(dict.fromkeys((config["languages"]["source"], config["languages"]["target"])))
    experiment = RareWords(config, read_words(Path(config["words"]), languages))
    if config["rarity"]["known"] == "skip":
        checks = [experiment.rarity(word) for word in experiment.all_words]
        verdicts = {check.id: read_verdict(results, check) for check in checks}
        if None in verdicts.values():
            return Plan(
                checks,
                "which words the base knows is checked first; run the same command again to go on with the others",
            )
        experiment = RareWords(config, experiment.all_words, frozenset(id for id, known in verdicts.items() if known))
        if not experiment.words:
            raise UserError(
                "key 'rarity.known' is skip, and the base knows every word: set it to keep, or give other words."
            )
    tables = experiment.tables()
    figures = experiment.figures(tables)
    vectors = [experiment.vector(subset) for subset in experiment.single.values()]
    return Plan([*tables.values(), *figures, *vectors, experiment.report(tables, figures)])
