"""A search over variants of a merge, or the mean of several: search/<id>.json, with every candidate's score and the choice."""

import json

from tauspeech.runtime.files import write_text
from tauspeech.runtime.job import Job, run


def main(job: Job) -> None:
    from tauspeech.models.decoding import shared_features
    from tauspeech.models.encoder_states import shared_states
    from tauspeech.search.loop import mean_of_searches, search

    path = job.path(f"{job.name}.json")
    is_mean = job.settings["kind"] == "mean"
    found = mean_of_searches(job) if is_mean else search(job, shared_features(), shared_states())
    write_text(path, json.dumps(found, indent=1) + "\n")
    job.finish(path)


if __name__ == "__main__":
    run(main)
