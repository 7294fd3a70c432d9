"""Models of the experiment syn2real: fine-tunes on domains in some conditions, vectors between two of them, and merges."""

from dataclasses import replace
from typing import Any

from tauspeech.experiments.syn2real.conditions import Pair
from tauspeech.experiments.syn2real.data import DomainSets
from tauspeech.experiments.syn2real.domains import LEFT_OUT, DomainChoice, Domains
from tauspeech.plan.builder import Builder, TaskSets, searched_scale
from tauspeech.plan.jobs import PlannedJob, once
from tauspeech.plan.merges import MergeSpec, Term

SINGLE, ENSEMBLE = "single", "ensemble"  # one vector of all sources, or the mean of one for each source domain
KINDS = {SINGLE: "", ENSEMBLE: "-ensemble"}  # with what is added to the names of their merges
MIXED = "mixed"


class DomainModels:
    """One repetition's models of one base. Names of models of the run's own base have no prefix."""

    def __init__(self, config: dict[str, Any], domains: DomainChoice, sets: DomainSets, build: Builder):
        self.config, self.domains, self.sets, self.build = config, domains, sets, build
        self.prefix = f"{build.base_id.removeprefix('base--')}--" if build.base_id != "base" else ""
        self.made: dict[tuple[Any, ...], PlannedJob] = {}

    # Fine-tunes

    def task_sets(self, domains: Domains, conditions: tuple[str, ...]) -> TaskSets:
        return tuple(
            (self.sets.speech(domain, condition, self.build), (self.sets.task,))
            for domain in domains
            for condition in conditions
        )

    def scope(self, sources: Domains) -> str:
        """Name of some source domains: of one, or of all without some."""
        if len(sources) == 1:
            return sources[0]
        left_out = [domain for domain in self.domains.named_sources if domain not in sources]
        return f"{LEFT_OUT}{'-'.join(left_out)}" if left_out else "all-sources"

    @once
    def finetune(self, sources: Domains, conditions: tuple[str, ...]) -> PlannedJob:
        """The base, fine-tuned on domains in some conditions."""
        id = f"{self.prefix}{self.scope(sources)}--{_name(conditions)}"
        return self.build.finetune(id, self.task_sets(sources, conditions), self._training())

    @once
    def continued(self, start: PlannedJob, domain: str, condition: str) -> PlannedJob:
        """A fine-tune that is taught further on a domain, at a lower learning rate."""
        id = f"{_untagged(start, self.build)}--then-{domain}-{condition}"
        continuation, training = self.config["continuation"], self._training()
        rate = training["learning_rate"] * continuation["rate"]
        training |= {"learning_rate": float(f"{rate:.6g}"), "epochs": continuation["epochs"] or training["epochs"]}
        return self.build.finetune(id, self.task_sets((domain,), (condition,)), training, base=start)

    @once
    def joint(self, target: str, pair: Pair) -> PlannedJob:
        """The base, fine-tuned on the sources as wanted and on the target as given, all at once."""
        sources = self.domains.sources(target)
        id = f"{self.prefix}{self.scope(sources)}--{pair.wanted}--with-{target}-{pair.given}"
        sets = self.task_sets(sources, (pair.wanted,)) + self.task_sets((target,), (pair.given,))
        return self.build.finetune(id, sets, self._training())

    def source(self, sources: Domains, pair: Pair) -> PlannedJob:
        """The model of the sources that a target's starts from."""
        return self.finetune(sources, pair.source) if pair.source else self.build.base

    def target(self, target: str, sources: Domains, pair: Pair) -> PlannedJob:
        """The model of a target's speech as it is given."""
        if not pair.source:
            return self.finetune((target,), (pair.given,))
        return self.continued(self.source(sources, pair), target, pair.given)

    def topline(self, target: str, pair: Pair) -> PlannedJob:
        """The same with the target's speech as it is wanted."""
        return self.target(target, self.domains.sources(target), replace(pair, given=pair.wanted))

    def _training(self) -> dict[str, Any]:
        return dict(self.build.section("training"))

    # Vectors and merges

    @once
    def vector(self, sources: Domains, pair: Pair) -> PlannedJob:
        """The vector of a pair: the difference between the sources' fine-tunes in its two conditions."""
        wanted, given = (self.finetune(sources, (condition,)) for condition in (pair.wanted, pair.given))
        id = f"{self.prefix}{self.scope(sources)}--{pair.name}{self.build.tag}"
        return self.build.vector(wanted, reference=given, id=id)

    def merge_spec(self, sources: Domains, pair: Pair, kind: str) -> MergeSpec:
        """The vector of all sources, or the mean of their single vectors (equation 4)."""
        parts = [sources] if kind == SINGLE else [(domain,) for domain in sources]
        terms = (Term(self.vector(part, pair), reference=self.finetune(part, (pair.given,))) for part in parts)
        return MergeSpec("average", tuple(terms))

    @once
    def held_out_search(self, held_out: str, target: str, pair: Pair, kind: str) -> PlannedJob:
        """Scores of a source domain as if it were a target, by scale; nothing is trained on it, nor on the target."""
        sources = self.domains.sources(held_out, target)
        name = self.merge_name(held_out, pair, kind)
        # Searches of two targets that hold out each other have the same sources, and sets of their own.
        id = f"{name}--{self.scope(sources)}"
        candidates = [{"scale": scale} for scale in sorted(self.config["merging"]["grid"])]
        return self.build.search(
            id,
            self.merge_spec(sources, pair, kind),
            self.task_sets((held_out,), (pair.wanted,)),
            "scales",
            candidates,
            None,
            batch=f"{self.prefix}held-out--{self.scope(sources)}",
            base=self.target(held_out, sources, pair),
        )

    @once
    def scale_choice(self, target: str, pair: Pair, kind: str) -> PlannedJob:
        """The scale that is best on the mean of the held-out sources of a target."""
        searches = [self.held_out_search(each, target, pair, kind) for each in self.domains.held_out(target)]
        rule = {"kind": "smallest_scale", "tolerance": self.config["merging"]["tolerance"]}
        return self.build.mean_search(f"{self.merge_name(target, pair, kind)}--scale", searches, rule)

    def merge_name(self, target: str, pair: Pair, kind: str) -> str:
        return f"{self.prefix}{target}--{pair.name}{KINDS[kind]}"

    def scaled(self, target: str, pair: Pair, kind: str) -> MergeSpec:
        """The merge of a target at its scale: chosen on held-out sources, or the configuration's."""
        spec, scale = self.merge_spec(self.domains.sources(target), pair, kind), self.config["merging"]["scale"]
        chosen = searched_scale(self.scale_choice(target, pair, kind)) if scale == "held_out" else float(scale)
        return replace(spec, scale=chosen)

    @once
    def merge(self, target: str, pair: Pair, kind: str) -> PlannedJob:
        base = self.target(target, self.domains.sources(target), pair)
        name = self.merge_name(target, pair, kind)
        return self.build.merge(name, self.scaled(target, pair, kind), batch=f"{self.prefix}{target}", base=base)

    # Curves on the test set

    @once
    def scale_curve(self, target: str, pair: Pair, kind: str) -> PlannedJob:
        """The test score of a target at each scale of Figure 4."""
        sources = self.domains.sources(target)
        candidates = [{"scale": scale} for scale in sorted(self.config["figures"]["scales"])]
        return self._curve(target, pair, self.merge_spec(sources, pair, kind), "scales", candidates, "scales", kind)

    @once
    def count_curve(self, target: str, pair: Pair) -> PlannedJob:
        """The test score of a target with vectors of some source domains, in several draws (Figure 6).

        Targets that are no sources have one source more than the others, and it is left out: all have the same numbers.
        """
        figures = self.config["figures"]
        most = min(len(self.domains.sources(each)) for each in self.domains.compared)
        counts = sorted({min(count, most) for count in figures["counts"]})
        candidates = []
        for count in counts:
            for draw in range(1, (figures["draws"] if count < most else 1) + 1):
                drawn = self.domains.draw(target, draw)[:count]
                ids = sorted(self.vector((domain,), pair).id for domain in drawn)
                candidates.append({"count": count, "draw": draw, "vectors": ids})
        spec = self.scaled(target, pair, ENSEMBLE)
        return self._curve(target, pair, spec, "subsets", candidates, "counts", ENSEMBLE)

    def _curve(
        self,
        target: str,
        pair: Pair,
        spec: MergeSpec,
        kind: str,
        candidates: list[dict[str, Any]],
        name: str,
        of: str,
    ) -> PlannedJob:
        return self.build.search(
            f"{self.merge_name(target, pair, of)}--{name}",
            spec,
            self.task_sets((target,), (pair.wanted,)),
            kind,
            candidates,
            None,
            split="test",
            score="headline",
            batch=f"{self.prefix}{target}--curves",
            base=self.target(target, self.domains.sources(target), pair),
        )


def _name(conditions: tuple[str, ...]) -> str:
    """``recorded``, or ``mixed`` of recorded and synthetic speech."""
    if len(conditions) == 1:
        return conditions[0]
    *_, last = conditions
    return last.replace("synthetic", MIXED)


def _untagged(job: PlannedJob, build: Builder) -> str:
    return job.id.removesuffix(build.tag) if build.tag else job.id
