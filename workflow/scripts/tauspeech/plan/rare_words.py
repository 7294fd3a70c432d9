"""The experiment rare_words: one vector a word, and what becomes of them alone and together.

After "Rare word recognition and translation without fine-tuning via task vector in speech models":
Tables 1 to 3 and Figure 2.
"""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from tauspeech.errors import UserError
from tauspeech.plan.foundation import foundation_base
from tauspeech.plan.jobs import Job, Plan, once
from tauspeech.plan.sources import base_source, grammar_source, own_file
from tauspeech.plan.verdicts import read_verdict
from tauspeech.plan.words import Word, read_words

NAMES = {"average": "Average", "ta": "TA", "ties": "TIES", "dare": "DARE"}
METHOD = {"average": "task_arithmetic", "ta": "task_arithmetic", "ties": "ties", "dare": "dare"}
MOST_COUNTED = 10  # words in the largest merge of Figure 2, unless the configuration says otherwise
EXAMPLES = 3  # utterances of each word that the report plays


@dataclass(frozen=True, eq=False)
class Subset:
    """Words that are merged; a single word is a subset of one."""

    id: str
    words: tuple[Word, ...]


class RareWords:
    """Builds each job from the configuration and from the jobs before it."""

    def __init__(self, config: dict[str, Any], words: list[Word], skipped: frozenset[str] = frozenset()):
        self.config = config
        self.seed: int = config["seed"]
        self.source, self.target = config["languages"]["source"], config["languages"]["target"]
        self.languages = tuple(dict.fromkeys((self.source, self.target)))
        self.all_words = words
        self._made: dict[tuple[Any, ...], Job] = {}
        self.words = [word for word in words if word.id not in skipped]
        if unknown := sorted(set(config["overrides"]) - {word.id for word in words}):
            raise UserError(f"key 'overrides.{unknown[0]}': no such word_id in {config['words']}.")

    def setting(self, section: str, word: Word | None = None) -> dict[str, Any]:
        """A section of the configuration, with what is special to one word."""
        special = self.config["overrides"].get(word.id, {}) if word else {}
        return overlaid(self.config[section], special.get(section, {}))

    # Data

    @once
    def text(self, word: Word | None) -> Job:
        set_id = word.id if word else "general"
        own = own_file(self.config["text"]["own"], set_id)
        counts = self.setting("text", word)["counts"]
        settings: dict[str, Any] = {
            "languages": list(self.languages),
            "limits": self.config["text"]["limits"],
            "own": own,
            "grammar": None if own else grammar_source(self.languages),
            "word": None,
            "counts": {"test": counts["general"]},
            "carriers": 0,
        }
        if word:
            forms = {language: list(word.forms[language]) for language in self.languages}
            settings["word"] = {"forms": forms, "phrase": word.phrase, "domain": word.domain}
            settings["counts"] = {split: counts[split] for split in ("train", "validation", "test")}
            settings["carriers"] = self.config["rarity"]["carriers"]
        return Job("text", set_id, settings, seed=self.seed)

    @once
    def speech(self, word: Word | None) -> Job:
        set_id = word.id if word else "general"
        if recordings := own_file(self.config["speech"]["recordings"], set_id):
            return Job("speech", set_id, {"recordings": recordings, "languages": list(self.languages)})
        speech = self.setting("speech", word)
        settings = {key: speech[key] for key in ("engine", "rate", "pitch")}
        settings |= {
            "language": self.source,
            "languages": list(self.languages),
            "voices": speech["voices"].get(self.source, []),
        }
        if not settings["voices"]:
            raise UserError(f"key 'speech.voices.{self.source}' is missing: name at least one voice for this language.")
        return Job("speech", set_id, settings, {"text": self.text(word)}, self.seed, threads=0)

    @cached_property
    def base(self) -> Job:
        source = base_source(self.config["base"], self.config["retrain_foundation"])
        if source["kind"] == "train":
            return foundation_base(source["size"], self.languages, self.config, self.seed)
        return Job("base", "base", source)

    @once
    def rarity(self, word: Word) -> Job:
        settings = self._hearing() | {"threshold": self.config["rarity"]["threshold"], "word": self._forms(word)}
        return Job(
            "rarity",
            word.id,
            settings,
            {"base": self.base, "speech": self.speech(word)},
            threads=self._decoding_threads,
        )

    # Training

    @once
    def finetune(self, words: tuple[Word, ...]) -> Job:
        single = len(words) == 1
        training = self.setting("training", words[0] if single else None)
        settings = {key: value for key, value in training.items() if key not in ("threads", "gpus")}
        settings |= {"task": self.config["task"], "source": self.source, "target": self.target}
        settings["joint_steps"] = None if single else self.config["composition"]["joint_steps"]
        settings["listening"] = {key: self.config["decoding"][key] for key in ("batch", "new_tokens")} | {
            "beams": 1,
            "precision": "fp32",
        }
        sets = [self.speech(word) for word in words]
        run = words[0].id if single else f"joint--{len(words)}"
        return Job("finetune", run, settings, {"base": self.base, "sets": sets}, self.seed, training["threads"])

    @once
    def vector(self, word: Word) -> Job:
        return Job("vector", word.id, {}, {"base": self.base, "finetuned": self.finetune((word,))})

    # Merging

    @once
    def merge(self, subset: Subset, method: str, weight: str | float) -> Job:
        """A merged model; ``weight`` is 'validation', 'normalised' or a number."""
        vectors = [self.vector(word) for word in subset.words]
        settings: dict[str, Any] = {"method": METHOD[method], "options": self.config["merging"].get(method, {})}
        if method == "average":
            # The mean of the fine-tuned models is task arithmetic at weight 1/K; of a single one the paper takes the
            # mean with the base.
            settings["weight"] = 1 / max(2, len(vectors))
            return Job("merge", f"{subset.id}--average", settings, {"base": self.base, "vectors": vectors})
        inputs: dict[str, Any] = {"base": self.base, "vectors": vectors}
        id = f"{subset.id}--{method}"
        if weight == "validation":
            inputs["weight"] = self.weight(subset, method)
        else:
            settings["weight"] = 1 / len(vectors) if weight == "normalised" else weight
            id += "--normalised" if weight == "normalised" else "--fixed"
        return Job("merge", id, settings, inputs, seed=self.seed)

    @once
    def weight(self, subset: Subset, method: str) -> Job:
        merging = self.config["merging"]
        settings = self._hearing() | {
            "method": METHOD[method],
            "options": merging.get(method, {}),
            "grid": sorted(merging["grid"]),
            "tolerance": merging["tolerance"],
            "task": self.config["task"],
        }
        inputs = {
            "base": self.base,
            "vectors": [self.vector(word) for word in subset.words],
            "sets": [self.speech(word) for word in subset.words],
        }
        return Job("weight", f"{subset.id}--{method}", settings, inputs, self.seed, self._decoding_threads)

    # Scoring

    @property
    def _decoding_threads(self) -> int:
        return self.config["decoding"]["threads"]

    def _hearing(self) -> dict[str, Any]:
        decoding = self.config["decoding"]
        settings = {key: decoding[key] for key in ("beams", "batch", "new_tokens", "precision")}
        return settings | {"source": self.source, "target": self.target, "task": self.config["task"]}

    def _forms(self, word: Word) -> dict[str, list[str]]:
        return {language: list(forms) for language, forms in word.forms.items()}

    @property
    def control(self) -> str | None:
        """The task of Table 3, if it is another one than the words are taught."""
        return self.config["control_task"] if self.config["control_task"] != self.config["task"] else None

    @once
    def decode(self, id: str, model: Job, words: tuple[Word, ...], general: bool) -> Job:
        """What a model hears; the control task is asked of models of one word, on that word's set."""
        tasks = [self.config["task"], self.control] if self.control and len(words) == 1 else [self.config["task"]]
        sets = {word.id: tasks for word in words} | ({"general": [self.config["task"]]} if general else {})
        inputs = {
            "model": model,
            "sets": [self.speech(word) for word in words] + ([self.speech(None)] if general else []),
        }
        return Job("decode", id, self._hearing() | {"tasks": sets}, inputs, threads=self._decoding_threads)

    def raw(self, words: tuple[Word, ...]) -> tuple[Job, ...]:
        """The base on the words' sets and on the general one: a job each, so that a new word leaves the others alone."""
        of_words = [self.decode(f"raw/{word.id}", self.base, (word,), False) for word in words]
        return (*of_words, self.decode("raw/general", self.base, (), True))

    @once
    def score(self, hypotheses: Job, words: tuple[Word, ...], raw: tuple[Job, ...], finetuned: Job | None) -> Job:
        settings = {"words": {word.id: self._forms(word) for word in words}}
        inputs = {"hypotheses": hypotheses, "raw": list(raw), "ft": finetuned}
        return Job("score", hypotheses.id, settings, inputs, self.seed)

    def raw_scores(self, words: tuple[Word, ...]) -> dict[str, Job]:
        """Scores of the base by set."""
        jobs = self.raw(words)
        by_id = {word.id: word for word in words}
        sets = [job.id.removeprefix("raw/") for job in jobs]
        return {
            id: self.score(job, (by_id[id],) if id in by_id else (), (), None)
            for id, job in zip(sets, jobs, strict=True)
        }

    def systems(self, subset: Subset, weight: str | float) -> dict[str, Job]:
        """Scores of each system on the words of a subset, by the paper's name."""
        run, raw = self.finetune(subset.words), self.raw(subset.words)
        tuned = self.decode(run.id, run, subset.words, True)
        scores = {"FT": self.score(tuned, subset.words, raw, None)}
        for method in ("average", *self.config["merging"]["methods"]):
            merge = self.merge(subset, method, weight)
            merged = self.decode(merge.id, merge, subset.words, True)
            scores[NAMES[method]] = self.score(merged, subset.words, raw, tuned)
        return scores

    # What is wanted

    @cached_property
    def singles(self) -> list[Subset]:
        return [Subset(word.id, (word,)) for word in self.words]

    @cached_property
    def subsets(self) -> list[Subset]:
        """The points of Figure 2 and what the configuration adds."""
        composition = self.config["composition"]
        counts = composition["counts"] or range(1, MOST_COUNTED + 1)
        found = [
            Subset(f"first{count}", tuple(self.words[:count])) if count > 1 else self.singles[0]
            for count in sorted(counts)
            if count <= len(self.words)
        ]
        by_id = {word.id: word for word in self.words}
        for name, members in composition["subsets"].items():
            if missing := [member for member in members if member not in by_id]:
                raise UserError(
                    f"key 'composition.subsets.{name}': there is no word '{missing[0]}' in {self.config['words']}."
                )
            found.append(Subset(name, tuple(by_id[member] for member in members)))
        return found

    def tables(self) -> dict[str, Job]:
        """Tables by name; each cell names the scores that it is the mean of."""
        weight = self.config["merging"]["weight"]
        systems = {subset.id: self.systems(subset, weight) for subset in self.singles}
        tables = {
            "table1": self._table1(),
            "rarity": Job(
                "table",
                "rarity",
                {"kind": "rarity", "words": self._labels(self.all_words)},
                {"rarity": [self.rarity(word) for word in self.all_words]},
            ),
            "table2": self._scores_table("table2", systems, self.config["task"], with_general=True),
            "fig2": self._fig2(),
        }
        if self.control:
            tables["table3"] = self._scores_table("table3", systems, self.control, with_general=False)
        weights = [
            self.weight(subset, method)
            for subset in self.subsets_and_singles
            for method in self.config["merging"]["methods"]
        ]
        tables["weights"] = Job("table", "weights", {"kind": "weights"}, {"weights": weights})
        return tables

    @property
    def subsets_and_singles(self) -> list[Subset]:
        return list({subset.id: subset for subset in [*self.singles, *self.subsets]}.values())

    def _labels(self, words: list[Word]) -> list[dict[str, str]]:
        return [{"word_id": word.id, "word": word.label(self.target), "domain": word.domain} for word in words]

    def _table1(self) -> Job:
        speech = [self.speech(word) for word in self.words]
        return Job("table", "table1", {"kind": "sets", "words": self._labels(self.words)}, {"sets": speech})

    def _scores_table(self, name: str, systems: dict[str, dict[str, Job]], task: str, with_general: bool) -> Job:
        raw = self.raw_scores(tuple(self.words))
        rows = []
        for id, of_word in systems.items():
            cells = {system: [[score.id, id]] for system, score in ({"Raw": raw[id]} | of_word).items()}
            rows.append({"label": id, "cells": cells})
        if with_general:
            # The general test set: the mean over the words' models.
            cells = {"Raw": [[raw["general"].id, "general"]]}
            for system in next(iter(systems.values())):
                cells[system] = [[of_word[system].id, "general"] for of_word in systems.values()]
            rows.append({"label": "General", "cells": cells})
        scores = [score for of_word in systems.values() for score in of_word.values()]
        return self._matrix(name, "word_id", rows, task, [*raw.values(), *scores])

    def _fig2(self) -> Job:
        """The score of each number of words, being the mean over those words' test sets."""
        rows, scores = [], []
        for subset in self.subsets:
            raw, systems = self.raw_scores(subset.words), self.systems(subset, "validation")
            cells = {"Raw": [[raw[word.id].id, word.id] for word in subset.words]}
            cells |= {system: [[score.id, word.id] for word in subset.words] for system, score in systems.items()}
            label = subset.id if subset.id in self.config["composition"]["subsets"] else len(subset.words)
            rows.append({"label": str(label), "cells": cells})
            scores += [*raw.values(), *systems.values()]
        return self._matrix("fig2", "words", rows, self.config["task"], scores)

    def _matrix(self, name: str, first: str, rows: list[dict[str, Any]], task: str, scores: list[Job]) -> Job:
        language = self.source if task == "transcribe" else self.target
        settings = {"kind": "scores", "first": first, "rows": rows, "task": task, "language": language}
        return Job("table", name, settings, {"scores": list({score.id: score for score in scores}.values())})

    def figures(self, tables: dict[str, Job]) -> list[Job]:
        label = "BLEU" if self.config["task"] == "translate" else "100 - error rate"
        return [
            Job(
                "figure",
                "fig2",
                {"kind": "lines", "ylabel": f"{label} on the words' test sets"},
                {"table": tables["fig2"]},
            ),
            Job(
                "figure",
                "weights",
                {"kind": "weights", "ylabel": f"{label} on validation", "names": NAMES},
                {"table": tables["weights"]},
            ),
        ]

    def report(self, tables: dict[str, Job], figures: list[Job]) -> Job:
        weight = self.config["merging"]["weight"]
        systems = {word.id: self.systems(subset, weight) for subset, word in zip(self.singles, self.words, strict=True)}
        raw = {word.id: self.raw((word,))[0] for word in self.words}
        # What the report plays: for each word its systems and the hypotheses of each.
        heard = {
            id: {"Raw": raw[id].id} | {system: score.id for system, score in of_word.items()}
            for id, of_word in systems.items()
        }
        told = ("name", "base", "seed", "task", "languages", "control_task", "text", "speech", "training", "merging")
        settings = {
            "examples": EXAMPLES,
            "words": {word.id: self._forms(word) for word in self.words},
            "heard": heard,
            "listening": self._hearing(),
            "config": {key: self.config[key] for key in told},
        }
        hypotheses = [score.inputs["hypotheses"] for of_word in systems.values() for score in of_word.values()]
        inputs = {
            "tables": list(tables.values()),
            "figures": figures,
            "hypotheses": [*raw.values(), *hypotheses],
            "sets": [self.speech(word) for word in self.words],
        }
        return Job("report", "report", settings, inputs)


def overlaid(section: dict[str, Any], special: dict[str, Any]) -> dict[str, Any]:
    """A section with some of its keys replaced, at any depth."""
    result = dict(section)
    for key, value in special.items():
        result[key] = (
            overlaid(section[key], value) if isinstance(value, dict) and isinstance(section.get(key), dict) else value
        )
    return result


def plan(config: dict[str, Any], results: Path) -> Plan:
    """All jobs of the experiment. What is in the results matters only where known words are to be skipped."""
    languages = tuple(dict.fromkeys((config["languages"]["source"], config["languages"]["target"])))
    experiment = RareWords(config, read_words(Path(config["words"]), languages))
    if config["rarity"]["known"] == "skip":
        checks = [experiment.rarity(word) for word in experiment.all_words]
        verdicts = {check.id: read_verdict(results, check) for check in checks}
        if None in verdicts.values():
            # Which words are left is known only after the check; until then it is all there is to do.
            return Plan(checks)
        experiment = RareWords(config, experiment.all_words, frozenset(id for id, known in verdicts.items() if known))
        if not experiment.words:
            raise UserError(
                "key 'rarity.known' is skip, and the base knows every word: set it to keep, or give other words."
            )
    tables = experiment.tables()
    figures = experiment.figures(tables)
    vectors = [experiment.vector(word) for word in experiment.words]
    return Plan([*tables.values(), *figures, *vectors, experiment.report(tables, figures)])
