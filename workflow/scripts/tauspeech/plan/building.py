"""Jobs of every stage, from the configuration and from the jobs before them; experiments put them together."""

from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from tauspeech.errors import UserError
from tauspeech.plan.foundation import foundation_base
from tauspeech.plan.jobs import Inputs, Job
from tauspeech.plan.sources import base_source, grammar_source, own_sentences, recordings
from tauspeech.plan.voices import voices_of

Lessons = tuple[tuple[Job, tuple[dict[str, str], ...]], ...]  # sets of speech, and what is asked of each


@dataclass(frozen=True)
class Mixture:
    """Vectors that become one model, and how; the lessons are what its weight is chosen by."""

    id: str
    method: dict[str, Any]
    vectors: tuple[Job, ...]
    lessons: Lessons
    ratios: tuple[Job, ...] = ()  # how much pruning leaves of each vector, where it was chosen

    @property
    def inputs(self) -> dict[str, list[Job] | None]:
        return {"vectors": list(self.vectors), "ratios": list(self.ratios) or None}


@dataclass(frozen=True)
class Sentences:
    """What a set of sentences is to be; those of a word hold it."""

    languages: tuple[str, ...]
    counts: dict[str, int]
    own: dict[str, str] | None
    word: dict[str, Any] = field(default_factory=lambda: {"word": None, "word_id": ""})


class Builder:
    """``repetition`` counts the seeds: all but the base is made again for each, under names of its own."""

    sources: tuple[str, ...]  # the spoken languages
    target: str  # the language that they are translated into

    def __init__(self, config: dict[str, Any], repetition: int = 0):
        self.config = config
        self.seed: int = config["seed"] + repetition
        self.tag = f"--seed{self.seed}" if repetition else ""
        self._made: dict[tuple[Any, ...], Job] = {}

    def job(
        self,
        stage: str,
        id: str,
        settings: dict[str, Any],
        inputs: Inputs | None = None,
        seed: int = 0,
        threads: int = 1,
    ) -> Job:
        return Job(stage, id + self.tag, settings, inputs or {}, seed, threads)

    def setting(self, section: str, id: str | None = None) -> dict[str, Any]:
        """A section of the configuration, with what is special to one word or one training."""
        special = self.config["overrides"].get(id, {}) if id else {}
        return overlaid(self.config[section], special.get(section, {}))

    # Data

    def own_sentences(self, name: str) -> dict[str, str] | None:
        return own_sentences(self.config["text"]["own"], name)

    def sentences(self, id: str, wanted: Sentences) -> Job:
        settings = {
            "languages": list(wanted.languages),
            "limits": self.config["text"]["limits"],
            "own": wanted.own,
            "grammar": None if wanted.own else grammar_source(wanted.languages),
            "counts": wanted.counts,
        } | wanted.word
        return self.job("text", id, settings, seed=self.seed)

    def recordings(self, name: str) -> dict[str, str] | None:
        return recordings(self.config["speech"]["recordings"], name)

    def recorded(self, id: str, found: dict[str, str], languages: tuple[str, ...], word: str, carriers: bool) -> Job:
        settings = {"recordings": found, "languages": list(languages), "word": word, "carriers": carriers}
        return self.job("speech", id, settings)

    def spoken(
        self, id: str, text: Job, language: str, speech: dict[str, Any], hours: dict[str, float] | None = None
    ) -> Job:
        """The sentences of a text in a voice of their language, of each split no more than its hours."""
        for key in ("rate", "pitch"):
            if speech[key][0] > speech[key][1]:
                raise UserError(f"key 'speech.{key}' is {speech[key]}: give the lower end first.")
        settings = {key: speech[key] for key in ("engine", "rate", "pitch")}
        settings |= {
            "language": language,
            "languages": text.settings["languages"],
            "voices": voices_of(speech, language),
            "hours": hours,
        }
        return self.job("speech", id, settings, {"text": text}, self.seed, threads=0)

    @cached_property
    def base(self) -> Job:
        """One for all repetitions."""
        config = self.config
        languages = tuple(dict.fromkeys((*self.sources, self.target)))
        source = base_source(config["base"], config["retrain_foundation"], languages)
        if source["kind"] == "train":
            return foundation_base(source["size"], self.sources, self.target, config, config["seed"])
        return Job("base", "base", source)

    # Training

    def tuned(
        self, id: str, lessons: Lessons, training: dict[str, Any], joint_steps: float | None = None, share: float = 1.0
    ) -> Job:
        """A fine-tune on the sets of some lessons, on the first part of each set's training hours."""
        settings = {key: value for key, value in training.items() if key not in ("threads", "gpus")}
        settings |= asked_of(lessons) | {"joint_steps": joint_steps, "share": share}
        settings["processes"] = max(1, training["gpus"])
        if training["best_by"] == "score":
            settings["listening"] = self.hearing | {"beams": 1, "precision": "fp32"}
        return self.job(
            "finetune", id, settings, {"base": self.base} | sets_of(lessons), self.seed, training["threads"]
        )

    def vector_of(self, finetuned: Job) -> Job:
        return Job("vector", finetuned.id, {}, {"base": self.base, "finetuned": finetuned})

    # Merging

    def weight_of(self, mixture: Mixture) -> Job:
        merging = self.config["merging"]
        settings = self.hearing | mixture.method | asked_of(mixture.lessons)
        settings |= {"grid": sorted(merging["grid"]), "tolerance": merging["tolerance"]}
        inputs = {"base": self.base} | mixture.inputs | sets_of(mixture.lessons)
        return self.job("weight", mixture.id, settings, inputs, self.seed, self.decoding_threads)

    def merged(self, mixture: Mixture, weight: float | None = None) -> Job:
        """A merged model, at a given weight or at the one that serves validation best."""
        inputs = {"base": self.base} | mixture.inputs
        if weight is None:
            return self.job(
                "merge", mixture.id, mixture.method, inputs | {"weight": self.weight_of(mixture)}, self.seed
            )
        return self.job("merge", mixture.id, mixture.method | {"weight": weight}, inputs, self.seed)

    # Scoring

    @property
    def decoding_threads(self) -> int:
        return self.config["decoding"]["threads"]

    @cached_property
    def hearing(self) -> dict[str, Any]:
        """How models are made to speak."""
        decoding = self.config["decoding"]
        return {key: decoding[key] for key in ("beams", "batch", "new_tokens", "precision")}

    def decoded(self, id: str, model: Job, lessons: Lessons) -> Job:
        """What a model hears in the test split of some sets."""
        settings = self.hearing | asked_of(lessons)
        return self.job("decode", id, settings, {"model": model} | sets_of(lessons), threads=self.decoding_threads)

    def scored(self, hypotheses: Job, raw: tuple[Job, ...] = (), finetuned: Job | None = None, **settings: Any) -> Job:
        """Every metric of a model, with tests against the base and the fine-tuned model."""
        inputs = {"hypotheses": hypotheses, "raw": list(raw), "ft": finetuned}
        return Job("score", hypotheses.id, settings, inputs, self.seed)


def asked_of(lessons: Lessons) -> dict[str, Any]:
    return {"lessons": {speech.id: list(asked) for speech, asked in lessons}}


def sets_of(lessons: Lessons) -> dict[str, list[Job]]:
    return {"sets": [speech for speech, _ in lessons]}


def overlaid(section: dict[str, Any], special: dict[str, Any]) -> dict[str, Any]:
    """A section with some of its keys replaced, at any depth."""
    result = dict(section)
    for key, value in special.items():
        both = isinstance(value, dict) and isinstance(section.get(key), dict)
        result[key] = overlaid(section[key], value) if both else value
    return result
