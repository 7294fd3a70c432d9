"""Training steps of Whisper shapes: examples a second, and the share of the card's peak that they need by formula.

Rows compare the project's trainer as it is, with an AdamW that is not fused, and with compiled layers, to a plain Trainer
of transformers with its defaults and bf16, and to a bare loop over one batch on the device, which shows what the network
itself allows. All have the same model, examples and batch. A window shorter than 30 s is that
of a model made for it, as the bundled foundations are; published Whispers have 30 s.
"""

import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any

import numpy as np
import torch
from transformers import PrinterCallback, Trainer, TrainerCallback, TrainingArguments
from transformers.trainer_utils import IntervalStrategy, SaveStrategy

from gpu_parts.setup import Report, Row, Setup, attempt, release
from gpu_parts.shapes import MEDIUM, MELS, SMALL, TINY, Shape, lora_training, new_whisper, products
from tauspeech.models.family import Example
from tauspeech.models.whisper.family import Whisper
from tauspeech.training.compilation import compile_layers
from tauspeech.training.lora import LoraAdapter
from tauspeech.training.trainer import LossGuard, ScoringTrainer, training_arguments

RANK, ALPHA = 8, 16.0
OURS, PLAIN, BARE = "tauspeech", "plain Trainer", "bare loop"
NOT_FUSED, COMPILED = "AdamW not fused", "compiled layers"


@dataclass(frozen=True)
class Case:
    """A training to measure: a shape with a window, all weights or an adapter, by one of the loops."""

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
        """FLOPs of one example."""
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
            replace(tiny, loop=BARE),
            replace(tiny, lora=True),
        ]
    medium, small = Case(MEDIUM, 30, False, OURS), Case(SMALL, 30, False, OURS, batch=64)
    return [
        medium,
        replace(medium, loop=PLAIN),
        replace(medium, change=COMPILED),
        replace(medium, loop=BARE),
        replace(medium, lora=True),
        replace(medium, lora=True, loop=PLAIN),
        small,
        replace(small, loop=PLAIN),
        replace(medium, window=10, batch=64),
        replace(small, window=10, batch=128),
        replace(medium, change=NOT_FUSED),
        replace(medium, loop=BARE, change=COMPILED),
        replace(medium, lora=True, change=COMPILED),
        replace(small, change=COMPILED),
        replace(small, lora=True),
        replace(small, lora=True, loop=PLAIN),
        replace(medium, window=10, batch=64, change=COMPILED),
    ]


def run(setup: Setup, report: Report, peak: float | None = None) -> None:
    for case in cases(setup.quick):
        attempt(
            setup, report, case.name, lambda case=case: measured(case, setup, peak), needed=0 if setup.quick else 20
        )


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
        compile_layers(model.network, "inductor" if setup.device == "cuda" else "eager")
    clock = Clock(setup.device)
    with tempfile.TemporaryDirectory(dir=setup.scratch) as folder:
        LOOPS[case.loop](
            Training(case, model, module, RandomExamples(case), Path(folder), setup.device == "cuda"), clock
        )
    second = case.batch / median(clock.steps()[case.warm :])
    row: Row = {"batch": case.batch, "tokens": case.tokens, "examples_s": second, "tflops": second * case.flops / 1e12}
    if peak:
        row["share_of_peak"] = row["tflops"] / peak
    if setup.device == "cuda":
        row["memory_gb"] = torch.cuda.max_memory_allocated() / 1e9
    return row


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


@dataclass(frozen=True)
class Training:
    """A case with its model and examples; ``module`` is what is trained, the network or PEFT's around it."""

    case: Case
    model: Whisper
    module: torch.nn.Module
    examples: RandomExamples
    folder: Path
    on_gpu: bool

    @property
    def steps(self) -> int:
        return self.case.warm + self.case.steps


def ours(training: Training, clock: Clock) -> None:
    """The project's trainer with its own arguments, but without validation and checkpoints."""
    settings = {"batch": training.case.batch, "learning_rate": 1e-5, "evaluations": 1}
    settings["precision"] = "bf16" if training.on_gpu else "fp32"
    arguments = training_arguments(settings, training.folder, training.steps, 1, False)
    arguments.eval_strategy, arguments.save_strategy = IntervalStrategy.NO, SaveStrategy.NO
    arguments.load_best_model_at_end = False
    if training.case.change == NOT_FUSED:
        arguments.optim = "adamw_torch"
    start(partial(ScoringTrainer, None), training, arguments, [LossGuard(), clock])


def plain(training: Training, clock: Clock) -> None:
    """A Trainer as it comes, with bf16."""
    arguments = TrainingArguments(
        output_dir=str(training.folder),
        per_device_train_batch_size=training.case.batch,
        max_steps=training.steps,
        bf16=training.on_gpu,
        use_cpu=not training.on_gpu,
        save_strategy="no",
        report_to="none",
        remove_unused_columns=False,
        disable_tqdm=True,
        logging_steps=10,
    )
    start(Trainer, training, arguments, [clock])


def start(
    kind: Callable[..., Trainer], training: Training, arguments: TrainingArguments, callbacks: list[TrainerCallback]
) -> None:
    trainer = kind(
        model=training.module,
        args=arguments,
        train_dataset=training.examples,
        data_collator=training.model.collate,
        callbacks=callbacks,
    )
    trainer.remove_callback(PrinterCallback)
    trainer.train()


def bare(training: Training, clock: Clock) -> None:
    """Steps on one batch that is on the device already: no loading, no Trainer."""
    module, device = training.module.train(), training.model.network.device
    examples = [training.examples[place] for place in range(training.case.batch)]
    batch = {name: tensor.to(device) for name, tensor in training.model.collate(examples).items()}
    weights = [weight for weight in module.parameters() if weight.requires_grad]
    optimizer = torch.optim.AdamW(weights, lr=1e-5, fused=True)
    clock.on_train_begin()
    for _ in range(training.steps):
        with torch.autocast(device.type, torch.bfloat16, enabled=training.on_gpu):
            loss = module(**batch).loss
        loss.backward()
        torch.nn.utils.clip_grad_norm_(weights, 1.0)
        optimizer.step()
        optimizer.zero_grad()
        clock.on_step_end()


LOOPS: dict[str, Callable[[Training, Clock], None]] = {OURS: ours, PLAIN: plain, BARE: bare}
