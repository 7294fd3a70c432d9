"""Content of a report, without its layout."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import pandas


@dataclass(frozen=True)
class ClaimVerdict:
    """A paper's claim and whether it holds in this run."""

    statement: str
    verdict: Literal["holds", "does not hold", "not decided"]
    detail: str


@dataclass(frozen=True)
class Table:
    """``best`` says which end of the scale is good; the best of ``best_among`` stands out in every row.

    Where rows are systems, ``best_in`` says it of columns, and the best of the rows ``best_among`` stands out.
    The first column of ``frame`` names the rows, columns ``X_low`` and ``X_high`` bound column ``X``, and ``X_sd`` is its standard
    deviation.
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


class DecodedText(str):
    """A hypothesis, with what else its line has: of a speech LLM the transcript and the language by its token."""

    line: Mapping[str, Any]

    @classmethod
    def of(cls, line: Mapping[str, Any]) -> "DecodedText":
        text = cls(line["hypothesis"])
        text.line = line
        return text


@dataclass(frozen=True)
class Output:
    """``hit`` says whether the output passes what the report marks, where there is such a thing; ``before`` is what the model wrote first."""

    system: str
    text: str
    hit: bool | None = None
    before: str = ""


@dataclass(frozen=True)
class PlayedExample:
    """One recording (FLAC) with each system's output; ``words`` are the spellings to highlight."""

    set: str
    id: str
    source: str
    reference: str
    audio: bytes
    outputs: Sequence[Output]
    words: tuple[str, ...] = ()


@dataclass(frozen=True)
class Voice:
    """A sentence in one voice: FLAC, a spectrogram (PNG) and the base model's hypothesis."""

    name: str
    engine: str
    seconds: float
    hypothesis: str
    audio: bytes
    picture: bytes


@dataclass(frozen=True)
class Sample:
    """A sentence in several voices."""

    sentence: str
    language: str
    voices: Sequence[Voice]


@dataclass(frozen=True)
class Report:
    title: str
    lead: str
    facts: Sequence[tuple[str, str]]
    claims: Sequence[ClaimVerdict]
    tables: Sequence[Table]
    figures: Sequence[Figure]
    examples: Sequence[PlayedExample]
    provenance: str
    samples: Sequence[Sample] = ()
    marks: tuple[str, str] = ("right", "wrong")  # what an output's hit and miss mean
