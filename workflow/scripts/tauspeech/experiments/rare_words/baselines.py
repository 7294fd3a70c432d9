"""Systems in place of a vector: prompts, biases and adapters for the words of Figure 2's points."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from tauspeech.data.rare_names import distractors
from tauspeech.experiments.rare_words.baseline_names import NAMES
from tauspeech.experiments.rare_words.jobs import VALIDATION, Subset, forms_of
from tauspeech.experiments.rare_words.systems import Cells, Systems, WordSystems
from tauspeech.plan.builder import searched_strength
from tauspeech.plan.hints import PlannedHints
from tauspeech.plan.jobs import Inputs, PlannedJob, once
from tauspeech.plan.tables import hypotheses_of
from tauspeech.runtime.errors import UserError

KEY = "baselines.systems"
ROOM = "tauspeech.experiments.rare_words"

Jobs = Sequence[PlannedJob]


@dataclass(frozen=True)
class Baseline:
    """Scores of a system on the words' sets and on the general one, and the jobs that its words cost.

    ``seconds`` are the jobs that add its words, by stage, and ``kept`` those whose files are kept for them.
    """

    scores: Jobs
    general: PlannedJob
    seconds: Mapping[str, Jobs] = field(default_factory=dict)
    kept: Mapping[str, Jobs] = field(default_factory=dict)
    strength: PlannedJob | None = None


class Baselines:
    """The systems that the configuration switches on, beside Raw, FT and TA."""

    def __init__(self, systems: WordSystems):
        self.systems, self.jobs = systems, systems.jobs
        self.config: dict[str, Any] = systems.config["baselines"]
        self.made: dict[tuple[Any, ...], PlannedJob] = {}
        self._known: dict[Subset, Systems] = {}
        self.wanted: list[str] = [name for name in NAMES if name in self.config["systems"]]
        self._check()

    def _check(self) -> None:
        with_vector = [name for name in self.wanted if name.startswith("vector_")]
        if with_vector and "ta" not in self.systems.config["merging"]["methods"]:
            raise UserError(
                f"key '{KEY}' has {with_vector[0]}, and merging.methods has no ta, whose vector it takes: add ta, or leave it out."
            )
        if hinted := [name for name in self.wanted if name != "lora"]:
            self.jobs.build.require_hints(KEY, any("prompt" in name for name in hinted))

    # Jobs

    def phrases(self, subset: Subset) -> tuple[str, ...]:
        """All forms of the words in the language that is written, then distractors."""
        words = (form for word in subset.words for form in word.forms[self.jobs.language])
        every = [form for word in self.systems.words for form in word.forms[self.jobs.language]]
        others = distractors(self.config["distractors"], self.jobs.build.seed, self.jobs.language, every)
        return tuple(dict.fromkeys((*words, *others)))

    @once
    def lora(self, subset: Subset) -> PlannedJob:
        """One adapter for all words; the fine-tune of the words itself where that is an adapter."""
        section = self.jobs.build.section("training", subset.id if len(subset.words) == 1 else None)
        rate = self.config["lora_learning_rate"] or section["learning_rate"]
        training = section | {"trainable": "lora", "learning_rate": rate}
        if training == section:
            return self.jobs.finetune(subset)
        joint_steps = self.systems.config["composition"]["joint_steps"] if len(subset.words) > 1 else None
        sets = self.jobs.training_sets(subset.words)
        return self.jobs.build.finetune(f"{subset.id}--lora", sets, training, joint_steps)

    @once
    def strength(self, subset: Subset, model: PlannedJob, system: str) -> PlannedJob:
        """Search for the strength of a bias on validation, in a process of its own, since its time is compared."""
        sets = self.jobs.training_sets(subset.words)
        id = f"{subset.id}--{system.replace('_', '-')}"
        strengths, tolerance = self.config["strengths"], self.config["tolerance"]
        return self.jobs.build.strength_search(id, self.phrases(subset), strengths, tolerance, sets, model)

    @once
    def _score(self, subset: Subset, system: str, model: PlannedJob, hints: PlannedHints | None) -> PlannedJob:
        task = (self.jobs.speech_task(self.jobs.task),)
        sets = tuple((self.jobs.speech(word), task) for word in (*subset.words, None))
        id = f"{subset.id}--{system.replace('_', '-')}"
        decoded = self.jobs.build.decode(id, model, sets, f"{subset.id}--hints", hints=hints)
        tuned = hypotheses_of(self._papers_systems(subset)["FT"])
        return self.jobs.score(decoded, subset.words, tuple(self.systems.raw(subset.words).values()), tuned)

    # Systems

    def of_subset(self, subset: Subset) -> dict[str, Baseline]:
        """Systems by name, in the order of the table."""
        scores, found = self._papers_systems(subset), {"Raw": self._raw(subset)}
        tuned = self.jobs.finetune(subset)
        of_tuned = {"finetuned": [tuned]}
        found["FT"] = Baseline([scores["FT"]], scores["FT"], of_tuned, of_tuned)
        if "TA" in scores:
            found["TA"] = Baseline([scores["TA"]], scores["TA"], *self._costs_of_vector(subset))
        return found | {NAMES[system]: self._of_system(subset, system) for system in self.wanted}

    def _papers_systems(self, subset: Subset) -> Systems:
        if subset not in self._known:
            self._known[subset] = self.systems.systems(subset, VALIDATION)
        return self._known[subset]

    def _raw(self, subset: Subset) -> Baseline:
        raw = self.systems.raw_scores(subset.words)
        return Baseline([raw[word.id] for word in subset.words], raw["general"])

    def _costs_of_vector(self, subset: Subset) -> tuple[dict[str, Jobs], dict[str, Jobs]]:
        single = [self.jobs.alone(word) for word in subset.words]
        vectors = [self.jobs.vector(each) for each in single]
        trained = [self.jobs.finetune(each) for each in single]
        weight = self.jobs.weight(subset, "ta")
        return {"finetuned": trained, "vectors": vectors, "searches": [weight]}, {"vectors": vectors}

    def _of_system(self, subset: Subset, system: str) -> Baseline:
        if system == "lora":
            adapter = self.lora(subset)
            score = self._score(subset, system, adapter, None)
            return Baseline([score], score, {"finetuned": [adapter]}, {"finetuned": [adapter]})
        with_vector = system.startswith("vector_")
        model = self.jobs.merge(subset, "ta", VALIDATION) if with_vector else self.jobs.build.base
        seconds, kept = self._costs_of_vector(subset) if with_vector else ({}, {})
        if system.endswith("prompt"):
            score = self._score(subset, system, model, PlannedHints(self.phrases(subset)))
            return Baseline([score], score, seconds, kept)
        search = self.strength(subset, model, system)
        score = self._score(subset, system, model, PlannedHints(self.phrases(subset), searched_strength(search)))
        return Baseline(
            [score], score, seconds | {"searches": [*seconds.get("searches", ()), search]}, kept, strength=search
        )

    def cells(self, subset: Subset) -> Cells:
        """General scores of the systems that are switched on, whose models further sets are decoded with."""
        task = self.jobs.task
        return {
            NAMES[system]: [self.systems.cell(self._of_system(subset, system).general, None, task)]
            for system in self.wanted
        }

    # Table

    @cached_property
    def table(self) -> PlannedJob:
        rows, used = [], _Used()
        for subset in self.systems.subsets:
            for name, baseline in self.of_subset(subset).items():
                rows.append(self._row(subset, name, baseline, used))
        settings = {
            "rows": rows,
            "task": self.jobs.task,
            "language": self.jobs.language,
            "general": self.jobs.speech(None).id,
            "words": {self.jobs.speech(word).id: forms_of(word)[self.jobs.language] for word in self.systems.words},
        }
        settings |= self.jobs.build.scoring_settings
        return PlannedJob("table", "baselines", settings, used.inputs, modules=(f"{ROOM}.baselines_table",))

    def _row(self, subset: Subset, name: str, baseline: Baseline, used: "_Used") -> dict[str, Any]:
        every = {job.id: job for job in (*baseline.scores, baseline.general)}.values()
        used.add({"scores": list(every), "hypotheses": [hypotheses_of(job) for job in every]})
        used.add(baseline.seconds)
        used.add(baseline.kept)
        return {
            "words": self.systems.label(subset),
            "system": name,
            "sets": [self.jobs.speech(word).id for word in subset.words],
            "scores": [job.id for job in baseline.scores],
            "general": baseline.general.id,
            "seconds": {role: [job.id for job in jobs] for role, jobs in baseline.seconds.items()},
            "kept": {role: [job.id for job in jobs] for role, jobs in baseline.kept.items()},
            "strength": baseline.strength and baseline.strength.id,
        }


class _Used:
    """Inputs of the table, each once."""

    def __init__(self) -> None:
        self._jobs: dict[str, dict[str, PlannedJob]] = {}

    def add(self, jobs: Mapping[str, Jobs]) -> None:
        for role, found in jobs.items():
            self._jobs.setdefault(role, {}).update({job.id: job for job in found})

    @property
    def inputs(self) -> Inputs:
        return {role: list(jobs.values()) for role, jobs in self._jobs.items()}
