"""Speech of one set: speech/<set>.parquet, and what was dropped in speech/<set>.dropped.tsv.

Of a set that the base checks, speech/<set>.check.json says how many utterances pass, and what the base writes.
"""

import json
from importlib import import_module

from tauspeech.data import manifest
from tauspeech.data.dropped_utterances import Drop, write_dropped
from tauspeech.runtime.files import write_text
from tauspeech.runtime.job import Job, run


def main(job: Job) -> None:
    check = import_module("tauspeech.models.round_trip").RoundTripFilter(job) if job.settings["check"] else None
    drops: list[Drop] = []
    path, report = job.path(f"{job.id}.parquet"), job.path(f"{job.id}.dropped.tsv")
    manifest.write(path, job.module.rows(job, drops, check), job.settings["languages"])
    write_dropped(report, drops)
    outputs = [path, report]
    if check:
        outputs.append(job.path(f"{job.id}.check.json"))
        write_text(outputs[-1], json.dumps(check.record, ensure_ascii=False, indent=1) + "\n")
    job.finish(*outputs)


if __name__ == "__main__":
    run(main)
