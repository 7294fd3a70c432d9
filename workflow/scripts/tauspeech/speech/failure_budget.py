"""Failure budget of an engine: single failures are tolerated, repeated failures end the job."""

from collections.abc import Callable

from tauspeech.data.dropped_utterances import Unusable
from tauspeech.runtime.disk import trouble_of
from tauspeech.runtime.errors import UserError, one_line
from tauspeech.speech.engine import Failed, Sound

_IN_A_ROW = 5
_SHARE, _OF_AT_LEAST = 0.1, 50
FAILED = "the engine failed"


class FailureBudget:
    """Failure budget for one engine's share of a set; sentences from the cache count like newly synthesised ones."""

    def __init__(self, model: str):
        self._model = model
        self._attempts = self._failed = self._in_a_row = 0

    def call(self, text: str, synthesise: Callable[[], Sound]) -> Sound:
        """Result of ``synthesise``; raises Unusable if it fails, and UserError if the budget is used up."""
        self._attempts += 1
        try:
            sound = synthesise()
        except Unusable:
            raise
        except Exception as error:
            self._count_failure(text, error)
            raise Unusable(FAILED) from None
        self._in_a_row = 0
        return sound

    def end(self) -> None:
        """Raise UserError if all sentences of a small share failed."""
        if self._failed and self._failed == self._attempts:
            raise UserError(
                f"{self._model} failed at all {self._attempts} sentences of its share: see its log for the errors."
            )

    def _count_failure(self, text: str, error: Exception) -> None:
        if _is_final(error):
            raise error
        if type(error).__name__ == "OutOfMemoryError":  # of torch, which not every engine's environment has
            raise UserError(
                f"{self._model}: the GPU ran out of memory: set text.limits.longest lower, or decoding.gpus to 0."
            ) from error
        reason = str(error) if isinstance(error, Failed) else f"{type(error).__name__}: {error}"
        print(f"{self._model} failed at '{one_line(text)}': {one_line(reason)}", flush=True)
        self._failed += 1
        self._in_a_row += 1
        if self._in_a_row >= _IN_A_ROW or self._failed > _SHARE * max(self._attempts, _OF_AT_LEAST):
            raise UserError(
                reason
                if isinstance(error, Failed)
                else f"{self._model} failed at {self._failed} of {self._attempts} sentences, the last time with {one_line(reason)}."
            ) from error


def _is_final(error: Exception) -> bool:
    """True for errors that any other sentence would cause, too: wrong settings, full disk, no memory."""
    if isinstance(error, UserError):
        return not isinstance(error, Failed)
    return isinstance(error, MemoryError) or trouble_of(error) is not None
