"""Figures of the experiment rare_words: scores against the number of words, and the choice of the weight."""

from pathlib import Path
from typing import Any

import pandas as pd

from tauspeech.reporting import palette
from tauspeech.reporting.figures import lines, weight_curves
from tauspeech.reporting.palette import Look
from tauspeech.scoring.headline import headline_metric

SAME = "Average, TA"  # one line, where the two are the same model
LOOKS = {
    "Raw": palette.BASE,
    "FT": palette.FINE_TUNED,
    "Average": palette.AVERAGE,
    SAME: palette.AVERAGE,
    "TA": palette.TASK_ARITHMETIC,
    "TIES": Look("#009e73", "D", "-"),
    "DARE": Look("#cc79a7", "v", (0, (3, 1.5))),
}


def counted(frame: pd.DataFrame) -> pd.DataFrame:
    """Rows of numbers of words; subsets that the configuration names have no place on an axis."""
    return frame[pd.to_numeric(frame["words"], errors="coerce").notna()].astype({"words": int})


def draw(frame: pd.DataFrame, stem: Path, settings: dict[str, Any]) -> None:
    DRAWN[settings["kind"]](frame, stem, settings)


def _fig2(frame: pd.DataFrame, stem: Path, settings: dict[str, Any]) -> None:
    metric = headline_metric(settings["task"], settings["language"]).upper()
    ylabel = f"{metric} on the words' test sets"
    lines(counted(frame), stem, x="words", xlabel="Number of rare words", ylabel=ylabel, known=LOOKS)


def _fig2_normalised(frame: pd.DataFrame, stem: Path, settings: dict[str, Any]) -> None:
    """As Figure 2, with one line for TA and Average, which are the same model at these weights."""
    if "TA" in frame:
        frame = frame.drop(columns=["TA", "TA_low", "TA_high"], errors="ignore")
        frame = frame.rename(columns={f"Average{bound}": f"{SAME}{bound}" for bound in ("", "_low", "_high")})
    _fig2(frame, stem, settings)


def _weights(frame: pd.DataFrame, stem: Path, settings: dict[str, Any]) -> None:
    frame["chosen"] = frame["chosen"].astype(bool)
    frame["method"] = frame["method"].map(settings["names"])
    score = "BLEU" if settings["task"] == "translate" else "100 − error rate"
    weight_curves(frame, stem, xlabel="Weight of each vector", ylabel=f"{score} on validation", known=LOOKS)


DRAWN = {"fig2": _fig2, "fig2_normalised": _fig2_normalised, "weights": _weights}
