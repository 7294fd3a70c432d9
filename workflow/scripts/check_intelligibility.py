"""Check before any training that the base recognises the speech of each word and set: intelligibility.tsv.

Words and sets of neural voices have been checked by earlier jobs. Of sets of espeak-ng, whose utterances are not checked
one by one, a sample is transcribed here.
"""

import json
from collections.abc import Iterator
from importlib import import_module

from tauspeech.data import manifest
from tauspeech.data.tables import write_table
from tauspeech.runtime.job import Job, run
from tauspeech.scoring.intelligibility import CheckedSpeech, measures_of, require_intelligible


def main(job: Job) -> None:
    checked = [*by_earlier_jobs(job), *by_sample(job)]
    require_intelligible(checked)
    path = job.path("intelligibility.tsv")
    rows = [
        [speech.id, measure.name, f"{measure.share:.2f}", f"{measure.least:g}"]
        for speech in checked
        for measure in speech.measures
    ]
    write_table(path, ["speech", "measure", "share", "least"], rows)
    job.finish(path)


def by_earlier_jobs(job: Job) -> Iterator[CheckedSpeech]:
    """Speech of words, by their rarity checks, and of sets, by the records of their round-trip checks."""
    words = job.inputs("rarity")
    for id, file in words.items():
        record = json.loads(file.read_text(encoding="utf-8"))
        yield CheckedSpeech(id, measures_of(record, record["least"]))
    for id, file in job.inputs("speech").items():
        record = json.loads(file.with_suffix(".check.json").read_text(encoding="utf-8"))
        name = f"set {id}" if id in words else id  # a word's set has the name of the word
        yield CheckedSpeech(name, measures_of(record, least_of(job, id)))


def by_sample(job: Job) -> Iterator[CheckedSpeech]:
    """Speech of sets, by their first training utterances."""
    sets = job.inputs("sets")
    if not sets:
        return
    settings = job.settings["sample"]
    round_trip = import_module("tauspeech.models.round_trip")
    checker = round_trip.RoundTripChecker(job.input("base", "."), settings)
    for id, path in sets.items():
        sample = [row for row in manifest.first(path, "train", settings["utterances"]) if checker.fits_window(row)]
        record = round_trip.record_of(checker.check(sample, settings["languages"][id]))
        yield CheckedSpeech(id, measures_of(record, least_of(job, id)))


def least_of(job: Job, id: str) -> dict[str, float]:
    return {"round_trip": job.settings["least"][id]}


if __name__ == "__main__":
    run(main)
