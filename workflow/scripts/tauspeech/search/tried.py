"""What a search tries: candidates that change a decoder by their weights, or by its hints."""

from collections.abc import Sequence
from typing import Protocol

from tauspeech.models.decoding import Decoder
from tauspeech.models.hints import Hints
from tauspeech.runtime.job import Job
from tauspeech.search.candidates import KINDS, Candidate, Candidates
from tauspeech.vectors.execution import Execution

STRENGTHS = "strengths"


class Trials(Protocol):
    def apply(self, decoder: Decoder, candidate: Candidate) -> None:
        """Make the decoder that of a candidate."""
        ...


class TriedWeights:
    """Candidates with weights of their own."""

    def __init__(self, candidates: Candidates):
        self._candidates = candidates

    def apply(self, decoder: Decoder, candidate: Candidate) -> None:
        decoder.model.load_weights(self._candidates.weights(candidate))


class TriedStrengths:
    """One model with a bias of phrases: candidates ``{strength}``."""

    def __init__(self, phrases: Sequence[str]):
        self._phrases = tuple(phrases)

    def apply(self, decoder: Decoder, candidate: Candidate) -> None:
        decoder.hints = Hints(self._phrases, strength=candidate["strength"])


def tried(job: Job, execution: Execution) -> Trials:
    settings = job.settings
    if settings["kind"] == STRENGTHS:
        return TriedStrengths(settings["hints"]["phrases"])
    return TriedWeights(KINDS[settings["kind"]](job, settings["candidates"], execution))
