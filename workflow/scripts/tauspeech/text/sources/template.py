"""Sentences from the embedded template grammar."""

from tauspeech.runtime.job import Job
from tauspeech.runtime.paths import GRAMMARS
from tauspeech.text.checks import Checker
from tauspeech.text.collected import Collected
from tauspeech.text.grammar import Grammar
from tauspeech.text.template import RareWord, carriers, generate


def collect(job: Job, checker: Checker) -> Collected:
    settings, counts, word = job.settings, job.settings["counts"], job.settings["word"]
    grammar = Grammar.load(GRAMMARS / f"{settings['source']['name']}.yaml", settings["languages"])
    rare = RareWord(word["phrase"], grammar.slot_of(word["domain"])) if word else None
    if rare and "carrier" in counts:
        return Collected(carriers(grammar, counts["carrier"], job.seed, job.id, rare))
    return Collected(generate(grammar, counts, checker, job.seed, job.id, rare))
