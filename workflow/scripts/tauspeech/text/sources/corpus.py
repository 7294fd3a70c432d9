"""Sentences of a domain from a corpus of recorded domains, in the order and with the numbers of their recordings."""

from tauspeech.data.domains.corpora import domains_of_corpus
from tauspeech.runtime.job import Job
from tauspeech.text.checks import Checker
from tauspeech.text.collected import Collected


def collect(job: Job, checker: Checker) -> Collected:
    """All of them: a sentence that was spoken needs no check."""
    source, (language,) = job.settings["source"], job.settings["languages"]
    domain = source["domain"]
    chosen = domains_of_corpus(source)[domain].chosen(job.settings["counts"], job.seed, domain)
    return Collected({split: [{language: each.text} for each in found] for split, found in chosen.items()})
