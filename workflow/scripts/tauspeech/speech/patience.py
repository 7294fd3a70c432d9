"""An engine may fail at a sentence now and then; one that fails at more than a tenth of them is of no use."""

from tauspeech.disk import trouble_of
from tauspeech.dropped import Unusable
from tauspeech.errors import UserError
from tauspeech.lines import one_line
from tauspeech.speech.engine import Engine, Failed, Sound

_LEAST, _SHARE = 3, 0.1
FAILED = "the engine failed"


class Patience:
    def __init__(self, model: str):
        self._model = model
        self._asked = self._failed = 0

    def say(self, engine: Engine, text: str, speaker: str | None, seed: int) -> Sound:
        self._asked += 1
        try:
            return engine.say(text, speaker, seed)
        except Unusable:
            raise
        except Exception as error:
            if self._is_final(error):
                raise
            reason = str(error) if isinstance(error, Failed) else f"{type(error).__name__}: {error}"
            self._failed += 1
            if self._failed >= _LEAST and self._failed > _SHARE * self._asked:
                raise UserError(self._told(error, reason)) from error
            print(f"{self._model} failed at '{one_line(text)}': {one_line(reason)}", flush=True)
            raise Unusable(FAILED) from None

    def _is_final(self, error: Exception) -> bool:
        """What no other sentence would mend: settings, a full disk, no memory."""
        if isinstance(error, UserError):
            return not isinstance(error, Failed)
        return isinstance(error, MemoryError) or trouble_of(error) is not None

    def _told(self, error: Exception, reason: str) -> str:
        if isinstance(error, Failed):
            return str(error)
        if type(error).__name__ == "OutOfMemoryError":  # torch's, which not every engine has
            return f"{self._model}: the GPU ran out of memory: set text.limits.longest lower, or decoding.gpus to 0."
        return f"{self._model} failed at {self._failed} of {self._asked} sentences, at last with {one_line(reason)}."
