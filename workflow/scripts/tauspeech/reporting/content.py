"""What a report says, before anything is known about how it will look."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

import pandas


@dataclass(frozen=True)
class Claim:
    statement: str
    verdict: Literal["holds", "does not hold", "not decided"]
    detail: str


@dataclass(frozen=True)
class Table:
    """``best`` says which end of the scale is good; the best of ``best_among`` stands out in every row.

    Where rows are systems, ``best_in`` says it of columns, and the best of the rows ``best_among`` stands out.
    The first column of ``frame`` names the rows, and columns ``X_low`` and ``X_high`` bound column ``X``.
    """

    name: str
    title: str
    caption: str
    frame: pandas.DataFrame
    best: Literal["max", "min"] | None = None
    best_among: tuple[str, ...] = ()
    best_in: Mapping[str, Literal["max", "min"]] = field(default_factory=dict)


@dataclass(frozen=True)
class Figure:
    name: str
    title: str
    caption: str
    svg: str


@dataclass(frozen=True)
class Output:
    system: str
    text: str
    hit: bool | None = None  # whether a word came out right, where one was to be heard


@dataclass(frozen=True)
class Example:
    """One recording (FLAC) and what each system made of it; ``words`` are the spellings to point out."""

    set: str
    id: str
    source: str
    reference: str
    audio: bytes
    outputs: Sequence[Output]
    words: tuple[str, ...] = ()


@dataclass(frozen=True)
class Voice:
    """One voice saying a sentence: FLAC, a picture (PNG) and what the base model heard."""

    name: str
    engine: str
    seconds: float
    heard: str
    audio: bytes
    picture: bytes


@dataclass(frozen=True)
class Saying:
    sentence: str
    language: str
    voices: Sequence[Voice]


@dataclass(frozen=True)
class Report:
    title: str
    lead: str
    facts: Sequence[tuple[str, str]]
    claims: Sequence[Claim]
    tables: Sequence[Table]
    figures: Sequence[Figure]
    examples: Sequence[Example]
    provenance: str
    sayings: Sequence[Saying] = ()
