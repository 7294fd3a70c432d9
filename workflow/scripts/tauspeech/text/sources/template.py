"""Sentences of the embedded template grammar."""

from tauspeech.runtime.job import Task
from tauspeech.runtime.paths import GRAMMARS
from tauspeech.text.checks import Checker
from tauspeech.text.collected import Collected
from tauspeech.text.grammar import Grammar
from tauspeech.text.template import RareWord, carriers, generate


def collect(task: Task, checker: Checker) -> Collected:
    settings, counts, word = task.settings, task.settings["counts"], task.settings["word"]
    grammar = Grammar.load(GRAMMARS / f"{settings['source']['name']}.yaml", settings["languages"])
    rare = RareWord(word["phrase"], grammar.slot_of(word["domain"])) if word else None
    if rare and "carrier" in counts:
        return Collected(carriers(grammar, counts["carrier"], task.seed, task.id, rare))
    return Collected(generate(grammar, counts, checker, task.seed, task.id, rare))
