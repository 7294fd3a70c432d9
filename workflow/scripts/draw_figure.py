"""One figure: figures/<name>.svg and .png."""

from pathlib import Path
from typing import Any

import pandas as pd

from tauspeech.runtime.job import Job, run


def words_and_scores(frame: pd.DataFrame, stem: Path, settings: dict[str, Any]) -> None:
    from tauspeech.reporting.figures import lines
    from tauspeech.scoring.headline import headline_metric

    counted = frame[pd.to_numeric(frame["words"], errors="coerce").notna()].astype({"words": int})
    metric = headline_metric(settings["task"], settings["language"]).upper()
    ylabel = f"{metric} on the words' test sets"
    lines(counted, stem, x="words", xlabel="Number of rare words", ylabel=ylabel, title="")


def weights(frame: pd.DataFrame, stem: Path, settings: dict[str, Any]) -> None:
    from tauspeech.reporting.figures import weight_curves

    frame["chosen"] = frame["chosen"].astype(bool)
    frame["method"] = frame["method"].map(settings["names"])
    score = "BLEU" if settings["task"] == "translate" else "100 − error rate"
    weight_curves(frame, stem, xlabel="Weight of each vector", ylabel=f"{score} on validation", title="")


def languages(frame: pd.DataFrame, stem: Path, _: dict[str, Any]) -> None:
    from tauspeech.experiments.lors.figures import panels

    panels(frame, stem, x="languages", xlabel="Number of languages")


def hours(frame: pd.DataFrame, stem: Path, _: dict[str, Any]) -> None:
    from tauspeech.experiments.lors.figures import panels

    panels(frame, stem, x="hours", xlabel="Hours of training speech a language")


def retained(frame: pd.DataFrame, stem: Path, _: dict[str, Any]) -> None:
    from tauspeech.experiments.lors.figures import retain_curves

    retain_curves(frame, stem)


KINDS = {"lines": words_and_scores, "weights": weights, "languages": languages, "hours": hours, "retained": retained}


def main(job: Job) -> None:
    frame = pd.read_csv(job.input("table", f"{job.spec['inputs']['table']['id']}.tsv"), sep="\t")
    stem = job.path(job.id)
    KINDS[job.settings["kind"]](frame, stem, job.settings)
    job.finish(stem.with_suffix(".svg"), stem.with_suffix(".png"))


if __name__ == "__main__":
    run(main)
