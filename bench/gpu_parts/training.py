"""Training steps of Whisper shapes: examples a second, and the share of the card's peak that they need by formula.

Rows compare the project's trainer as it is, with an AdamW that is not fused, and with compiled layers, to a plain Trainer
of transformers with its defaults and bf16. All have the same model, examples and batch. A window shorter than 30 s is that
of a model made for it, as the bundled foundations are; published Whispers have 30 s.
"""

import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any

import numpy as np
import torch
from gpu_parts.setup import Report, Row, Setup, attempt, release
from gpu_parts.shapes import MEDIUM, MELS, SMALL, TINY, Shape, lora_training, new_whisper, products
from transformers import PrinterCallback, Trainer, TrainerCallback, TrainingArguments
from transformers.trainer_utils import IntervalStrategy, SaveStrategy

from tauspeech.models.family import Example
from tauspeech.models.whisper.family import Whisper
from tauspeech.training.lora import LoraAdapter
from tauspeech.training.trainer import LossGuard, ScoringTrainer, training_arguments

RANK, ALPHA = 8, 16.0
OURS, PLAIN = "tauspeech", "plain Trainer"
NOT_FUSED, COMPILED = "AdamW not fused", "compiled layers"


@dataclass(frozen=True)
class Case:
    """What is trained: a shape with a window, all weights or an adapter, by one of the loops."""

    shape: Shape
    window: int
    lora: bool
    loop: str
    change: str = ""
    batch: int = 32
    tokens: int = 64
    warm: int = 4
    steps: int = 10

    @property
    def name(self) -> Row:
        trained = "LoRA" if self.lora else "all weights"
        loop = f"{self.loop}, {self.change}" if self.change else self.loop
        return {"shape": self.shape.name, "window_s": self.window, "trained": trained, "loop": loop}

    @property
    def flops(self) -> int:
        """Of one example."""
        if self.lora:
            return lora_training(self.shape, self.window, self.tokens, RANK)
        return products(self.shape, self.window, self.tokens).full_training


def cases(quick: bool) -> list[Case]:
    """The most important first, in case time runs out."""
    if quick:
        tiny = Case(TINY, 2, False, OURS, batch=2, tokens=8, warm=1, steps=2)
        return [
            tiny,
            replace(tiny, loop=PLAIN),
            replace(tiny, change=NOT_FUSED),
            replace(tiny, change=COMPILED),
            replace(tiny, lora=True),
        ]
    medium, small = Case(MEDIUM, 30, False, OURS), Case(SMALL, 30, False, OURS, batch=64)
    lora = replace(medium, lora=True)
    return [
        medium,
        replace(medium, loop=PLAIN),
        replace(medium, change=COMPILED),
        replace(medium, change=NOT_FUSED),
        lora,
        replace(lora, loop=PLAIN),
        replace(lora, change=COMPILED),
        small,
        replace(small, loop=PLAIN),
        replace(small, change=COMPILED),
        replace(medium, window=10, batch=64),
        replace(medium, window=10, batch=64, change=COMPILED),
        replace(small, lora=True),
        replace(small, lora=True, loop=PLAIN),
        replace(small, window=10, batch=128),
    ]


def run(setup: Setup, report: Report, peak: float | None = None) -> None:
    for case in cases(setup.quick):
        attempt(setup, report, case.name, lambda case=case: measured(case, setup, peak), needed=0 if setup.quick else 20)


def measured(case: Case, setup: Setup, peak: float | None) -> Row:
    """One case; with half the batch where memory is too small, down to an eighth."""
    try:
        return _measured(case, setup, peak)
    except torch.cuda.OutOfMemoryError:
        if case.batch <= 4:
            raise
    release(setup.device)
    return measured(replace(case, batch=case.batch // 2), setup, peak)


def _measured(case: Case, setup: Setup, peak: float | None) -> Row:
    torch.compiler.reset()
    model = new_whisper(case.shape, case.window, setup.device)
    module = LoraAdapter(model, RANK, ALPHA, "attention", seed=1).module if case.lora else model.network
    if case.change == COMPILED:
        compile_layers(model, "inductor" if setup.device == "cuda" else "eager")
    examples = RandomExamples(case)
    clock = Clock(setup.device)
    with tempfile.TemporaryDirectory(dir=setup.scratch) as folder:
        trainer = LOOPS[case.loop](case, model, module, examples, Path(folder), setup.device == "cuda", [clock])
        trainer.remove_callback(PrinterCallback)
        trainer.train()
    second = case.batch / median(clock.steps()[case.warm :])
    losses = [entry["loss"] for entry in trainer.state.log_history if "loss" in entry]
    row: Row = {"batch": case.batch, "tokens": case.tokens, "examples_s": second, "tflops": second * case.flops / 1e12}
    if peak:
        row["share_of_peak"] = row["tflops"] / peak
    if setup.device == "cuda":
        row["memory_gb"] = torch.cuda.max_memory_allocated() / 1e9
    return row | {"loss": losses[-1] if losses else None}


def compile_layers(model: Whisper, backend: str) -> None:
    """Compile each layer by itself: layers of one kind share the result, so that it takes seconds."""
    for layers in (model.network.model.encoder.layers, model.network.model.decoder.layers):
        for layer in layers:
            layer.compile(backend=backend)


class RandomExamples(torch.utils.data.Dataset[Example]):
    """Examples in memory, as after the first epoch, when their features are cached."""

    lengths: Sequence[float] = ()

    def __init__(self, case: Case, distinct: int = 16):
        numbers = np.random.default_rng(1)
        frames = 2 * case.shape.positions(case.window)
        self._features = numbers.normal(0, 0.5, (distinct, MELS, frames)).astype(np.float32)
        self._labels = numbers.integers(0, case.shape.vocabulary, (distinct, case.tokens)).tolist()
        self._count = case.batch * (case.warm + case.steps)

    def __len__(self) -> int:
        return self._count

    def __getitem__(self, index: int) -> Example:
        place = index % len(self._labels)
        return Example(self._features[place], self._labels[place])


class Clock(TrainerCallback):
    """Times at which steps end: on a GPU events in its queue, so that nothing waits for them."""

    def __init__(self, device: str):
        self._on_gpu = device == "cuda"
        self._stamps: list[Any] = []

    def on_train_begin(self, *args: Any, **kwargs: Any) -> None:
        self._stamp()

    def on_step_end(self, *args: Any, **kwargs: Any) -> None:
        self._stamp()

    def _stamp(self) -> None:
        if self._on_gpu:
            event = torch.cuda.Event(enable_timing=True)
            event.record()
            self._stamps.append(event)
        else:
            self._stamps.append(perf_counter())

    def steps(self) -> list[float]:
        """Seconds of each step."""
        pairs = zip(self._stamps, self._stamps[1:], strict=False)
        if not self._on_gpu:
            return [later - earlier for earlier, later in pairs]
        torch.cuda.synchronize()
        return [earlier.elapsed_time(later) / 1e3 for earlier, later in pairs]


def _ours(
    case: Case,
    model: Whisper,
    module: torch.nn.Module,
    examples: RandomExamples,
    folder: Path,
    on_gpu: bool,
    callbacks: list[Any],
) -> Trainer:
    """The project's trainer with its own arguments, but without validation and checkpoints."""
    settings = {"batch": case.batch, "learning_rate": 1e-5, "evaluations": 1, "precision": "bf16" if on_gpu else "fp32"}
    arguments = training_arguments(settings, folder, case.warm + case.steps, 1, False)
    arguments.eval_strategy, arguments.save_strategy = IntervalStrategy.NO, SaveStrategy.NO
    arguments.load_best_model_at_end = False
    if case.change == NOT_FUSED:
        arguments.optim = "adamw_torch"
    return ScoringTrainer(
        None,
        model=module,
        args=arguments,
        train_dataset=examples,
        data_collator=model.collate,
        callbacks=[LossGuard(), *callbacks],
    )


def _plain(
    case: Case,
    model: Whisper,
    module: torch.nn.Module,
    examples: RandomExamples,
    folder: Path,
    on_gpu: bool,
    callbacks: list[Any],
) -> Trainer:
    """A Trainer as it comes, with bf16."""
    arguments = TrainingArguments(
        output_dir=str(folder),
        per_device_train_batch_size=case.batch,
        max_steps=case.warm + case.steps,
        bf16=on_gpu,
        use_cpu=not on_gpu,
        save_strategy="no",
        report_to="none",
        remove_unused_columns=False,
        disable_tqdm=True,
        logging_steps=10,
    )
    return Trainer(
        model=module, args=arguments, train_dataset=examples, data_collator=model.collate, callbacks=callbacks
    )


LOOPS: dict[str, Callable[..., Trainer]] = {OURS: _ours, PLAIN: _plain}
