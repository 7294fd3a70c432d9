"""Search for the learning rate, where the configuration gives several."""

from collections.abc import Callable
from pathlib import Path

from tauspeech.training.finetuning import Trained


def best_of(rates: float | list[float], attempt: Callable[[float, Path], Trained], checkpoints: Path) -> Trained:
    """The training with the best validation score; of equal scores the lowest rate, which changes the weights least."""
    if not isinstance(rates, list):
        return attempt(rates, checkpoints)
    best, tried = None, []
    for rate in sorted(rates):
        found = attempt(rate, checkpoints / f"rate-{rate:g}")
        tried.append({"learning_rate": rate, "score": found.score})
        print(f"learning rate {rate:g}: {found.score:.4g} on validation", flush=True)
        if best is None or found.score > best.score:
            best, chosen = found, rate
    assert best
    best.history |= {"learning_rate": chosen, "tried": tried}
    return best
