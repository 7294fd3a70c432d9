"""Stage corpus: recorded speech of a language or of a domain (corpora/<set>.parquet) and drops (<set>.dropped.tsv).

For a domain also the numbers of speakers, and of those that splits share (<set>.speakers.json).
"""

from tauspeech.corpora.covost import rows
from tauspeech.corpora.speakers import speakers_of
from tauspeech.data import manifest
from tauspeech.data.dropped_utterances import Drop, write_dropped
from tauspeech.runtime.files import canonical_json, write_text
from tauspeech.runtime.job import Job, run


def main(job: Job) -> None:
    settings = job.settings
    dropped: list[Drop] = []
    path, report = job.path(f"{job.id}.parquet"), job.path(f"{job.id}.dropped.tsv")
    outputs = [path, report]
    if job.spec["modules"]:
        found = job.module.rows(job, dropped)
    else:
        found = rows(settings["source"], settings["language"], settings["hours"], job.seed, dropped)
    manifest.write(path, found, settings["languages"])
    write_dropped(report, dropped)
    if job.spec["modules"]:
        outputs.append(job.path(f"{job.id}.speakers.json"))
        write_text(outputs[-1], canonical_json(speakers_of(manifest.texts(path))))
    job.finish(*outputs)


if __name__ == "__main__":
    run(main)
