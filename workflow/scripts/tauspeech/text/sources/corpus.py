"""Sentences of a domain from a table of recorded domains, in the order and numbers of their recordings."""

from pathlib import Path

from tauspeech.data.domain_tables import chosen_sentences, read_domain_table
from tauspeech.runtime.job import Job
from tauspeech.text.checks import Checker
from tauspeech.text.collected import Collected


def collect(job: Job, checker: Checker) -> Collected:
    """All of them: a sentence that was spoken needs no check."""
    source, (language,) = job.settings["source"], job.settings["languages"]
    sentences = read_domain_table(Path(source["table"]).expanduser())
    chosen = chosen_sentences(sentences, source["domain"], job.settings["counts"], job.seed)
    return Collected({split: [{language: each.text} for each in found] for split, found in chosen.items()})
