"""An engine may fail at a sentence now and then; one that fails again and again is of no use."""

from collections.abc import Callable

from tauspeech.data.dropped import Unusable
from tauspeech.runtime.disk import trouble_of
from tauspeech.runtime.errors import UserError, one_line
from tauspeech.speech.engine import Failed, Sound

_IN_A_ROW = 5
_SHARE, _OF_AT_LEAST = 0.1, 50
FAILED = "the engine failed"


class FailureBudget:
    """Of one share of a set, from its first sentence on: what was said earlier counts like what is said now."""

    def __init__(self, model: str):
        self._model = model
        self._asked = self._failed = self._in_a_row = 0

    def say(self, text: str, say: Callable[[], Sound]) -> Sound:
        self._asked += 1
        try:
            sound = say()
        except Unusable:
            raise
        except Exception as error:
            self._take(text, error)
            raise Unusable(FAILED) from None
        self._in_a_row = 0
        return sound

    def end(self) -> None:
        """Of a few sentences all may have failed before it was too much."""
        if self._failed and self._failed == self._asked:
            raise UserError(f"{self._model} failed at all {self._asked} sentences of its share: its log says how.")

    def _take(self, text: str, error: Exception) -> None:
        if _is_final(error):
            raise error
        if type(error).__name__ == "OutOfMemoryError":  # torch's, which not every engine has
            raise UserError(
                f"{self._model}: the GPU ran out of memory: set text.limits.longest lower, or decoding.gpus to 0."
            ) from error
        reason = str(error) if isinstance(error, Failed) else f"{type(error).__name__}: {error}"
        print(f"{self._model} failed at '{one_line(text)}': {one_line(reason)}", flush=True)
        self._failed += 1
        self._in_a_row += 1
        if self._in_a_row >= _IN_A_ROW or self._failed > _SHARE * max(self._asked, _OF_AT_LEAST):
            told = (
                f"{self._model} failed at {self._failed} of {self._asked} sentences, at last with {one_line(reason)}."
            )
            raise UserError(reason if isinstance(error, Failed) else told) from error


def _is_final(error: Exception) -> bool:
    """What no other sentence would mend: settings, a full disk, no memory."""
    if isinstance(error, UserError):
        return not isinstance(error, Failed)
    return isinstance(error, MemoryError) or trouble_of(error) is not None
