"""How often claims get a wrong verdict if all systems are equal, and how often the right one if the first is better.

    python -m tests.scoring.simulation

prints the error rates and the power. One trial is one claim about a system and its rivals. Seeds: the systems' scores
differ from seed to seed by a normal error, which a pair of systems of one seed has in part in common. One seed: the
systems make errors at random in the same utterances, some of which are harder than others.
"""

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from statistics import fmean

import numpy as np

from tauspeech.scoring.claims import Verdict, bounds, verdict
from tauspeech.scoring.intervals import Estimate, over_seeds, over_utterances
from tauspeech.scoring.tally import Tally, percentage

RIVALS = (1, 4, 8)
SEEDS = (1, 3, 5, 10)
WORDS = 8  # of an utterance
SPREAD = 1.0  # standard deviation of a score over seeds, in points


@dataclass(frozen=True)
class Trial:
    """A claim of a system about its rivals; ``effect`` points is it better than each."""

    rivals: int
    seeds: int
    effect: float = 0.0
    claims: int = 1
    utterances: int = 200

    def verdict(self, generator: np.random.Generator) -> Verdict:
        differences = self._of_seeds(generator) if self.seeds > 1 else self._of_utterances(generator)
        return verdict(bounds(dict(zip(map(str, range(self.rivals)), differences, strict=True)), self.claims))

    def _of_seeds(self, generator: np.random.Generator) -> list[Estimate]:
        scores = generator.normal(0, SPREAD, (self.rivals + 1, self.seeds)) + generator.normal(0, SPREAD, self.seeds)
        return [over_seeds(list(scores[0] + self.effect - rival)) for rival in scores[1:]]

    def _of_utterances(self, generator: np.random.Generator) -> list[Estimate]:
        hard = generator.beta(1, 5, self.utterances)  # a sixth of the words is wrong
        rates = np.clip([hard - self.effect / 100, *[hard] * self.rivals], 0, 1)
        systems = [self._tally(generator.binomial(WORDS, rate)) for rate in rates]
        draws = int(generator.integers(2**31))
        values, resamples = ([-system.value() for system in systems], [-system.resampled(draws) for system in systems])
        return [
            over_utterances(values[0] - value, resamples[0] - resampled, self.utterances)
            for value, resampled in zip(values[1:], resamples[1:], strict=True)
        ]

    def _tally(self, errors: np.ndarray) -> Tally:
        return Tally("wer", "", np.stack([errors, np.full_like(errors, WORDS)], axis=1), percentage)


def rates(trial: Trial, trials: int, seed: int = 1) -> dict[Verdict, float]:
    """Share of each verdict, in percent."""
    generator = np.random.default_rng(seed)
    found = [trial.verdict(generator) for _ in range(trials)]
    verdicts: tuple[Verdict, ...] = ("holds", "does not hold", "not decided")
    return {each: 100 * fmean(name == each for name in found) for each in verdicts}


def rows(trials: int) -> Iterator[str]:
    yield "| seeds | rivals | effect | claims | holds | does not hold | not decided |"
    yield "| ---: | ---: | ---: | ---: | ---: | ---: | ---: |"
    for effect, claims in ((0.0, 1), (2.0, 1), (2.0, 40), (5.0, 40)):
        for seeds in SEEDS:
            for rivals in RIVALS:
                found = rates(Trial(rivals, seeds, effect, claims), trials)
                shares = " | ".join(f"{share:.1f} %" for share in found.values())
                yield f"| {seeds} | {rivals} | {effect:g} | {claims} | {shares} |"


if __name__ == "__main__":
    print("\n".join(rows(int(sys.argv[1]) if len(sys.argv) > 1 else 2000)))
