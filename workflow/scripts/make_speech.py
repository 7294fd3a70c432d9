"""Speech of one set: speech/<set>.parquet, and what was dropped in speech/<set>.dropped.tsv."""

from importlib import import_module

from tauspeech.data import manifest
from tauspeech.data.dropped_utterances import Drop, write_dropped
from tauspeech.runtime.job import Job, run


def main(job: Job) -> None:
    check = import_module("tauspeech.models.round_trip").intelligible if job.settings["check"] else None
    drops: list[Drop] = []
    path, report = job.path(f"{job.id}.parquet"), job.path(f"{job.id}.dropped.tsv")
    manifest.write(path, job.module.rows(job, drops, check), job.settings["languages"])
    write_dropped(report, drops)
    job.finish(path, report)


if __name__ == "__main__":
    run(main)
