"""Sizes of the foundations: small models that are trained here from scratch, so that a base needs no download.

Of a foundation for several languages, ``sentences`` and ``training`` count for each language.
"""

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class FoundationSize:
    width: int
    layers: int
    heads: int
    tokens: int  # of the byte-level BPE, without control tokens
    sentences: dict[str, int]  # by split
    training: dict[str, Any] = field(default_factory=dict)
    seconds: int = 6  # the input window
    longest_text: int = 112  # tokens
    family: str = "whisper"


SIZES = {
    "tiny": FoundationSize(
        width=48,
        layers=1,
        heads=2,
        tokens=400,
        sentences={"train": 300, "validation": 20},
        training={"epochs": 4, "learning_rate": 2e-3, "batch": 16, "evaluations": 1},
    ),
    "small": FoundationSize(
        width=192,
        layers=3,
        heads=4,
        tokens=700,
        sentences={"train": 20_000, "validation": 200},
        training={"epochs": 2.4, "learning_rate": 1.5e-3, "batch": 48, "evaluations": 4},
    ),
    "multilingual-tiny": FoundationSize(
        width=48,
        layers=1,
        heads=2,
        tokens=600,
        sentences={"train": 60, "validation": 4},
        training={"epochs": 2, "learning_rate": 2e-3, "batch": 16, "evaluations": 1},
    ),
    "multilingual-small": FoundationSize(
        width=192,
        layers=3,
        heads=4,
        tokens=2000,
        sentences={"train": 5_000, "validation": 20},
        training={"epochs": 2.5, "learning_rate": 1.5e-3, "batch": 48, "evaluations": 4},
    ),
}
