"""Builder of planned jobs: one method a stage, from the configuration and from the jobs before; experiments compose them."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from tauspeech.data.languages import chinese
from tauspeech.models.families import (
    WINDOW_ROOM,
    beside,
    family_modules,
    has_decoder,
    has_module,
    has_window,
    takes_units,
    tasks_of_family,
)
from tauspeech.plan.checks import (
    require_conversion,
    require_order,
    require_precision,
    require_range,
    require_recordings,
    require_sentences,
)
from tauspeech.plan.domain_corpus import recordings_source, texts_source
from tauspeech.plan.foundation import foundation_base
from tauspeech.plan.hints import PlannedHints, require_hints
from tauspeech.plan.jobs import Inputs, PlannedJob
from tauspeech.plan.merges import MergeSpec, Searched, Tried
from tauspeech.plan.mini_voice import mini_voice
from tauspeech.plan.own_finetunes import MODULE, has_adapter, own_finetune
from tauspeech.plan.runtime_settings import result_settings, training_settings
from tauspeech.plan.sources import (
    base_source,
    foundation_languages,
    grammar_source,
    input_window,
    own_sentences,
    recordings,
    require_folder_or_hub_id,
)
from tauspeech.plan.units import units_of
from tauspeech.plan.voices import engine_environment, models_of, only_espeak, short, voices_of
from tauspeech.runtime.errors import UserError
from tauspeech.scoring.rules import ScoringRules

LONGEST_RECORDING = 30.0  # seconds; published corpora have a few longer ones, which are dropped
SAMPLES = 2  # sentences that the report plays in every voice
SAMPLED = 30  # utterances of a set of espeak-ng that the base transcribes before any training
# Keys of a channel that are ranges.
RANGES = {"rooms": ("seconds", "direct"), "noise": ("snr",), "microphones": ("low", "high")}

# Sets of speech, each with its tasks: {kind, source, target}.
TaskSets = tuple[tuple[PlannedJob, tuple[dict[str, str], ...]], ...]


@dataclass(frozen=True)
class PlannedSentences:
    """A set of sentences to make; those of a word contain it."""

    languages: tuple[str, ...]
    counts: dict[str, int]
    own: dict[str, str] | None
    word: dict[str, Any] | None = None  # its forms, phrase and domain
    word_id: str = ""
    grammar: str | None = None  # file in resources/grammar, where it is not the smallest with the languages


class Builder:
    """Jobs of one repetition: its seed is the configuration's plus ``repetition``, and its jobs have names of their own.

    ``sources`` are the spoken languages, ``targets`` the languages that they are translated into. The base is shared by
    all repetitions. A run with several bases has a builder for each, and ``base_id`` is the name of its base.
    """

    def __init__(
        self,
        config: dict[str, Any],
        sources: tuple[str, ...],
        targets: tuple[str, ...],
        repetition: int = 0,
        base_id: str = "base",
    ):
        self.config, self.base_id = config, base_id
        self.sources, self.targets = sources, targets
        self.seed: int = config["seed"] + repetition
        self.tag = f"--seed{self.seed}" if repetition else ""
        self._conversions: dict[str, PlannedJob] = {}

    def job(
        self,
        stage: str,
        id: str,
        settings: dict[str, Any],
        inputs: Inputs | None = None,
        seed: int = 0,
        threads: int = 1,
        modules: tuple[str, ...] = (),
        batch: str | None = None,
    ) -> PlannedJob:
        return PlannedJob(
            stage, self._tagged(id), settings, inputs or {}, seed, threads, modules, batch and self._tagged(batch)
        )

    def _tagged(self, name: str) -> str:
        """The name with the repetition's tag, which names that are made of other jobs' have already."""
        return name if name.endswith(self.tag) else name + self.tag

    def section(self, name: str, id: str | None = None) -> dict[str, Any]:
        """A section of the configuration, with the overrides of one word or one training."""
        overrides = self.config["overrides"].get(id, {}) if id else {}
        return merged_section(self.config[name], overrides.get(name, {}))

    # Data

    def own_sentences(self, name: str) -> dict[str, str] | None:
        return own_sentences(self.config["text"]["own"], name)

    def sentences(self, id: str, wanted: PlannedSentences) -> PlannedJob:
        return self._text(id, wanted, self._source_of(wanted))

    def commands(self, id: str, language: str, counts: dict[str, int], domain: str) -> PlannedJob:
        """Spoken commands of a domain, from the grammar of commands."""
        source = {"kind": "template"} | grammar_source((language,), f"commands/{language}", domain)
        return self._text(id, PlannedSentences((language,), counts, None), source)

    def corpus_sentences(
        self, id: str, domain: str, corpus: dict[str, Any], language: str, counts: dict[str, int]
    ) -> PlannedJob:
        """The sentences of a recorded domain."""
        return self._text(id, PlannedSentences((language,), counts, None), texts_source(corpus, domain))

    def corpus_speech(
        self, id: str, domain: str, corpus: dict[str, Any], language: str, counts: dict[str, int]
    ) -> PlannedJob:
        """The recordings of a domain."""
        settings: dict[str, Any] = {"source": recordings_source(corpus, domain), "languages": [language]}
        settings |= {
            "counts": counts,
            "takes": corpus["takes"],
            "longest": self.fitting(self.config["speech"]["longest"]),
        }
        return self.job("corpus", id, settings, seed=self.seed, modules=("tauspeech.corpora.recorded_domain",))

    def _text(self, id: str, wanted: PlannedSentences, source: dict[str, Any]) -> PlannedJob:
        require_order(self.config["text"]["limits"], "shortest", "longest", "text.limits")
        settings = {
            "languages": list(wanted.languages),
            "limits": self.config["text"]["limits"],
            "source": source,
            "counts": wanted.counts,
            "word": wanted.word,
            "word_id": wanted.word_id,
        }
        return self.job("text", id, settings, seed=self.seed, modules=(f"tauspeech.text.sources.{source['kind']}",))

    def _source_of(self, wanted: PlannedSentences) -> dict[str, Any]:
        """Own sentences take precedence over generated ones."""
        if wanted.own:
            require_sentences(Path(wanted.own["path"]), wanted.languages, wanted.counts)
            return {"kind": "own"} | wanted.own
        if self.config["text"]["source"] == "template":
            return {"kind": "template"} | grammar_source(wanted.languages, wanted.grammar)
        return self.language_model()

    def language_model(self) -> dict[str, Any]:
        text = self.config["text"]
        if text["source"] == "template":
            raise UserError("key 'text.source' is template, which cannot propose words: name a language model.")
        if not text[text["source"]]:
            raise UserError(f"key 'text.{text['source']}' is missing: say which model writes the sentences.")
        if text["source"] == "transformers":
            require_folder_or_hub_id(text["transformers"]["model"], "text.transformers.model")
        return {"kind": text["source"]} | result_settings(text[text["source"]])

    def recordings(self, name: str) -> dict[str, str] | None:
        return recordings(self.config["speech"]["recordings"], name)

    def recorded(
        self,
        id: str,
        found: dict[str, str],
        languages: tuple[str, ...],
        splits: tuple[str, ...],
        word_id: str = "",
        carriers: bool = False,
        only: str | None = None,
    ) -> PlannedJob:
        """The user's recordings, which have rows of some splits at least; with ``only``, those of one split."""
        require_recordings(Path(found["path"]), languages, splits, only)
        settings: dict[str, Any] = {"kind": "recordings", "recordings": found, "languages": list(languages)}
        settings |= {"word_id": word_id, "carriers": carriers, "check": None}
        settings |= {"only": only} if only else {}
        settings |= {"longest": self.fitting(math.inf)} if self.opening_settings else {}
        return self._speech(id, settings, {}, threads=1)

    def listed_speech(self, id: str, source: dict[str, str], language: str) -> PlannedJob:
        """Recordings of a test of words; ``source`` says where they are, with hashes of their texts and audio."""
        settings: dict[str, Any] = {"source": source, "languages": [language]}
        settings["longest"] = self.fitting(LONGEST_RECORDING)
        return self.job("corpus", id, settings, modules=("tauspeech.corpora.word_test",))

    def without_speech(
        self, id: str, counts: dict[str, dict[str, int]], seconds: float, language: str, text: str = ""
    ) -> PlannedJob:
        """A set without speech: of each split so many utterances of silence, of a quiet room or of noise, all with one text."""
        settings = {"kind": "no_speech", "counts": counts, "seconds": seconds, "languages": [language], "check": None}
        settings |= {"text": text} if text else {}
        return self._speech(id, settings, {}, threads=1)

    def synthesised(
        self,
        id: str,
        text: PlannedJob,
        language: str,
        speech: dict[str, Any],
        hours: dict[str, float] | None = None,
        takes: int = 1,
        splits: Sequence[str] = (),
    ) -> PlannedJob:
        """The sentences of a text in voices of a language; of each split no more than its hours.

        Each sentence has a number of ``takes``, in voices of their own; with ``splits``, only sentences of these are spoken.
        """
        spoken = ({"takes": takes} if takes > 1 else {}) | ({"splits": list(splits)} if splits else {})
        for key in ("rate", "pitch"):
            require_range(speech[key], f"speech.{key}")
        voices = voices_of(speech, language)
        settings = {"language": language, "languages": text.settings["languages"], "hours": hours} | spoken
        if only_espeak(voices):
            settings |= {"kind": "espeak", "check": None, "voices": [short(voice) for voice in voices]}
            settings |= {"rate": speech["rate"], "pitch": speech["pitch"], "longest": self.fitting(speech["longest"])}
            return self._speech(id, settings, {"text": text}, threads=0)
        check = self._round_trip_check(text, language, speech)
        inputs: Inputs = {
            "text": text,
            "tts": self.tts(id, text, language, speech, spoken=spoken),
            "base": self.base if check else None,
        }
        threads = self.decoding_threads if check else 1
        return self._speech(id, settings | {"kind": "gathered", "check": check}, inputs, threads)

    def channelled(self, id: str, speech: PlannedJob, channel: dict[str, Any]) -> PlannedJob:
        """Simulated recordings of a set of clean speech, with its utterances and texts."""
        for section, keys in RANGES.items():
            for key in keys:
                require_range(channel[section][key], f"channel.{section}.{key}")
        require_range(channel["gain"], "channel.gain")
        settings = {"channel": channel, "languages": speech.settings["languages"]}
        return self.job("channel", id, settings, {"speech": speech}, self.seed)

    def _speech(self, id: str, settings: dict[str, Any], inputs: Inputs, threads: int) -> PlannedJob:
        modules: tuple[str, ...] = (f"tauspeech.speech.sets.{settings['kind']}",)
        if settings["check"]:
            modules += ("tauspeech.models.round_trip", *self.family)
        seed = 0 if settings["kind"] == "recordings" else self.seed
        return self.job("speech", id, settings, inputs, seed, threads, modules)

    def _round_trip_check(self, text: PlannedJob, language: str, speech: dict[str, Any]) -> dict[str, Any] | None:
        """Settings by which the base transcribes what engines have made. The rarity check transcribes carriers itself."""
        if speech["check"]["errors"] is None or "carrier" in text.settings["counts"]:
            return None
        word = text.settings["word"]
        forms = word["forms"] if word else {}
        rules = self._rules_for_chinese(language)
        return self.decoding_settings | {"beams": 1, "errors": speech["check"]["errors"], "forms": forms} | rules

    def _rules_for_chinese(self, *languages: str) -> dict[str, Any]:
        """Rules of scoring that the round-trip check follows, where a language is Chinese."""
        return ScoringRules.of_config(self.config).for_chinese.settings if any(map(chinese, languages)) else {}

    def tts(
        self,
        id: str,
        text: PlannedJob,
        language: str,
        speech: dict[str, Any],
        every_voice: int | None = None,
        spoken: dict[str, Any] | None = None,
    ) -> list[PlannedJob]:
        """Speech by each voice model, in its own environment: its share, or the first sentences in every voice."""
        voices = voices_of(speech, language)
        settings = {"language": language, "languages": text.settings["languages"], "voices": voices}
        settings |= {"every_voice": every_voice, "longest": self.fitting(speech["longest"])} | (spoken or {})
        jobs = []
        for model in models_of(speech, voices):
            name = f"{engine_environment(model)}/{id}--{model['engine']}-{model['name']}".lower()
            inputs: Inputs = {"text": text, "voice": self.own_voice if model.get("trained") else None}
            modules = (f"tauspeech.speech.engines.{model['engine']}",)
            planned = settings | {"model": model}
            jobs.append(self.job("tts", name, planned, inputs, self.seed, speech["threads"], modules))
        return jobs

    def voice_samples(self, id: str, text: PlannedJob, language: str, speech: dict[str, Any]) -> PlannedJob:
        """The same sentences in every voice, each with the base's hypothesis, for a person to compare."""
        inputs: Inputs = {"base": self.base, "tts": self.tts(f"{id}--samples", text, language, speech, SAMPLES)}
        settings = self.decoding_settings | {"language": language}
        return self.job("voice_samples", id, settings, inputs, threads=self.decoding_threads, modules=self.family)

    @cached_property
    def own_voice(self) -> PlannedJob:
        """The mini voice, trained in this run: one for all repetitions."""
        return mini_voice(self.config, self.config["seed"])

    # Models

    @cached_property
    def opening_settings(self) -> dict[str, Any]:
        """How jobs open the base and its fine-tunes, if not as published."""
        window = self.config.get("base_window")
        if window is None:
            return {}
        if not has_window(model_type := self._base_source["family"]):
            raise UserError(
                f"key 'base_window': {self.config['base']} is of the type '{model_type}', whose inputs are as long as their "
                "audio: leave it out."
            )
        published = input_window(self.config["base"])
        if published and window > published:
            raise UserError(
                f"key 'base_window' is {window:g}, and the input window of {self.config['base']} is {published:g} s: lower it, "
                "or leave it out."
            )
        return {"base_window": window}

    def fitting(self, longest: float) -> float:
        """A limit of utterances in seconds, lowered to what a shorter input window has room for."""
        window: float | None = self.config.get("base_window")
        return longest if window is None else min(longest, window - WINDOW_ROOM)

    @cached_property
    def _base_source(self) -> dict[str, Any]:
        languages = tuple(dict.fromkeys((*self.sources, *self.targets)))
        return base_source(self.config["base"], self.config["retrain_foundation"], languages)

    @cached_property
    def base_languages(self) -> list[str] | None:
        """Languages of a foundation, which knows no others; None for other models, whose languages are not known yet."""
        source = self._base_source
        if source["kind"] == "train":
            return sorted({*self.sources, *self.targets})
        return foundation_languages(source["size"]) if source["kind"] == "shipped" else None

    @cached_property
    def family(self) -> tuple[str, ...]:
        """Modules of the base's model family, which every job that opens a model depends on."""
        return family_modules(self._base_source["family"])

    @cached_property
    def base(self) -> PlannedJob:
        """One for all repetitions."""
        source = self._base_source
        if source["kind"] == "train":
            found = foundation_base(source["size"], self.sources, self.targets, self.config, self.config["seed"])
            return replace(found, id=self.base_id)
        settings = {key: value for key, value in source.items() if key != "family"}
        return PlannedJob("base", self.base_id, settings, modules=self.family)

    def finetune(
        self,
        id: str,
        sets: TaskSets,
        training: dict[str, Any],
        joint_steps: float | None = None,
        share: float = 1.0,
        base: PlannedJob | None = None,
        rate: Searched | None = None,
    ) -> PlannedJob:
        """A fine-tune on some sets: on the first part of each set's training speech, and of the run's base by default.

        Its learning rate is that of its settings, or ``rate``, what another training has chosen. A fine-tune or adapter
        of the user's with the same name takes its place.
        """
        self._require_tasks(sets)
        sets = self._as_taken(sets)
        if own := own_finetune(self.config, id):
            return self.job("finetune", id, {"own": own}, {"base": base or self.base}, modules=(MODULE, *self.family))
        require_precision(training["precision"], self.config["training"]["gpus"])
        used = training_settings(training)
        self._require_trainable(training)
        settings = {key: value for key, value in used.items() if key not in ("threads", "gpus")} | self.opening_settings
        settings |= tasks_of(sets) | {"joint_steps": joint_steps, "share": share}
        settings |= {"learning_rate": rate.settings} if rate else {}
        settings["processes"] = max(1, training["gpus"])
        if training["best_by"] == "score":
            precision = training["precision"]  # not that of decoding, which reruns no training
            settings["validation_decoding"] = self.decoding_settings | {"beams": 1, "precision": precision}
            settings |= self.scoring_settings
        inputs: Inputs = {"base": base or self.base, "searches": [rate.search] if rate else None} | sets_of(sets)
        modules = (f"tauspeech.training.{used['trainable']}",) if "trainable" in used else ()
        return self.job("finetune", id, settings, inputs, self.seed, training["threads"], (*self.family, *modules))

    def vector(self, finetuned: PlannedJob, reference: PlannedJob | None = None, id: str | None = None) -> PlannedJob:
        """Task vector of a fine-tune: its difference to the base, or to another model; of an adapter its factors."""
        reference = reference or self.base
        factors = has_adapter(finetuned) and finetuned.inputs["base"] is reference
        settings = {"encoding": "lora"} if factors else {}
        return PlannedJob("vector", id or finetuned.id, settings, {"base": reference, "finetuned": finetuned})

    def _as_taken(self, sets: TaskSets) -> TaskSets:
        """The sets as the base's family takes them: speech, or units of speech, which are made once for all jobs.

        Sets for a run's further bases stay speech, since units of a set have one name: their jobs make units themselves.
        """
        if not takes_units(self._base_source["family"]) or self.base_id != "base":
            return sets
        return tuple((units_of(speech, self.base), tasks) for speech, tasks in sets)

    def _require_tasks(self, sets: TaskSets) -> None:
        """Refuse tasks that the base's family cannot be trained for, as far as its model type is known by now."""
        model_type = self._base_source["family"]
        tasks = tasks_of_family(model_type)
        for task in (task for _, listed in sets for task in listed):
            if task["kind"] not in tasks:
                raise UserError(
                    f"key 'base': {self.config['base']} is of the type '{model_type}', which is trained to {' and to '.join(tasks)}, and "
                    f"this run is to {task['kind']}: set task to transcribe where the experiment has that key, or give another model."
                )

    def _require_trainable(self, training: dict[str, Any]) -> None:
        """Refuse a part of the model that the base lacks, as far as its model type is known by now."""
        model_type = self._base_source["family"]
        if training.get("trainable") == "decoder" and not has_decoder(model_type):
            raise UserError(
                f"key 'training.trainable' is decoder, and {self.config['base']} is of the type '{model_type}', which has "
                "none: set it to all or lora."
            )
        if "new_tokens" in training_settings(training).get("lora", {}) and model_type and not takes_units(model_type):
            raise UserError(
                f"key 'training.lora.new_tokens' is true, and {self.config['base']} is of the type '{model_type}', which has no "
                "tokens for units: set it to false."
            )

    def require_hints(self, key: str, with_prompt: bool) -> None:
        """Refuse hints that the base, or the program that decodes, does not take."""
        require_hints(self.config, self._base_source["family"], key, with_prompt)

    def pseudo_labels(self, id: str, speech: PlannedJob, language: str) -> PlannedJob:
        """A set of speech with the base's hypotheses as its texts."""
        settings = self.decoding_settings | {"language": language}
        inputs: Inputs = {"base": self.base, "speech": speech}
        return self.job("pseudo_labels", id, settings, inputs, threads=self.decoding_threads, modules=self.family)

    # The check before any training

    def intelligibility(
        self, words: Sequence[PlannedJob], sets: Sequence[tuple[PlannedJob, float]]
    ) -> PlannedJob | None:
        """The check before any training that the base recognises the speech; None where there is nothing to check.

        ``words`` are rarity checks, and sets of generated speech come with the least share of utterances that must pass
        the round-trip check. That of neural voices is part of their sets; of others a sample is transcribed.
        """
        errors = self.config["speech"]["check"]["errors"]
        checked = [speech for speech, _ in sets if speech.settings["check"]]
        sampled = [speech for speech, _ in sets if not speech.settings["check"] and errors is not None]
        if not (words or checked or sampled):
            return None
        settings: dict[str, Any] = {"least": {speech.id: least for speech, least in sets}}
        inputs: Inputs = {
            "rarity": sorted(words, key=lambda job: job.id),
            "speech": checked,
            "sets": sampled,
            "base": self.base if sampled else None,
        }
        name = "intelligibility"
        if not sampled:
            return PlannedJob(name, name, settings, inputs)
        languages = {speech.id: speech.settings["language"] for speech in sampled}
        decoding = (
            self.decoding_settings | {"beams": 1, "errors": errors} | self._rules_for_chinese(*languages.values())
        )
        settings["sample"] = decoding | {"utterances": SAMPLED, "languages": languages}
        modules = ("tauspeech.models.round_trip", *self.family)
        return PlannedJob(name, name, settings, inputs, threads=self.decoding_threads, modules=modules)

    # Searching and merging

    def search(
        self,
        id: str,
        of: MergeSpec | PlannedHints,
        sets: TaskSets,
        kind: str,
        candidates: list[dict[str, Any]],
        rule: dict[str, Any] | None,
        split: str = "validation",
        score: str = "validation",
        batch: str | None = None,
        base: PlannedJob | None = None,
    ) -> PlannedJob:
        """A search: variants of a merge, or of hints, are scored on a split of some sets, and a rule chooses one.

        Merges start from ``base``, and hints are given to it; it is the run's base by default.
        """
        sets = self._as_taken(sets)
        decoding = self.choice_settings if split == "validation" else self.decoding_settings
        settings = decoding | tasks_of(sets) | {of.section: of.settings, "kind": kind}
        settings |= {"candidates": candidates, "rule": rule, "split": split, "score": score} | self.scoring_settings
        inputs = {"base": base or self.base} | of.inputs | sets_of(sets)
        modules = (f"tauspeech.search.scores.{score}", *self.family, *of.modules)
        return self.job("search", id, settings, inputs, self.seed, self.decoding_threads, modules, batch)

    def scale_search(self, id: str, merge: MergeSpec, sets: TaskSets, batch: str | None = None) -> PlannedJob:
        """The smallest scale of a merge that is as good as the best on validation."""
        merging = self.config["merging"]
        candidates = [{"scale": scale} for scale in sorted(merging["grid"])]
        rule = {"kind": "smallest_scale", "tolerance": merging["tolerance"]}
        return self.search(id, merge, sets, "scales", candidates, rule, batch=batch)

    def strength_search(
        self,
        id: str,
        phrases: tuple[str, ...],
        strengths: Sequence[float],
        tolerance: float,
        sets: TaskSets,
        model: PlannedJob,
    ) -> PlannedJob:
        """The smallest strength of a bias of phrases that is as good as the best on validation."""
        candidates = [{"strength": strength} for strength in sorted(strengths)]
        rule = {"kind": "smallest_strength", "tolerance": tolerance}
        hints = PlannedHints(phrases, Tried("strength"))
        return self.search(id, hints, sets, "strengths", candidates, rule, base=model)

    def mean_search(self, id: str, searches: list[PlannedJob], rule: dict[str, Any]) -> PlannedJob:
        """The choice of a rule by the mean scores of several searches, which try the same candidates with other models."""
        settings = {"kind": "mean", "candidates": searches[0].settings["candidates"], "rule": rule}
        return self.job("search", id, settings, {"searches": searches})

    def merge(self, id: str, merge: MergeSpec, batch: str | None = None, base: PlannedJob | None = None) -> PlannedJob:
        """A merged model, and the same as one LoRA adapter where the merge is a sum of such."""
        inputs = {"base": base or self.base, "finetuned": merge.adapters} | merge.inputs
        return self.job("merge", id, {"merge": merge.settings}, inputs, self.seed, modules=merge.modules, batch=batch)

    # Scoring

    @cached_property
    def scoring_settings(self) -> dict[str, Any]:
        """Rules by which jobs score texts, of those that choose on validation too; empty for the defaults."""
        return ScoringRules.of_config(self.config).settings

    @property
    def decoding_threads(self) -> int:
        threads: int = self.config["decoding"]["threads"]
        return threads

    @cached_property
    def decoding_settings(self) -> dict[str, Any]:
        decoding = self.config["decoding"]
        require_precision(decoding["precision"], decoding.get("gpus", 0), "decoding")
        return {key: decoding[key] for key in ("beams", "batch", "new_tokens", "precision")} | self.opening_settings

    @property
    def choice_settings(self) -> dict[str, Any]:
        """Settings by which validation data are decoded for a choice: with fewer beams, where the configuration says so."""
        return self.decoding_settings | {
            "beams": self.config["decoding"].get("choice_beams") or self.decoding_settings["beams"]
        }

    def decode(
        self,
        id: str,
        model: PlannedJob,
        sets: TaskSets,
        batch: str | None = None,
        folder: str | None = None,
        hints: PlannedHints | None = None,
        split: str = "test",
    ) -> PlannedJob:
        """Hypotheses of a model for a split of some sets, below hypotheses/<folder>, which is ``id`` by default."""
        self._require_tasks(sets)
        sets = self._as_taken(sets)
        if folder is not None and id.startswith(f"{folder}/"):  # beside its receipt
            id = f"{folder}{self.tag}{id.removeprefix(folder)}"
        settings = self.decoding_settings | tasks_of(sets) | {"folder": (folder or id) + self.tag}
        settings |= {"hints": hints.settings} if hints else {}
        settings |= {"split": split} if split != "test" else {}
        inputs: Inputs = {"model": model, "converted": self._converted(model), **sets_of(sets)}
        inputs = {**inputs, **hints.inputs} if hints else inputs
        modules = (*self.family, *self._conversion, *(hints.modules if hints else ()))
        return self.job("decode", id, settings, inputs, threads=self.decoding_threads, modules=modules, batch=batch)

    @cached_property
    def _conversion(self) -> tuple[str, ...]:
        """Modules that convert models and decode with them, if hypotheses are CTranslate2's."""
        if self.config["decoding"].get("engine", "transformers") == "transformers":
            return ()
        require_conversion(self.config["decoding"], self._base_source["family"])
        return tuple(beside(module, "converted") for module in self.family if has_module(module, "converted"))

    def _converted(self, model: PlannedJob) -> PlannedJob | None:
        """A model in CTranslate2's format: one for all sets that it decodes."""
        if not self._conversion:
            return None
        if model.id not in self._conversions:
            about: Inputs = {"model": model}
            self._conversions[model.id] = PlannedJob(
                "conversion", model.id, {}, about, modules=self._conversion, batch=model.batch_name
            )
        return self._conversions[model.id]

    def score(
        self,
        hypotheses: PlannedJob,
        raw: tuple[PlannedJob, ...] = (),
        finetuned: PlannedJob | None = None,
        modules: tuple[str, ...] = (),
        id: str | None = None,
        **settings: Any,
    ) -> PlannedJob:
        """Every metric of a model, or those of a module, with tests against the base and the fine-tuned model.

        It has the ``id`` of the hypotheses by default.
        """
        inputs: Inputs = {"hypotheses": hypotheses, "raw": list(raw), "ft": finetuned}
        rules = self.scoring_settings
        return PlannedJob(
            "score", id or hypotheses.id, settings | rules, inputs, self.seed, modules=modules, batch=hypotheses.batch
        )


def searched_scale(search: PlannedJob) -> Searched:
    return Searched(search, "scale")


def searched_strength(search: PlannedJob) -> Searched:
    return Searched(search, "strength")


def chosen_rate(trial: PlannedJob) -> Searched:
    """The learning rate that a training has chosen from a list."""
    return Searched(trial, "learning_rate")


def tasks_of(sets: TaskSets) -> dict[str, Any]:
    return {"tasks": {speech.id: list(tasks) for speech, tasks in sets}}


def sets_of(sets: TaskSets) -> dict[str, list[PlannedJob]]:
    return {"sets": [speech for speech, _ in sets]}


def merged_section(section: dict[str, Any], overrides: dict[str, Any]) -> dict[str, Any]:
    """A section with some of its keys replaced, at any depth."""
    result = dict(section)
    for key, value in overrides.items():
        both = isinstance(value, dict) and isinstance(section.get(key), dict)
        result[key] = merged_section(section[key], value) if both else value
    return result
