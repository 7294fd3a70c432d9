"""Time of a training over several attempts: what the attempts before have taken up to their last checkpoints."""

import time
from pathlib import Path
from typing import Any

from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments

from tauspeech.runtime.files import write_text


class Elapsed(TrainerCallback):
    """Keeps the time in a file beside the checkpoints; ``before`` are the seconds of earlier attempts.

    A training at several rates has one file for all.
    """

    def __init__(self, checkpoints: Path):
        self._file = checkpoints / "seconds.txt"
        self._begin = time.monotonic()
        try:
            self.before = float(self._file.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            self.before = 0.0

    def on_save(self, _: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any) -> None:
        if state.is_world_process_zero:
            write_text(self._file, f"{self.before + time.monotonic() - self._begin:.1f}\n")
