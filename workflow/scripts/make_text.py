"""Sentences of one set, checked: text/<set>.tsv, and what was turned away in text/<set>.rejected.tsv."""

from pathlib import Path

from tauspeech.errors import UserError
from tauspeech.job import Task, run
from tauspeech.paths import GRAMMARS
from tauspeech.text.checks import Checker, Limits, Sentence
from tauspeech.text.grammar import Grammar
from tauspeech.text.own import distribute
from tauspeech.text.reserved import reserved_forms
from tauspeech.text.table import read_own, write_table
from tauspeech.text.template import RareWord, carriers, generate


def collect(task: Task, checker: Checker) -> dict[str, list[Sentence]]:
    """Accepted sentences by split."""
    settings, word = task.settings, task.settings["word"]
    if settings["own"]:
        own = read_own(Path(settings["own"]["path"]), settings["languages"])
        accepted = distribute(own, settings["counts"], checker, task.seed, settings["own"]["path"])
        common = accepted["validation"] or accepted["test"]
        return accepted | {"carrier": common[: settings["carriers"]]}
    grammar = Grammar.load(GRAMMARS / f"{settings['grammar']['name']}.yaml")
    rare = RareWord(word["phrase"], grammar.slot_of(word["domain"])) if word else None
    accepted = generate(grammar, settings["counts"], checker, task.seed, task.id, rare)
    return accepted | (carriers(grammar, settings["carriers"], task.seed, task.id, rare) if rare else {})


def main(task: Task) -> None:
    settings, word = task.settings, task.settings["word"]
    languages = tuple(settings["languages"])
    forms = {language: tuple(word["forms"][language]) for language in languages} if word else None
    checker = Checker(languages, forms, reserved_forms(languages, forms), Limits(**settings["limits"]))
    accepted = collect(task, checker)
    rows = [
        [
            f"{task.id}-{split}-{number:05d}",
            split,
            task.id if word else "",
            *(sentence[language] for language in languages),
        ]
        for split, sentences in accepted.items()
        for number, sentence in enumerate(sentences)
    ]
    if not rows:
        raise UserError("no sentence passed the checks.")
    text, rejected = task.path(f"{task.id}.tsv"), task.path(f"{task.id}.rejected.tsv")
    write_table(text, ["id", "split", "word_id", *languages], rows)
    write_table(
        rejected, ["reason", "count"], [[reason, str(count)] for reason, count in sorted(checker.rejected.items())]
    )
    print(f"{task.id}: {len(rows)} sentences, {sum(checker.rejected.values())} turned away")
    task.finish(text, rejected)


if __name__ == "__main__":
    run(main)
