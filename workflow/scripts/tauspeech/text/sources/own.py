"""The user's own sentences, from a table."""

from pathlib import Path

from tauspeech.runtime.job import Job
from tauspeech.text.checks import Checker
from tauspeech.text.collected import Collected
from tauspeech.text.own import distribute, read_own


def collect(job: Job, checker: Checker) -> Collected:
    settings, counts, path = job.settings, job.settings["counts"], job.settings["source"]["path"]
    own = read_own(Path(path), settings["languages"])
    if "carrier" in counts:
        accepted = [sentence for _, sentence in own if checker.accept(sentence, "carrier")]
        return Collected({"carrier": accepted[: counts["carrier"]]})
    return Collected(distribute(own, counts, checker, job.seed, path))
