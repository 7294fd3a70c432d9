"""One figure: figures/<name>.svg and .png."""

import pandas as pd

from tauspeech.job import Task, run


def main(task: Task) -> None:
    from tauspeech.reporting.figures import lines, weight_curves
    from tauspeech.scoring.headline import headline_metric

    settings = task.settings
    frame = pd.read_csv(task.input("table", f"{task.spec['inputs']['table']['id']}.tsv"), sep="\t")
    stem = task.path(task.id)
    if settings["kind"] == "lines":
        counted = frame[pd.to_numeric(frame["words"], errors="coerce").notna()].astype({"words": int})
        metric = headline_metric(settings["task"], settings["language"]).upper()
        lines(
            counted,
            stem,
            x="words",
            xlabel="Number of rare words",
            ylabel=f"{metric} on the words' test sets",
            title="",
        )
    else:
        frame["chosen"] = frame["chosen"].astype(bool)
        frame["method"] = frame["method"].map(settings["names"])
        score = "BLEU" if settings["task"] == "translate" else "100 − error rate"
        weight_curves(frame, stem, xlabel="Weight of each vector", ylabel=f"{score} on validation", title="")
    task.finish(stem.with_suffix(".svg"), stem.with_suffix(".png"))


if __name__ == "__main__":
    run(main)
