"""Search for learning rates: which trainings try the rates of a list, and which use what another one has chosen."""

from dataclasses import dataclass, replace
from typing import Any

from tauspeech.experiments.lors.trainings import Training
from tauspeech.plan.builder import merged_section
from tauspeech.plan.own_finetunes import ADAPTERS, MODELS

KEYS = ("search", "search_share")  # of the section training: they say which training searches, not how one is run


@dataclass(frozen=True)
class RateSearch:
    """The search that a configuration asks for; ``kinds`` has the trainings of each kind."""

    config: dict[str, Any]
    kinds: dict[str, tuple[Training, ...]]

    def trial(self, training: Training) -> Training | None:
        """The training that tries the rates for this one, which may be itself; None if no rate is searched for it."""
        rates = merged_section(self.config["training"], self._override(training))["learning_rate"]
        if not isinstance(rates, list) or self._is_own(training):
            return None
        if self._searches_alone(training):
            return training
        kind = self.kinds[self._kind_of(training)]
        first = next(each for each in kind if not (self._is_own(each) or self._searches_alone(each)))
        several = len({language for language, _ in first.pairs}) > 1
        return replace(first, share=self.config["training"]["search_share"] if several else 1.0)

    def trials(self) -> dict[str, Training]:
        """The trainings that try rates for the tables, by kind; by name those that search for themselves alone."""
        found = {}
        for kind, trainings in self.kinds.items():
            for training in trainings:
                if trial := self.trial(training):
                    found[training.name if self._searches_alone(training) else kind] = trial
        return found

    def _searches_alone(self, training: Training) -> bool:
        return self.config["training"]["search"] == "each" or "learning_rate" in self._override(training)

    def _kind_of(self, training: Training) -> str:
        return next(kind for kind, found in self.kinds.items() if training.name in {each.name for each in found})

    def _override(self, training: Training) -> dict[str, Any]:
        found: dict[str, Any] = self.config["overrides"].get(training.name, {}).get("training", {})
        return found

    def _is_own(self, training: Training) -> bool:
        """True if the user's own model takes the training's place."""
        return any(training.id in self.config.get(key, {}) for key in (MODELS, ADAPTERS))
