"""Sentences from the embedded template grammar."""

from tauspeech.runtime.job import Job
from tauspeech.runtime.paths import GRAMMARS
from tauspeech.text.checks import Checker
from tauspeech.text.collected import Collected
from tauspeech.text.domain_grammars import grammars_of
from tauspeech.text.template import RareWord, carriers, generate


def collect(job: Job, checker: Checker) -> Collected:
    settings, counts, word = job.settings, job.settings["counts"], job.settings["word"]
    source = settings["source"]
    grammars = grammars_of(GRAMMARS / f"{source['name']}.yaml", settings["languages"], source.get("domain"))
    rare = RareWord(word["phrase"], grammars[0].slot_of(word["domain"])) if word else None
    if rare and "carrier" in counts:
        return Collected(carriers(grammars[0], counts["carrier"], job.seed, job.id, rare))
    return Collected(generate(grammars, counts, checker, job.seed, job.id, rare))
