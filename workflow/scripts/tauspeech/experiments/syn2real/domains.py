"""Domains of the experiment syn2real: targets, the sources of each, and the sources that are held out for its scale."""

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tauspeech.data.randomness import derive_seed
from tauspeech.data.reserved_names import SLUG
from tauspeech.plan.domain_corpus import DomainContent, domains_of
from tauspeech.plan.sources import grammar_domains
from tauspeech.runtime.errors import UserError, did_you_mean
from tauspeech.runtime.paths import GRAMMARS

TAKEN = ("base", "raw", "all-sources")  # names of other folders of models and hypotheses
LEFT_OUT = "without-"  # begins names of models of all sources but some, which follow

LEARNED = ("train", "validation")  # splits of which a source has recordings

Domains = tuple[str, ...]  # in alphabetical order


@dataclass(frozen=True)
class DomainChoice:
    """All domains of a run, with those that have recordings, and what the configuration chooses of them."""

    recorded: Domains  # with recordings for training and validation
    tested: Domains  # with recordings for tests
    targets: Domains
    compared: Domains  # targets of the further tables and of the figures
    named_sources: Domains
    most_held_out: int
    seed: int  # of the hash that draws what is held out

    def sources(self, *left_out: str) -> Domains:
        """Source domains without some."""
        return tuple(domain for domain in self.named_sources if domain not in left_out)

    def held_out(self, target: str) -> Domains:
        """Sources by which a target's scale is chosen: drawn by hash, the same for all seeds of a run."""

        def place(domain: str) -> int:
            # The hash is of the pair: two targets that hold out each other then share the models without both.
            return derive_seed(self.seed, "held out", *sorted((target, domain)))

        sources = self.sources(target)
        count = min(self.most_held_out, len(sources) - 1)
        return tuple(sorted(sorted(sources, key=place)[:count]))

    def draw(self, target: str, number: int) -> Domains:
        """The sources of a target in a random order."""
        return tuple(
            sorted(
                self.sources(target),
                key=lambda domain: derive_seed(self.seed, "order of sources", target, str(number), domain),
            )
        )


def known_domains(config: dict[str, Any]) -> dict[str, DomainContent]:
    """Domains of the configuration's corpus, or of the grammar of commands, all of which get simulated recordings."""
    if config["corpus"]:
        return domains_of(config["corpus"])
    grammar, counts = f"commands/{config['language']}", config["text"]["counts"]
    if not (GRAMMARS / f"{grammar}.yaml").is_file():
        raise UserError(
            f"key 'language': there is no grammar of spoken commands in '{config['language']}', only in English: give recorded "
            "domains in the key corpus."
        )
    return {name: DomainContent(counts, counts) for name in grammar_domains(grammar)}


def choose_domains(config: dict[str, Any], known: Mapping[str, DomainContent]) -> DomainChoice:
    """The domains of a configuration; ``known`` describes all that there are, by name."""
    chosen, names = config["domains"], sorted(known)
    _require_names(names)
    recorded = tuple(name for name in names if all(known[name].recordings.get(each) for each in LEARNED))
    tested = tuple(name for name in names if known[name].recordings.get("test"))
    targets = _named(chosen["targets"], names, "domains.targets") or tuple(names)
    compared = _named(chosen["compared"], targets, "domains.compared") or targets
    sources = _named(chosen["sources"], names, "domains.sources") or recorded
    if missing := [name for name in sources if name not in recorded]:
        raise UserError(
            f"key 'domains.sources': {missing[0]} lacks recordings of the split train or validation: leave it out, or give some."
        )
    found = DomainChoice(
        recorded, tested, targets, compared, tuple(sorted(sources)), chosen["held_out"], config["seed"]
    )
    for target in targets:
        if len(found.sources(target)) < 2:
            raise UserError(
                f"key 'domains.sources': the target {target} has fewer than two source domains with recordings, of which one is "
                "held out to choose its scale: give recordings of more domains."
            )
    return found


def _require_names(names: Sequence[str]) -> None:
    """Refuse names of domains that cannot be those of files, or of which two models would have the same name."""
    for name in names:
        if not SLUG.fullmatch(name) or name in TAKEN or name.startswith(LEFT_OUT):
            raise UserError(
                f"the domain '{name}' cannot be the name of files: use lower-case letters, digits, '-' and '_', and neither "
                f"{', '.join(TAKEN)} nor a name that begins with {LEFT_OUT}."
            )
    found: dict[str, tuple[str, ...]] = {}
    for left_out in (*itertools.combinations(names, 1), *itertools.combinations(names, 2)):
        other = found.setdefault("-".join(left_out), left_out)
        if other != left_out:
            raise UserError(
                f"the domains {', '.join(sorted({*other, *left_out}))} give two models the same name, "
                f"{LEFT_OUT}{'-'.join(left_out)}: write one of them with '_' in place of '-'."
            )


def _named(given: Sequence[str] | None, known: Sequence[str], key: str) -> Domains:
    for name in given or ():
        if name not in known:
            advice = did_you_mean(name, known, f"give some of {', '.join(known)}.")
            raise UserError(f"key '{key}': there is no domain '{name}': {advice}")
    return tuple(sorted(given or ()))
