"""Loss, rate and time left, as lines in the job's log."""

import time
from typing import Any

from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments

INTERVAL = 15.0  # seconds between lines


class Progress(TrainerCallback):
    def __init__(self, examples_per_step: int):
        self.examples_per_step = examples_per_step
        self.begin = self.last = time.monotonic()
        self.first_step = 0

    def on_train_begin(self, _: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any) -> None:
        self.begin, self.first_step = time.monotonic(), state.global_step

    def on_log(
        self,
        _: TrainingArguments,
        state: TrainerState,
        control: TrainerControl,
        logs: dict[str, float] | None = None,
        **kwargs: Any,
    ) -> None:
        now = time.monotonic()
        evaluation = {key: value for key, value in (logs or {}).items() if key in ("eval_loss", "eval_score")}
        if not evaluation and now - self.last < INTERVAL and state.global_step < state.max_steps:
            return
        self.last = now
        speed = max(state.global_step - self.first_step, 1) / (now - self.begin)
        left = (state.max_steps - state.global_step) / speed
        shown = evaluation or {
            key: value for key, value in (logs or {}).items() if key in ("loss", "grad_norm", "learning_rate")
        }
        values = "  ".join(f"{key} {value:.4g}" for key, value in shown.items())
        rate = f"{speed * self.examples_per_step:.1f} examples/s, {left / 60:.1f} min left"
        print(f"step {state.global_step}/{state.max_steps}  {values}  ({rate})", flush=True)
