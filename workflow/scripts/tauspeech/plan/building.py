"""Jobs of every stage, from the configuration and from the jobs before them; experiments put them together."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

from tauspeech.errors import UserError
from tauspeech.plan.foundation import foundation_base
from tauspeech.plan.jobs import Job, once
from tauspeech.plan.sources import base_source, grammar_source, own_sentences, recordings
from tauspeech.plan.words import Word

METHOD = {"average": "task_arithmetic", "ta": "task_arithmetic", "ties": "ties", "dare": "dare"}


@dataclass(frozen=True, eq=False)
class Subset:
    """Words that one model is made for; a single word is a subset of one, under its own name."""

    id: str
    words: tuple[Word, ...]

    @property
    def run(self) -> str:
        """The fine-tune on all of the words."""
        return self.id if len(self.words) == 1 else f"joint--{self.id}"


class Builder:
    def __init__(self, config: dict[str, Any]):
        self.config = config
        self.seed: int = config["seed"]
        self.task: str = config["task"]
        self.source, self.target = config["languages"]["source"], config["languages"]["target"]
        self.languages = tuple(dict.fromkeys((self.source, self.target)))
        self._made: dict[tuple[Any, ...], Job] = {}
        self._alone: dict[str, Subset] = {}

    def setting(self, section: str, word: Word | None = None) -> dict[str, Any]:
        """A section of the configuration, with what is special to one word."""
        special = self.config["overrides"].get(word.id, {}) if word else {}
        return overlaid(self.config[section], special.get(section, {}))

    # Data. A set is a word's, its carrier sentences' or, without a word, the general one.

    @once
    def text(self, word: Word | None, carriers: bool) -> Job:
        counts = self.setting("text", word)["counts"]
        own = own_sentences(self.config["text"]["own"], word.id if word else "general")
        settings: dict[str, Any] = {
            "languages": list(self.languages),
            "limits": self.config["text"]["limits"],
            "own": own,
            "grammar": None if own else grammar_source(self.languages),
            "word": None,
            "word_id": word.id if word else "",
            "counts": {"test": counts["general"]},
        }
        if word:
            forms = {language: list(word.forms[language]) for language in self.languages}
            settings["word"] = {"forms": forms, "phrase": word.phrase, "domain": word.domain}
            settings["counts"] = {split: counts[split] for split in ("train", "validation", "test")}
        if carriers:
            settings["counts"] = {"carrier": self.config["rarity"]["carriers"]}
        return Job("text", set_name(word, carriers), settings, seed=self.seed)

    @once
    def speech(self, word: Word | None, carriers: bool = False) -> Job:
        if recorded := recordings(self.config["speech"]["recordings"], word.id if word else "general"):
            settings = {"recordings": recorded, "languages": list(self.languages), "word": word.id if word else ""}
            return Job("speech", set_name(word, carriers), settings | {"carriers": carriers})
        speech = self.setting("speech", word)
        voices = speech["voices"].get(self.source)
        if not voices:
            raise UserError(f"key 'speech.voices.{self.source}' is missing: name at least one voice for this language.")
        for key in ("rate", "pitch"):
            if speech[key][0] > speech[key][1]:
                raise UserError(f"key 'speech.{key}' is {speech[key]}: give the lower end first.")
        settings = {key: speech[key] for key in ("engine", "rate", "pitch")}
        settings |= {"language": self.source, "languages": list(self.languages), "voices": voices}
        text = self.text(word, carriers)
        return Job("speech", text.id, settings, {"text": text}, self.seed, threads=0)

    @cached_property
    def base(self) -> Job:
        source = base_source(self.config["base"], self.config["retrain_foundation"], self.languages)
        if source["kind"] == "train":
            return foundation_base(source["size"], (self.source,), self.target, self.config, self.seed)
        return Job("base", "base", source)

    @once
    def rarity(self, word: Word) -> Job:
        settings = self.hearing | {"threshold": self.config["rarity"]["threshold"], "word": forms_of(word)}
        settings |= {"lesson": self.lesson(self.task)}
        inputs = {"base": self.base, "speech": self.speech(word, True)}
        return Job("rarity", word.id, settings, inputs, threads=self.decoding_threads)

    # Training

    @once
    def finetune(self, subset: Subset) -> Job:
        single = len(subset.words) == 1
        training = self.setting("training", subset.words[0] if single else None)
        settings = {key: value for key, value in training.items() if key not in ("threads", "gpus")}
        settings["lessons"] = {word.id: [self.lesson(self.task)] for word in subset.words}
        settings["processes"] = max(1, training["gpus"])
        settings["joint_steps"] = None if single else self.config["composition"]["joint_steps"]
        if training["best_by"] == "score":
            settings["listening"] = self.hearing | {"beams": 1, "precision": "fp32"}
        inputs = {"base": self.base, "sets": [self.speech(word) for word in subset.words]}
        return Job("finetune", subset.run, settings, inputs, self.seed, training["threads"])

    @once
    def vector(self, subset: Subset) -> Job:
        return Job("vector", subset.run, {}, {"base": self.base, "finetuned": self.finetune(subset)})

    # Merging

    def alone(self, word: Word) -> Subset:
        return self._alone.setdefault(word.id, Subset(word.id, (word,)))

    def vectors(self, subset: Subset) -> list[Job]:
        return [self.vector(self.alone(word)) for word in subset.words]

    @once
    def merge(self, subset: Subset, method: str, weight: str | float) -> Job:
        """A merged model; ``weight`` is 'validation', 'normalised' or a number."""
        vectors = self.vectors(subset)
        settings: dict[str, Any] = {"method": METHOD[method], "options": self.config["merging"].get(method, {})}
        inputs: dict[str, Any] = {"base": self.base, "vectors": vectors}
        id = f"{subset.id}--{method}"
        if method == "average":
            # The mean of the fine-tuned models is task arithmetic at weight 1/K; of a single one the paper takes the
            # mean with the base.
            settings["weight"] = 1 / max(2, len(vectors))
        elif weight == "validation":
            inputs["weight"] = self.weight(subset, method)
        else:
            settings["weight"] = 1 / len(vectors) if weight == "normalised" else weight
            id += "--normalised" if weight == "normalised" else "--fixed"
        return Job("merge", id, settings, inputs, seed=self.seed)

    @once
    def weight(self, subset: Subset, method: str) -> Job:
        merging = self.config["merging"]
        settings = self.hearing | {
            "method": METHOD[method],
            "options": merging.get(method, {}),
            "grid": sorted(merging["grid"]),
            "tolerance": merging["tolerance"],
            "lessons": {word.id: [self.lesson(self.task)] for word in subset.words},
        }
        sets = [self.speech(word) for word in subset.words]
        inputs = {"base": self.base, "vectors": self.vectors(subset), "sets": sets}
        return Job("weight", f"{subset.id}--{method}", settings, inputs, self.seed, self.decoding_threads)

    # Scoring

    @property
    def decoding_threads(self) -> int:
        return self.config["decoding"]["threads"]

    @cached_property
    def hearing(self) -> dict[str, Any]:
        """How models are made to speak."""
        decoding = self.config["decoding"]
        return {key: decoding[key] for key in ("beams", "batch", "new_tokens", "precision")}

    def lesson(self, task: str) -> dict[str, str]:
        """What a model is asked to do with speech in the source language."""
        return {"task": task, "source": self.source, "target": self.target}

    @once
    def decode(self, id: str, model: Job, asked: tuple[tuple[Job, tuple[str, ...]], ...]) -> Job:
        """What a model hears in the test split of some sets, and the tasks that it is asked of each."""
        lessons = {speech.id: [self.lesson(task) for task in tasks] for speech, tasks in asked}
        settings = self.hearing | {"lessons": lessons}
        inputs = {"model": model, "sets": [speech for speech, _ in asked]}
        return Job("decode", id, settings, inputs, threads=self.decoding_threads)

    @once
    def score(self, hypotheses: Job, words: tuple[Word, ...], raw: tuple[Job, ...], finetuned: Job | None) -> Job:
        settings = {"words": {word.id: forms_of(word) for word in words}}
        inputs = {"hypotheses": hypotheses, "raw": list(raw), "ft": finetuned}
        return Job("score", hypotheses.id, settings, inputs, self.seed)


def set_name(word: Word | None, carriers: bool) -> str:
    return f"{word.id if word else 'general'}{'--carriers' if carriers else ''}"


def forms_of(word: Word) -> dict[str, list[str]]:
    return {language: list(forms) for language, forms in word.forms.items()}


def overlaid(section: dict[str, Any], special: dict[str, Any]) -> dict[str, Any]:
    """A section with some of its keys replaced, at any depth."""
    result = dict(section)
    for key, value in special.items():
        both = isinstance(value, dict) and isinstance(section.get(key), dict)
        result[key] = overlaid(section[key], value) if both else value
    return result
