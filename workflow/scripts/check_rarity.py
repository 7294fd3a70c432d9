"""Rarity of a word for the base model: rarity/<word>.json.

The base decodes carrier sentences with the word, in several voices, and the same sentences with a common word as a
control: where the control is missed too, the speech is unintelligible rather than the word rare.
"""

import json
from typing import Any

from tauspeech.runtime.errors import UserError
from tauspeech.runtime.files import write_text
from tauspeech.runtime.job import Job, run
from tauspeech.speech.utterances import voice_id

Row = dict[str, Any]


def _paired(rows: list[Row]) -> tuple[list[Row], list[Row]]:
    """Carriers and their controls, without those of which an engine lacks one; own carriers have no controls."""
    carriers, controls = (
        {voice_id(row["utterance"]): row for row in rows if row["split"] == split} for split in ("carrier", "control")
    )
    both = [id for id in carriers if id in controls or not controls]
    if not both:
        raise UserError(
            "no carrier sentence was synthesised together with its control: the set's dropped.tsv says why."
        )
    return [carriers[id] for id in both], [controls[id] for id in both if controls]


def main(job: Job) -> None:
    from tauspeech.data import manifest
    from tauspeech.models.decoding import Decoder
    from tauspeech.models.family import open_model
    from tauspeech.models.tasks import SpeechTask
    from tauspeech.scoring.normalise import chinese_form
    from tauspeech.scoring.rare_words import word_counts
    from tauspeech.scoring.rules import ScoringRules
    from tauspeech.text.checks import contains, replaced_part

    settings, rules = job.settings, ScoringRules.of_job(job.settings)
    decoder = Decoder(open_model(job.input("base", "."), settings.get("base_window")), settings)
    task = SpeechTask(**settings["task"])
    language = task.text_language
    carriers, controls = _paired(manifest.read(job.input("speech")))
    hypotheses = decoder.decode(carriers, task)
    forms = tuple(settings["forms"][language])
    counts = word_counts(job.id, forms, language, [row[language] for row in carriers], hypotheses, rules)
    control_recall = None
    if controls:
        texts = [chinese_form(text, language, rules) for text in decoder.decode(controls, task)]
        common = [
            chinese_form(replaced_part(control[language], carrier[language], language), language, rules)
            for control, carrier in zip(controls, carriers, strict=True)
        ]
        hits = sum(contains(text, (part,), language) for part, text in zip(common, texts, strict=True))
        control_recall = hits / len(controls)
    recall = counts.recall().value() / 100
    content = {
        "word_id": job.id,
        "carriers": len(carriers),
        "recall": recall,
        "control": control_recall,
        "known": recall > settings["threshold"],
        "hypotheses": hypotheses[:3],
    }
    path = job.path(f"{job.id}.json")
    write_text(path, json.dumps(content, ensure_ascii=False, indent=1) + "\n")
    print(f"{job.id}: recall {recall:.2f}, control {control_recall}")
    job.finish(path)


if __name__ == "__main__":
    run(main)
