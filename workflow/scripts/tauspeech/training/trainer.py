"""Training of any family: Transformers' Trainer with validation by decoding, exact resumption and clear errors."""

import json
import math
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from pickle import UnpicklingError
from typing import Any
from zipfile import BadZipFile, ZipFile

import torch
from safetensors import SafetensorError, safe_open
from transformers import (
    EarlyStoppingCallback,
    PrinterCallback,
    Trainer,
    TrainerCallback,
    TrainerState,
    TrainingArguments,
)
from transformers.trainer import TRAINER_STATE_NAME

from tauspeech.models.family import SpeechModel
from tauspeech.models.half_precision import arithmetic
from tauspeech.runtime.errors import UserError
from tauspeech.training.compilation import compilation_failure, compile_layers, not_compiled
from tauspeech.training.examples import Examples
from tauspeech.training.progress import Progress
from tauspeech.training.sampling import SimilarLengths
from tauspeech.training.trainable import AllWeights, Trainable

LOSSES = {"loss": "loss", "eval_loss": "validation loss"}
PICKLED = {".pt", ".pth", ".bin"}  # the Trainer's own state, in torch's archives

# The validation score of the model in training; higher is better.
Score = Callable[[], float]


class ScoringTrainer(Trainer):
    """Reports a validation score, by decoding, beside the validation loss."""

    def __init__(self, score: Score | None, **arguments: Any):
        super().__init__(**arguments)
        self.score = score

    def evaluate(self, *args: Any, **kwargs: Any) -> Any:
        with not_compiled(self.model):
            return super().evaluate(*args, **kwargs)

    def _get_train_sampler(self, train_dataset: Any = None) -> Any:
        if lengths := self.train_dataset.lengths:
            return SimilarLengths(lengths, self.args.per_device_train_batch_size, self.args.data_seed)
        return super()._get_train_sampler(train_dataset)

    def evaluation_loop(self, dataloader: Any, *args: Any, **kwargs: Any) -> Any:
        precision = "bf16" if self.args.bf16 else "fp16" if self.args.fp16 else "fp32"
        with arithmetic(self.model, precision):
            output = super().evaluation_loop(dataloader, *args, **kwargs)
        if self.score:
            self.model.eval()
            output.metrics["eval_score"] = self.score()
        return output


class LossGuard(TrainerCallback):
    """Stops at a loss that is not finite; the last good checkpoint is kept."""

    def on_log(
        self, args: TrainingArguments, state: Any, control: Any, logs: dict[str, float] | None = None, **kwargs: Any
    ) -> None:
        # The validation loss is logged before its checkpoint is saved, so existing checkpoints are good.
        for name, loss in (logs or {}).items():
            if name in LOSSES and not math.isfinite(loss):
                raise UserError(
                    f"the {LOSSES[name]} is {loss} at step {state.global_step}: lower training.learning_rate, or set "
                    f"training.precision to fp32; the checkpoints before it are in {args.output_dir}."
                )


def training_arguments(
    settings: dict[str, Any], folder: Path, steps: int, seed: int, scored: bool
) -> TrainingArguments:
    """The settings of a training in the Trainer's terms."""
    every = max(1, steps // settings["evaluations"])
    return TrainingArguments(
        output_dir=str(folder),
        per_device_train_batch_size=settings["batch"],
        per_device_eval_batch_size=settings["batch"],
        gradient_accumulation_steps=settings.get("accumulate", 1),
        activation_checkpointing=settings.get("gradient_checkpointing", False),
        use_cpu=not torch.cuda.is_available(),
        learning_rate=settings["learning_rate"],
        lr_scheduler_type=settings.get("schedule", "cosine"),
        warmup_steps=int(settings.get("warmup", 0.05) * steps),
        weight_decay=settings.get("weight_decay", 0.0),
        max_steps=steps,
        bf16=settings["precision"] == "bf16",
        fp16=settings["precision"] == "fp16",
        eval_strategy="steps",
        eval_steps=every,
        save_strategy="steps",
        save_steps=every,
        save_total_limit=2,
        load_best_model_at_end=True,
        metric_for_best_model="eval_score" if scored else "eval_loss",
        greater_is_better=scored,
        logging_steps=10,
        logging_nan_inf_filter=False,
        disable_tqdm=True,
        report_to="none",
        remove_unused_columns=False,
        dataloader_num_workers=0,
        dataloader_pin_memory=torch.cuda.is_available(),
        seed=seed % 2**31,
        data_seed=seed % 2**31,
        restore_callback_states_from_checkpoint=True,  # early stopping resumes its count
    )


def utterances_per_step(settings: dict[str, Any]) -> int:
    """Utterances of one optimiser step, on all devices of the training together."""
    processes = int(os.environ.get("WORLD_SIZE", "1"))
    utterances: int = settings["batch"] * settings.get("accumulate", 1) * processes
    return utterances


def train(
    model: SpeechModel,
    examples: Examples,
    validation: Examples,
    settings: dict[str, Any],
    *,
    checkpoints: Path,
    seed: int,
    score: Score | None = None,
    most_steps: float | None = None,
    part: Trainable | None = None,
) -> dict[str, Any]:
    """Train in place, resuming from the last checkpoint if there is one; ``model`` ends as the best one on validation.

    ``part`` is what is trained of it, by default all weights.
    """
    part = part or AllWeights(model)
    per_step = utterances_per_step(settings)
    steps = max(1, math.ceil(settings["epochs"] * len(examples) / per_step))
    steps = min(steps, math.ceil(most_steps)) if most_steps else steps
    arguments = training_arguments(settings, checkpoints, steps, seed, score is not None)
    callbacks: list[Any] = [Progress(per_step), LossGuard()]
    if settings.get("patience"):
        callbacks.append(EarlyStoppingCallback(settings["patience"]))
    last = last_complete_checkpoint(checkpoints)
    if last:
        print(f"resuming from {last.name}", flush=True)
        state = TrainerState.load_from_json(str(last / TRAINER_STATE_NAME))
        if was_finished(state):
            load_best(part, state, checkpoints)
            return _history(state)
    for each in (examples, validation):
        each.prepare()
    if settings.get("compile"):
        print(f"{compile_layers(model.network)} layers are compiled", flush=True)
    try:
        trainer = ScoringTrainer(
            score,
            model=part.module,
            args=arguments,
            train_dataset=examples,
            eval_dataset=validation,
            data_collator=model.collate,
            callbacks=callbacks,
        )
        trainer.remove_callback(PrinterCallback)
        trainer.train(resume_from_checkpoint=str(last) if last else None)
    except torch.cuda.OutOfMemoryError:
        raise UserError(
            "the GPU ran out of memory: lower training.batch and raise training.accumulate, or set training.gradient_checkpointing."
        ) from None
    except UnpicklingError:
        raise UserError(
            f"{last} is damaged, or contains more than a checkpoint does, and was not opened: delete it and run again."
        ) from None
    except RuntimeError as error:
        if failure := compilation_failure(error):
            raise failure from None
        raise
    return _history(trainer.state)


def _history(state: TrainerState) -> dict[str, Any]:
    """The history without run times: the same training has the same history, resumed or not.

    A checkpoint has the keys of an entry in alphabetical order, a training that goes on has them in another one.
    """
    evaluations = [
        {key: entry[key] for key in sorted(entry) if not key.endswith(("_runtime", "_per_second"))}
        for entry in state.log_history
        if "eval_loss" in entry
    ]
    return {"steps": state.global_step, "best": state.best_metric, "evaluations": evaluations}


def was_finished(state: TrainerState) -> bool:
    """True if the training had ended, early or not; the Trainer would take one step too many."""
    return bool(state.stateful_callbacks["TrainerControl"]["args"]["should_training_stop"])


def load_best(part: Trainable, state: TrainerState, checkpoints: Path) -> None:
    assert state.best_model_checkpoint
    part.load(checkpoints / Path(state.best_model_checkpoint).name)  # the results may lie elsewhere by now


def last_complete_checkpoint(checkpoints: Path) -> Path | None:
    """The newest complete checkpoint; incomplete ones, left by a kill or a failed node, are deleted."""
    found = sorted(checkpoints.glob("checkpoint-*"), key=lambda path: int(path.name.rpartition("-")[2]))
    while found:
        newest = found.pop()
        if _is_complete(newest):
            return newest
        print(f"{newest.name} is incomplete: deleted; resuming from the previous checkpoint", flush=True)
        shutil.rmtree(newest, ignore_errors=True)  # another process of the same training may delete it too
    return None


def _is_complete(checkpoint: Path) -> bool:
    try:
        json.loads((checkpoint / TRAINER_STATE_NAME).read_text(encoding="utf-8"))  # the Trainer writes it last
        for file in checkpoint.iterdir():
            if file.suffix == ".safetensors":
                with safe_open(file, "pt"):
                    pass
            elif file.suffix in PICKLED:
                with ZipFile(file) as archive:
                    if archive.testzip():
                        return False
    except (OSError, ValueError, SafetensorError, BadZipFile):
        return False
    return True


def forget_checkpoints(checkpoints: Path) -> None:
    shutil.rmtree(checkpoints, ignore_errors=True)
