"""Jobs of every stage, from the configuration and from the jobs before them; experiments put them together."""

from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from tauspeech.plan.foundation import foundation_base
from tauspeech.plan.jobs import Inputs, PlannedJob
from tauspeech.plan.mini_voice import mini_voice
from tauspeech.plan.runtime_settings import result_settings
from tauspeech.plan.sources import base_source, grammar_source, own_sentences, recordings
from tauspeech.plan.voices import environment_of, models_of, only_espeak, short, voices_of
from tauspeech.runtime.errors import UserError

SHOWN = 2  # sentences

TaskSets = tuple[tuple[PlannedJob, tuple[dict[str, str], ...]], ...]  # sets of speech, and what is asked of each


@dataclass(frozen=True)
class Mixture:
    """Vectors that become one model, and how; the lessons are what its weight is chosen by."""

    id: str
    method: dict[str, Any]
    vectors: tuple[PlannedJob, ...]
    lessons: TaskSets
    ratios: tuple[PlannedJob, ...] = ()  # how much pruning leaves of each vector, where it was chosen
    together: str | None = None  # with which others its weight is chosen

    @property
    def inputs(self) -> dict[str, list[PlannedJob] | None]:
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
        self._made: dict[tuple[Any, ...], PlannedJob] = {}

    def job(
        self,
        stage: str,
        id: str,
        settings: dict[str, Any],
        inputs: Inputs | None = None,
        seed: int = 0,
        threads: int = 1,
        module: str | None = None,
        together: str | None = None,
    ) -> PlannedJob:
        batch = together and together + self.tag
        return PlannedJob(stage, id + self.tag, settings, inputs or {}, seed, threads, module, batch)

    def setting(self, section: str, id: str | None = None) -> dict[str, Any]:
        """A section of the configuration, with what is special to one word or one training."""
        special = self.config["overrides"].get(id, {}) if id else {}
        return overlaid(self.config[section], special.get(section, {}))

    # Data

    def own_sentences(self, name: str) -> dict[str, str] | None:
        return own_sentences(self.config["text"]["own"], name)

    def sentences(self, id: str, wanted: Sentences) -> PlannedJob:
        source = self._source_of(wanted)
        settings = {
            "languages": list(wanted.languages),
            "limits": self.config["text"]["limits"],
            "source": source,
            "counts": wanted.counts,
        } | wanted.word
        return self.job("text", id, settings, seed=self.seed, module=f"tauspeech.text.sources.{source['kind']}")

    def _source_of(self, wanted: Sentences) -> dict[str, Any]:
        """Own sentences come first; a language model writes only what nobody has written."""
        if wanted.own:
            return {"kind": "own"} | wanted.own
        if self.config["text"]["source"] == "template":
            return {"kind": "template"} | grammar_source(wanted.languages)
        return self.language_model()

    def language_model(self) -> dict[str, Any]:
        text = self.config["text"]
        if text["source"] == "template":
            raise UserError("key 'text.source' is template, which proposes no words: name a language model.")
        if not text[text["source"]]:
            raise UserError(f"key 'text.{text['source']}' is missing: say which model writes the sentences.")
        return {"kind": text["source"]} | result_settings(text[text["source"]])

    def recordings(self, name: str) -> dict[str, str] | None:
        return recordings(self.config["speech"]["recordings"], name)

    def recorded(
        self, id: str, found: dict[str, str], languages: tuple[str, ...], word: str, carriers: bool
    ) -> PlannedJob:
        settings = {"way": "recordings", "recordings": found, "languages": list(languages), "word": word}
        return self.job("speech", id, settings | {"carriers": carriers}, module=_way("recordings"))

    def spoken(
        self, id: str, text: PlannedJob, language: str, speech: dict[str, Any], hours: dict[str, float] | None = None
    ) -> PlannedJob:
        """The sentences of a text in a voice of their language, of each split no more than its hours."""
        for key in ("rate", "pitch"):
            if speech[key][0] > speech[key][1]:
                raise UserError(f"key 'speech.{key}' is {speech[key]}: give the lower end first.")
        voices = voices_of(speech, language)
        settings = {"language": language, "languages": text.settings["languages"], "hours": hours}
        if only_espeak(voices):
            settings |= {
                "way": "espeak",
                "rate": speech["rate"],
                "pitch": speech["pitch"],
                "longest": speech["longest"],
            }
            settings |= {"voices": [short(voice) for voice in voices]}
            return self.job("speech", id, settings, {"text": text}, self.seed, threads=0, module=_way("espeak"))
        check = self._check(text, speech)
        inputs = {"text": text, "voiced": self.voiced(id, text, language, speech), "base": self.base if check else None}
        settings |= {"way": "gathered", "check": check}
        threads = self.decoding_threads if check else 1
        return self.job("speech", id, settings, inputs, self.seed, threads, module=_way("gathered"))

    def _check(self, text: PlannedJob, speech: dict[str, Any]) -> dict[str, Any] | None:
        """How the base listens to what engines have said. The check of a word's rarity has a control of its own."""
        if speech["check"]["errors"] is None or "carrier" in text.settings["counts"]:
            return None
        word = text.settings["word"]
        return self.decoding_settings | {
            "beams": 1,
            "errors": speech["check"]["errors"],
            "word": word["forms"] if word else {},
        }

    def voiced(
        self, id: str, text: PlannedJob, language: str, speech: dict[str, Any], every_voice: int | None = None
    ) -> list[PlannedJob]:
        """What each model says of a text, in its own environment: its share, or with every voice the first sentences."""
        voices = voices_of(speech, language)
        settings = {"language": language, "languages": text.settings["languages"], "voices": voices}
        settings |= {"every_voice": every_voice, "longest": speech["longest"]}
        jobs = []
        for model in models_of(speech, voices):
            place = f"{environment_of(model)}/{id}--{model['engine']}-{model['name']}".lower()
            inputs = {"text": text, "voice": self.own_voice if model.get("trained") else None}
            module = f"tauspeech.speech.engines.{model['engine']}"
            made = settings | {"model": model}
            jobs.append(self.job("voiced", place, made, inputs, self.seed, speech["threads"], module=module))
        return jobs

    def showing(self, id: str, text: PlannedJob, language: str, speech: dict[str, Any]) -> PlannedJob:
        """The same sentences with every voice, and what the base hears in them, for a person to compare."""
        inputs = {"base": self.base, "voiced": self.voiced(f"{id}--showing", text, language, speech, SHOWN)}
        settings = self.decoding_settings | {"language": language}
        return self.job("showing", id, settings, inputs, threads=self.decoding_threads)

    @cached_property
    def own_voice(self) -> PlannedJob:
        """The mini voice, trained here: one for all repetitions, as the base is."""
        return mini_voice(self.config, self.config["seed"])

    @cached_property
    def base(self) -> PlannedJob:
        """One for all repetitions."""
        config = self.config
        languages = tuple(dict.fromkeys((*self.sources, self.target)))
        source = base_source(config["base"], config["retrain_foundation"], languages)
        if source["kind"] == "train":
            return foundation_base(source["size"], self.sources, self.target, config, config["seed"])
        return PlannedJob("base", "base", source)

    # Training

    def tuned(
        self, id: str, lessons: TaskSets, training: dict[str, Any], joint_steps: float | None = None, share: float = 1.0
    ) -> PlannedJob:
        """A fine-tune on the sets of some lessons, on the first part of each set's training hours."""
        settings = {key: value for key, value in training.items() if key not in ("threads", "gpus")}
        settings |= tasks_of(lessons) | {"joint_steps": joint_steps, "share": share}
        settings["processes"] = max(1, training["gpus"])
        if training["best_by"] == "score":
            settings["validation_decoding"] = self.decoding_settings | {"beams": 1, "precision": "fp32"}
        return self.job(
            "finetune", id, settings, {"base": self.base} | sets_of(lessons), self.seed, training["threads"]
        )

    def vector_of(self, finetuned: PlannedJob) -> PlannedJob:
        return PlannedJob("vector", finetuned.id, {}, {"base": self.base, "finetuned": finetuned})

    # Merging

    def weight_of(self, mixture: Mixture) -> PlannedJob:
        merging = self.config["merging"]
        settings = self.decoding_settings | mixture.method | tasks_of(mixture.lessons)
        settings |= {"grid": sorted(merging["grid"]), "tolerance": merging["tolerance"]}
        inputs = {"base": self.base} | mixture.inputs | sets_of(mixture.lessons)
        return self.job(
            "weight", mixture.id, settings, inputs, self.seed, self.decoding_threads, together=mixture.together
        )

    def merged(self, mixture: Mixture, weight: float | None = None) -> PlannedJob:
        """A merged model, at a given weight or at the one that serves validation best."""
        settings, inputs = dict(mixture.method), {"base": self.base} | mixture.inputs
        if weight is None:
            inputs["weight"] = self.weight_of(mixture)
        else:
            settings["weight"] = weight
        return self.job("merge", mixture.id, settings, inputs, self.seed, together=mixture.together)

    # Scoring

    @property
    def decoding_threads(self) -> int:
        return self.config["decoding"]["threads"]

    @cached_property
    def decoding_settings(self) -> dict[str, Any]:
        """How models are made to speak."""
        decoding = self.config["decoding"]
        return {key: decoding[key] for key in ("beams", "batch", "new_tokens", "precision")}

    def decoded(self, id: str, model: PlannedJob, lessons: TaskSets, together: str | None = None) -> PlannedJob:
        """What a model hears in the test split of some sets."""
        settings = self.decoding_settings | tasks_of(lessons)
        inputs = {"model": model} | sets_of(lessons)
        return self.job("decode", id, settings, inputs, threads=self.decoding_threads, together=together)

    def scored(
        self,
        hypotheses: PlannedJob,
        raw: tuple[PlannedJob, ...] = (),
        finetuned: PlannedJob | None = None,
        **settings: Any,
    ) -> PlannedJob:
        """Every metric of a model, with tests against the base and the fine-tuned model."""
        inputs = {"hypotheses": hypotheses, "raw": list(raw), "ft": finetuned}
        return PlannedJob("score", hypotheses.id, settings, inputs, self.seed, together=hypotheses.together)


def _way(name: str) -> str:
    return f"tauspeech.speech.sets.{name}"


def tasks_of(lessons: TaskSets) -> dict[str, Any]:
    return {"lessons": {speech.id: list(asked) for speech, asked in lessons}}


def sets_of(lessons: TaskSets) -> dict[str, list[PlannedJob]]:
    return {"sets": [speech for speech, _ in lessons]}


def overlaid(section: dict[str, Any], special: dict[str, Any]) -> dict[str, Any]:
    """A section with some of its keys replaced, at any depth."""
    result = dict(section)
    for key, value in special.items():
        both = isinstance(value, dict) and isinstance(section.get(key), dict)
        result[key] = overlaid(section[key], value) if both else value
    return result
