"""Error rates of the verdicts, by simulation: see tests/scoring/simulation.py."""

import numpy as np
import pytest

from tauspeech.scoring.claims import bounds, verdict
from tauspeech.scoring.intervals import over_seeds
from tests.scoring.simulation import RIVALS, SEEDS, Trial, rates

TRIALS = 400  # with one seed, where a trial takes some milliseconds
MOST = 5.0  # percent; the expected rate of each wrong verdict is 2.5 % at most


@pytest.mark.parametrize("seeds", SEEDS)
@pytest.mark.parametrize("rivals", RIVALS)
def test_equal_systems_seldom_get_a_verdict(rivals: int, seeds: int) -> None:
    found = rates(Trial(rivals, seeds, utterances=100), TRIALS if seeds == 1 else 2000)
    print(f"{seeds} seeds, {rivals} rivals: {found}")
    assert found["holds"] <= MOST and found["does not hold"] <= MOST


@pytest.mark.parametrize("seeds", [1, 5])
def test_all_claims_of_a_run_together_seldom_have_one_wrong_verdict(seeds: int) -> None:
    """With ten claims each may err in 0.25 % in either direction."""
    found = rates(Trial(rivals=4, seeds=seeds, claims=10), TRIALS if seeds == 1 else 4000)
    assert found["holds"] <= 0.7 and found["does not hold"] <= 0.7


@pytest.mark.parametrize(("seeds", "effect"), [(1, 5.0), (3, 10.0), (5, 5.0), (10, 3.0)])
def test_a_clear_effect_is_seen_and_never_contradicted(seeds: int, effect: float) -> None:
    found = rates(Trial(rivals=4, seeds=seeds, effect=effect), 200)
    print(f"{seeds} seeds, {effect:g} points better than 4 rivals: {found}")
    assert found["holds"] > 70 and found["does not hold"] == 0


def test_few_utterances_are_no_worse() -> None:
    found = rates(Trial(rivals=4, seeds=1, utterances=12), TRIALS)
    assert found["holds"] <= MOST and found["does not hold"] <= MOST


@pytest.mark.parametrize("seeds", [2, 3, 5])
@pytest.mark.parametrize("claims", [1, 40])
def test_scores_of_few_values_are_no_worse(seeds: int, claims: int) -> None:
    """Differences of similar systems on a small set are often equal in all seeds, by chance."""
    generator = np.random.default_rng(1)
    found = [
        verdict(bounds({"rival": over_seeds(list(generator.choice([-1.0, 0.0, 1.0], seeds)))}, claims))
        for _ in range(2000)
    ]
    most = MOST if claims == 1 else 0.7
    assert all(100 * found.count(wrong) / len(found) <= most for wrong in ("holds", "does not hold"))
