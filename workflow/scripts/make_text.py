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
    settings, counts, word = task.settings, task.settings["counts"], task.settings["word"]
    if settings["own"]:
        own = read_own(Path(settings["own"]["path"]), settings["languages"])
        if "carrier" in counts:
            return {
                "carrier": [sentence for _, sentence in own if checker.accept(sentence, "carrier")][: counts["carrier"]]
            }
        return distribute(own, counts, checker, task.seed, settings["own"]["path"])
    grammar = Grammar.load(GRAMMARS / f"{settings['grammar']['name']}.yaml", settings["languages"])
    rare = RareWord(word["phrase"], grammar.slot_of(word["domain"])) if word else None
    if rare and "carrier" in counts:
        return carriers(grammar, counts["carrier"], task.seed, task.id, rare)
    return generate(grammar, counts, checker, task.seed, task.id, rare)


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
            settings["word_id"],
            *(sentence[language] for language in languages),
        ]
        for split, sentences in accepted.items()
        for number, sentence in enumerate(sentences)
    ]
    if not rows:
        raise UserError("no sentence passed the checks.")
    text, rejected = task.path(f"{task.id}.tsv"), task.path(f"{task.id}.rejected.tsv")
    write_table(text, ["utterance", "split", "word_id", *languages], rows)
    write_table(
        rejected, ["reason", "count"], [[reason, str(count)] for reason, count in sorted(checker.rejected.items())]
    )
    print(f"{task.id}: {len(rows)} sentences, {sum(checker.rejected.values())} turned away")
    task.finish(text, rejected)


if __name__ == "__main__":
    run(main)
