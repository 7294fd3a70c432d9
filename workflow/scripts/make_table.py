"""One table: tables/<name>.tsv and .md, with tables/<name>_detail.tsv where there is more to know."""

from pathlib import Path

import pandas as pd

from tauspeech.runtime.files import write_atomic, write_text
from tauspeech.runtime.job import Task, run
from tauspeech.reporting import tables


def content(task: Task) -> tuple[pd.DataFrame, pd.DataFrame | None]:
    settings = task.settings
    kind = settings["kind"]
    if kind == "scores":
        scores = {id: tables.read_scores(path) for id, path in task.inputs("scores").items()}
        return tables.score_table(settings, scores)
    if kind == "sets":
        splits = {
            id: pd.read_parquet(path, columns=["split"])["split"].tolist() for id, path in task.inputs("sets").items()
        }
        return tables.sets_table(settings["words"], splits), None
    if kind == "overlap":
        texts = {
            id: pd.read_parquet(path, columns=sorted(next(iter(settings["words"].values()))))
            for id, path in task.inputs("sets").items()
        }
        return tables.overlap_table(settings["words"], texts), None
    if kind == "rarity":
        checks = {id: tables.read_json(path) for id, path in task.inputs("rarity").items()}
        return tables.rarity_table(settings["words"], checks), None
    if kind == "ratios":
        return tables.ratios_table({id: tables.read_json(path) for id, path in task.inputs("ratios").items()}), None
    if kind == "retained":
        curves = {id: tables.read_json(path)["points"] for id, path in task.inputs("retained").items()}
        return tables.retained_table(settings["hours"], curves), None
    return tables.weights_table({id: tables.read_json(path) for id, path in task.inputs("weights").items()}), None


def write_table(path: Path, frame: pd.DataFrame) -> Path:
    write_atomic(path, lambda part: frame.to_csv(part, sep="\t", index=False))
    return path


def main(task: Task) -> None:
    frame, detail = content(task)
    outputs = [write_table(task.path(f"{task.id}.tsv"), frame)]
    if detail is not None:
        outputs.append(write_table(task.path(f"{task.id}_detail.tsv"), detail))
    readable = task.path(f"{task.id}.md")
    write_text(readable, tables.markdown(frame))
    task.finish(*outputs, readable)


if __name__ == "__main__":
    run(main)
