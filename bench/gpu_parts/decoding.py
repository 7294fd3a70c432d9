"""Decoding of Whisper shapes by the project's decoder and by transformers' own ``generate``, on the same features.

Random weights end no hypothesis, so the end token is suppressed and all hypotheses have the same number of tokens. Both
times include the encoder. With several beams the project calls ``generate`` itself; that row gives its speed. In bf16
``generate`` has weights that are rounded to it, as its users have; the project's keep their bits.
"""

from copy import deepcopy
from dataclasses import dataclass, replace
from typing import Any

import torch

from gpu_parts.setup import Report, Row, Setup, attempt, seconds_of
from gpu_parts.shapes import MEDIUM, MELS, SMALL, TINY, Shape, new_whisper
from tauspeech.models.half_precision import arithmetic
from tauspeech.models.whisper import greedy

DTYPES = {"fp32": torch.float32, "bf16": torch.bfloat16}


@dataclass(frozen=True)
class Batch:
    shape: Shape
    rows: int
    precision: str = "bf16"
    beams: int = 1
    window: int = 30
    tokens: int = 64
    runs: int = 3

    @property
    def name(self) -> Row:
        return {
            "shape": self.shape.name,
            "precision": self.precision,
            "beams": self.beams,
            "batch": self.rows,
            "tokens": self.tokens,
        }


def batches(quick: bool) -> list[Batch]:
    if quick:
        tiny = Batch(TINY, 2, "fp32", window=2, tokens=4, runs=1)
        return [tiny, replace(tiny, rows=4), replace(tiny, beams=3)]
    medium, small = Batch(MEDIUM, 16), Batch(SMALL, 16)
    return [
        medium,
        small,
        replace(medium, precision="fp32"),
        replace(medium, rows=64),
        replace(small, rows=64),
        replace(medium, rows=1),
        replace(medium, rows=16, beams=5, runs=1),
        replace(small, rows=16, beams=5, runs=1),
    ]


def run(setup: Setup, report: Report) -> None:
    opened: dict[Shape, Any] = {}
    for batch in batches(setup.quick):
        if batch.shape not in opened:
            opened[batch.shape] = new_whisper(batch.shape, batch.window, setup.device).network.eval()
        network = opened[batch.shape]
        attempt(
            setup, report, batch.name, lambda batch=batch, network=network: measured(batch, network, setup), needed=5
        )


@torch.inference_mode()
def measured(batch: Batch, network: Any, setup: Setup) -> Row:
    """Hypotheses a second of both, their ratio, and whether they chose the same tokens."""
    numbers = torch.Generator().manual_seed(1)
    frames = 2 * batch.shape.positions(batch.window)
    inputs = torch.randn(batch.rows, MELS, frames, generator=numbers).to(network.device)
    rounded = network if batch.precision == "fp32" else deepcopy(network).to(DTYPES[batch.precision])
    settings: dict[str, Any] = {"language": "zh", "task": "translate", "num_beams": batch.beams}
    settings |= {"max_new_tokens": batch.tokens, "attention_mask": torch.ones_like(inputs[:, 0], dtype=torch.long)}
    found: dict[str, Any] = {}

    def by_generate() -> None:
        found["generate"] = rounded.generate(inputs.to(rounded.dtype), **settings)

    def by_loop() -> None:
        with arithmetic(network, batch.precision):
            found["loop"] = greedy.generate(network, inputs, greedy.encode(network, inputs), **settings)

    theirs = seconds_of(setup.device, by_generate, batch.runs)
    row: Row = {"generate_hyp_s": batch.rows / theirs, "made_tokens": found["generate"].shape[1]}
    if batch.beams > 1:
        return row | {"tauspeech_hyp_s": batch.rows / theirs, "ratio": 1.0, "same_tokens": "same code"}
    ours = seconds_of(setup.device, by_loop, batch.runs)
    same = found["generate"].shape == found["loop"].shape and found["generate"] == found["loop"]
    share = same.float().mean().item() if isinstance(same, torch.Tensor) else 0.0
    return row | {"tauspeech_hyp_s": batch.rows / ours, "ratio": theirs / ours, "same_tokens": f"{share:.1%}"}
