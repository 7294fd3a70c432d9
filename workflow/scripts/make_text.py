"""Stage text: sentences of one set (text/<set>.tsv) and counts of rejected ones (text/<set>.rejected.tsv).

For language models also the cost of the requests (text/<set>.cost.json).
"""

from importlib import import_module

from tauspeech.data.reserved_names import reserved_forms
from tauspeech.data.tables import write_table
from tauspeech.runtime.errors import UserError
from tauspeech.runtime.files import canonical_json, write_text
from tauspeech.runtime.job import Job, run
from tauspeech.text.checks import Checker, Limits


def main(job: Job) -> None:
    settings, word = job.settings, job.settings["word"]
    languages = tuple(settings["languages"])
    forms = {language: tuple(word["forms"][language]) for language in languages} if word else None
    checker = Checker(languages, forms, reserved_forms(languages, forms), Limits(**settings["limits"]))
    settings["source"] |= job.runtime_settings("text", settings["source"]["kind"])
    collected = import_module(f"tauspeech.text.sources.{settings['source']['kind']}").collect(job, checker)
    rows = [
        [
            f"{job.id}-{split}-{number:05d}",
            split,
            settings["word_id"],
            *(sentence[language] for language in languages),
        ]
        for split, sentences in collected.accepted.items()
        for number, sentence in enumerate(sentences)
    ]
    if not rows:
        raise UserError("no sentence passed the checks: see text.limits, or add sentences.")
    text, rejected = job.path(f"{job.id}.tsv"), job.path(f"{job.id}.rejected.tsv")
    outputs = [text, rejected]
    write_table(text, ["utterance", "split", "word_id", *languages], rows)
    write_table(
        rejected, ["reason", "count"], [[reason, str(count)] for reason, count in sorted(checker.rejected.items())]
    )
    if collected.cost:
        outputs.append(job.path(f"{job.id}.cost.json"))
        write_text(outputs[-1], canonical_json(collected.cost))
    print(f"{job.id}: {len(rows)} sentences, {sum(checker.rejected.values())} rejected")
    job.finish(*outputs)


if __name__ == "__main__":
    run(main)
