"""One figure: figures/<name>.svg and .png."""

import pandas as pd

from tauspeech.job import Task, run


def main(task: Task) -> None:
    from tauspeech.reporting.figures import lines, weight_curves

    settings = task.settings
    frame = pd.read_csv(task.input("table", f"{task.spec['inputs']['table']['id']}.tsv"), sep="\t")
    stem = task.path(task.id)
    if settings["kind"] == "lines":
        counted = frame[pd.to_numeric(frame["words"], errors="coerce").notna()].astype({"words": int})
        lines(counted, stem, x="words", xlabel="Number of rare words", ylabel=settings["ylabel"], title="")
    else:
        frame["chosen"] = frame["chosen"].astype(bool)
        frame["method"] = frame["method"].map(settings["names"])
        weight_curves(frame, stem, xlabel="Weight of each vector", ylabel=settings["ylabel"], title="")
    task.finish(stem.with_suffix(".svg"), stem.with_suffix(".png"))


if __name__ == "__main__":
    run(main)
