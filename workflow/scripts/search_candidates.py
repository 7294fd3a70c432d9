"""A search over variants of a merge: search/<id>.json, with every candidate's score and the choice."""

import json

from tauspeech.runtime.files import write_text
from tauspeech.runtime.job import Job, run


def main(job: Job) -> None:
    from tauspeech.models.decoding import shared_features
    from tauspeech.models.encoder_states import shared_states
    from tauspeech.search.loop import search

    path = job.path(f"{job.name}.json")
    write_text(path, json.dumps(search(job, shared_features(), shared_states()), indent=1) + "\n")
    job.finish(path)


if __name__ == "__main__":
    run(main)
