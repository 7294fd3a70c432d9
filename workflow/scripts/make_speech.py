"""Speech of one set: speech/<set>.parquet, and what was turned away in speech/<set>.dropped.tsv."""

from importlib import import_module

from tauspeech.data import manifest
from tauspeech.data.dropped import Drop, write_dropped
from tauspeech.runtime.job import Job, run


def main(job: Job) -> None:
    # The plan names the module, so that a change to one way of making speech leaves the sets of the others alone.
    way = import_module(f"tauspeech.speech.sets.{job.settings['way']}")
    drops: list[Drop] = []
    path, report = job.path(f"{job.id}.parquet"), job.path(f"{job.id}.dropped.tsv")
    manifest.write(path, way.rows(job, drops), job.settings["languages"])
    write_dropped(report, drops)
    job.finish(path, report)


if __name__ == "__main__":
    run(main)
