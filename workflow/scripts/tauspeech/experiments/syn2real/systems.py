"""Systems of the experiment syn2real, which are the rows of its tables, for each base and each engine of synthetic speech."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from tauspeech.data.schemas import checked
from tauspeech.experiments.syn2real.conditions import PSEUDO2REAL, Pair, syn2real
from tauspeech.experiments.syn2real.data import DomainSets
from tauspeech.experiments.syn2real.domains import DomainChoice, Domains
from tauspeech.experiments.syn2real.jobs import ENSEMBLE, SINGLE, DomainModels
from tauspeech.plan.builder import Builder, merged_section
from tauspeech.plan.config import schema_of
from tauspeech.plan.jobs import PlannedJob, once
from tauspeech.plan.tables import PlannedCell, PlannedPoint

PRETRAINED = "Pretrained ASR"
SOURCE = "Source ASR"
BASELINE = "Target Synthetic ASR (Baseline)"
MERGED = "+SYN2REAL"
MERGED_ENSEMBLE = "+SYN2REAL Ensemble"
JOINT = "Joint training (recorded sources, synthetic target)"
TOPLINE = "Target recorded ASR (topline)"
PSEUDO_BASELINE, PSEUDO_MERGED, PSEUDO_TOPLINE = "Target pseudo-label ASR", "+Pseudo2Real", "Target with true labels"
OWN = ""  # name of the run's own base, and of its own voices

Cells = dict[str, list[PlannedCell]]  # of the targets, by system


@dataclass(frozen=True)
class Setting:
    """A base and an engine of synthetic speech, by their names in the configuration."""

    base: str = OWN
    engine: str = OWN

    @property
    def pair(self) -> Pair:
        return syn2real(self.engine)


class Syn2RealSystems:
    """One repetition of the experiment."""

    def __init__(self, config: dict[str, Any], domains: DomainChoice, repetition: int = 0):
        self.config, self.domains, self._repetition = config, domains, repetition
        self.language: str = config["language"]
        build = self._builder(config)
        self.sets = DomainSets(config, build)
        self._models = {OWN: DomainModels(config, domains, self.sets, build)}
        self.made: dict[tuple[Any, ...], PlannedJob] = {}

    def _builder(self, config: dict[str, Any], base_id: str = "base") -> Builder:
        return Builder(config, (self.language,), (self.language,), self._repetition, base_id)

    def models(self, base: str = OWN) -> DomainModels:
        if base not in self._models:
            other = self.config["other_bases"][base]
            config = merged_section(self.config, {key: value for key, value in other.items() if key != "training"})
            training = merged_section(self.config["training"], other.get("training", {}))
            schema = schema_of("syn2real")["properties"]["training"]
            config["training"] = checked(training, schema, f"key 'other_bases.{base}.training'")
            build = self._builder(config, f"base--{base}")
            self._models[base] = DomainModels(config, self.domains, self.sets, build)
        return self._models[base]

    @cached_property
    def tested(self) -> Domains:
        """Targets with recordings for tests; of others there are models alone."""
        return tuple(target for target in self.domains.targets if target in self.domains.tested)

    @cached_property
    def compared(self) -> Domains:
        return tuple(target for target in self.domains.compared if target in self.domains.tested)

    @cached_property
    def recorded(self) -> Domains:
        """Targets with recordings for training too, which the topline and pseudo-labels need."""
        return tuple(target for target in self.tested if target in self.domains.recorded)

    @cached_property
    def labelled(self) -> Domains:
        """Compared targets whose recordings can be labelled by the base."""
        return tuple(target for target in self.compared if target in self.recorded)

    # Cells

    def cell(self, base: str, model: PlannedJob, target: str) -> PlannedCell:
        return PlannedCell(self._score(base, model, target), self.sets.recorded(target).id, "transcribe", self.language)

    @once
    def raw(self, base: str, target: str) -> PlannedJob:
        """A base's hypotheses: a job for each domain."""
        models = self.models(base)
        folder = f"raw--{base}" if base else "raw"
        return models.build.decode(f"{folder}/{target}", models.build.base, self._sets(target), folder, folder)

    @once
    def _score(self, base: str, model: PlannedJob, target: str) -> PlannedJob:
        models, raw = self.models(base), self.raw(base, target)
        if model is models.build.base:
            return models.build.score(raw, words={})
        id = model.id.removesuffix(models.build.tag) if models.build.tag else model.id
        found = models.build.decode(f"{id}--on-{target}", model, self._sets(target), f"{models.prefix}{target}")
        return models.build.score(found, (raw,), words={})

    def _sets(self, target: str) -> Any:
        return ((self.sets.recorded(target), (self.sets.task,)),)

    def points(self, curve: PlannedJob, target: str, numbers: Sequence[int]) -> list[PlannedPoint]:
        """Candidates of a curve on the test set, by their numbers."""
        set_id = self.sets.recorded(target).id
        return [PlannedPoint(curve, number, set_id, "transcribe", self.language) for number in numbers]

    # Rows of the tables

    def of_syn2real(self, setting: Setting, targets: Domains, names: Sequence[str]) -> Cells:
        """Cells of some systems."""
        models, pair = self.models(setting.base), setting.pair

        def model(system: str, target: str) -> PlannedJob:
            sources = self.domains.sources(target)
            makers: Mapping[str, Any] = {
                PRETRAINED: lambda: models.build.base,
                SOURCE: lambda: models.source(sources, pair),
                BASELINE: lambda: models.target(target, sources, pair),
                MERGED: lambda: models.merge(target, pair, SINGLE),
                MERGED_ENSEMBLE: lambda: models.merge(target, pair, ENSEMBLE),
                JOINT: lambda: models.joint(target, pair),
                TOPLINE: lambda: models.topline(target, pair),
            }
            made: PlannedJob = makers[system]()
            return made

        return {name: [self.cell(setting.base, model(name, target), target) for target in targets] for name in names}

    def of_pseudo2real(self) -> Cells:
        models, pair, targets = self.models(), PSEUDO2REAL, self.labelled
        found = {
            PRETRAINED: [models.build.base for _ in targets],
            PSEUDO_BASELINE: [models.target(target, self.domains.sources(target), pair) for target in targets],
            PSEUDO_MERGED: [models.merge(target, pair, SINGLE) for target in targets],
            PSEUDO_TOPLINE: [models.topline(target, pair) for target in targets],
        }
        return {
            name: [self.cell(OWN, job, target) for job, target in zip(jobs, targets, strict=True)]
            for name, jobs in found.items()
        }
