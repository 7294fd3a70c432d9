"""Search for learning rates: which trainings try the rates of a list, and which use what another one has chosen."""

from dataclasses import dataclass, replace
from typing import Any

from tauspeech.experiments.lors.trainings import Training, whole_percent
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
        if not self._has_rates(training) or self._is_own(training):
            return None
        return training if self._searches_alone(training) else self._trial_of_kind(training) or training

    def trial_of_step(self, training: Training) -> Training | None:
        """The training that tries the rates for a step of sequential training, which is set like a single training.

        In whose place there may be the user's own model: the step then uses what its kind has chosen, if any.
        """
        if not self._is_own(training) or not self._has_rates(training):
            return self.trial(training)
        return None if self._searches_alone(training) else self._trial_of_kind(training)

    def trials(self) -> dict[str, Training]:
        """The trainings that try rates for the tables, by kind; by name those that search for themselves alone."""
        found = {}
        for kind, trainings in self.kinds.items():
            for training in trainings:
                if trial := self.trial(training):
                    found[training.name if self._searches_alone(training) else kind] = trial
        return found

    def _trial_of_kind(self, training: Training) -> Training | None:
        """The first training of the kind that takes part in its search, with the share of the speech that it needs."""
        for each in self.kinds[self._kind_of(training)]:
            if not (self._is_own(each) or self._searches_alone(each)):
                trial = replace(each, share=self._share(each))
                return each if self._is_own(trial) else trial
        return None

    def _share(self, training: Training) -> float:
        if len({language for language, _ in training.pairs}) == 1:
            return 1.0
        return whole_percent(self._settings(training)["search_share"], "training.search_share")

    def _has_rates(self, training: Training) -> bool:
        """True if there is more than one to choose from."""
        rates = self._settings(training)["learning_rate"]
        return isinstance(rates, list) and len(rates) > 1

    def _searches_alone(self, training: Training) -> bool:
        return self._settings(training)["search"] == "each" or "learning_rate" in self._override(training)

    def _settings(self, training: Training) -> dict[str, Any]:
        return merged_section(self.config["training"], self._override(training))

    def _kind_of(self, training: Training) -> str:
        return next(kind for kind, found in self.kinds.items() if training.name in {each.name for each in found})

    def _override(self, training: Training) -> dict[str, Any]:
        found: dict[str, Any] = self.config["overrides"].get(training.name, {}).get("training", {})
        return found

    def _is_own(self, training: Training) -> bool:
        """True if the user's own model takes the training's place."""
        return any(training.id in self.config.get(key, {}) for key in (MODELS, ADAPTERS))
