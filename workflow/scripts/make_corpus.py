"""Stage corpus: recorded speech of a language or of a domain (corpora/<set>.parquet) and drops (<set>.dropped.tsv)."""

from tauspeech.corpora.covost import rows
from tauspeech.data import manifest
from tauspeech.data.dropped_utterances import Drop, write_dropped
from tauspeech.runtime.job import Job, run


def main(job: Job) -> None:
    settings = job.settings
    dropped: list[Drop] = []
    path, report = job.path(f"{job.id}.parquet"), job.path(f"{job.id}.dropped.tsv")
    if job.spec["modules"]:
        found = job.module.rows(job, dropped)
    else:
        found = rows(settings["source"], settings["language"], settings["hours"], job.seed, dropped)
    manifest.write(path, found, settings["languages"])
    write_dropped(report, dropped)
    job.finish(path, report)


if __name__ == "__main__":
    run(main)
