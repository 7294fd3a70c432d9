"""One table: tables/<name>.tsv and .md, with tables/<name>_detail.tsv where there is more to know."""

from pathlib import Path

import pandas as pd

from tauspeech.reporting import tables
from tauspeech.runtime.files import write_atomic, write_text
from tauspeech.runtime.job import Job, run


def content(job: Job) -> tuple[pd.DataFrame, pd.DataFrame | None]:
    settings = job.settings
    kind = settings["kind"]
    if kind == "scores":
        scores = {id: tables.read_scores(path) for id, path in job.inputs("scores").items()}
        return tables.score_table(settings, scores)
    if kind == "sets":
        splits = {
            id: pd.read_parquet(path, columns=["split"])["split"].tolist() for id, path in job.inputs("sets").items()
        }
        return tables.sets_table(settings["words"], splits), None
    if kind == "overlap":
        texts = {
            id: pd.read_parquet(path, columns=sorted(next(iter(settings["words"].values()))))
            for id, path in job.inputs("sets").items()
        }
        return tables.overlap_table(settings["words"], texts), None
    if kind == "rarity":
        checks = {id: tables.read_json(path) for id, path in job.inputs("rarity").items()}
        return tables.rarity_table(settings["words"], checks), None
    if kind == "ratios":
        return tables.ratios_table({id: tables.read_json(path) for id, path in job.inputs("ratios").items()}), None
    if kind == "retained":
        curves = {id: tables.read_json(path)["points"] for id, path in job.inputs("retained").items()}
        return tables.retained_table(settings["hours"], curves), None
    return tables.weights_table({id: tables.read_json(path) for id, path in job.inputs("weights").items()}), None


def write_table(path: Path, frame: pd.DataFrame) -> Path:
    write_atomic(path, lambda part: frame.to_csv(part, sep="\t", index=False))
    return path


def main(job: Job) -> None:
    frame, detail = content(job)
    outputs = [write_table(job.path(f"{job.id}.tsv"), frame)]
    if detail is not None:
        outputs.append(write_table(job.path(f"{job.id}_detail.tsv"), detail))
    readable = job.path(f"{job.id}.md")
    write_text(readable, tables.markdown(frame))
    job.finish(*outputs, readable)


if __name__ == "__main__":
    run(main)
