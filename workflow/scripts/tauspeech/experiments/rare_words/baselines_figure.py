"""The figure ``baselines``: F1 of the words against their number, and the general score below it."""

from pathlib import Path
from typing import Any

import pandas as pd

from tauspeech.experiments.rare_words.figures import counted
from tauspeech.reporting import palette
from tauspeech.reporting.palette import Look
from tauspeech.reporting.stacked import stacked
from tauspeech.scoring.headline import headline_metric

LOOKS = {
    "Raw": palette.BASE,
    "FT": palette.FINE_TUNED,
    "TA": palette.TASK_ARITHMETIC,
    "Prompt": Look("#0072b2", "s", (0, (6, 1.5))),
    "Bias": Look("#009e73", "D", "-"),
    "LoRA": Look("#cc79a7", "v", (0, (3, 1.5))),
    "TA + prompt": Look("#56b4e9", "p", (0, (6, 1.5))),
    "TA + bias": Look("#e69f00", "h", "-"),
}


def draw(frame: pd.DataFrame, stem: Path, settings: dict[str, Any]) -> None:
    metric = headline_metric(settings["task"], settings["language"]).upper()
    panels = {"F1": "F1 of the words in %", "general": f"General {metric}"}
    stacked(counted(frame), stem, x="words", xlabel="Number of rare words", panels=panels, known=LOOKS)
