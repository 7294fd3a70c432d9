"""One figure: figures/<name>.svg and .png."""

import pandas as pd

from tauspeech.runtime.job import Job, run


def main(job: Job) -> None:
    frame = pd.read_csv(job.input("table", f"{job.spec['inputs']['table']['id']}.tsv"), sep="\t")
    stem = job.path(job.id)
    job.module.draw(frame, stem, job.settings)
    job.finish(stem.with_suffix(".svg"), stem.with_suffix(".png"))


if __name__ == "__main__":
    run(main)
