"""Whether the base knows a word: rarity/<word>.json.

The base hears the word in carrier sentences, in several voices, and the same sentences with a common word as a
control: where that is missed too, it is the speech that cannot be understood.
"""

import json
from typing import Any

from tauspeech.runtime.errors import UserError
from tauspeech.runtime.files import write_text
from tauspeech.runtime.job import Job, run
from tauspeech.speech.utterances import voice_id

Row = dict[str, Any]


def _paired(rows: list[Row]) -> tuple[list[Row], list[Row]]:
    """Carriers and their controls, of which an engine may have failed to say some; the user's own have no controls."""
    carriers, controls = (
        {voice_id(row["utterance"]): row for row in rows if row["split"] == split} for split in ("carrier", "control")
    )
    both = [id for id in carriers if id in controls or not controls]
    if not both:
        raise UserError("of no carrier sentence and its control both were said: the set's dropped.tsv says why.")
    return [carriers[id] for id in both], [controls[id] for id in both if controls]


def main(job: Job) -> None:
    import torch

    from tauspeech.data import manifest
    from tauspeech.models.decoding import Decoder
    from tauspeech.models.tasks import speech_task
    from tauspeech.models.whisper.family import load
    from tauspeech.scoring.rare_words import word_counts
    from tauspeech.text.checks import contains, replaced_part

    torch.set_num_threads(job.threads)
    settings = job.settings
    decoder = Decoder(*load(job.input("base", ".")), settings)
    asked = speech_task(**settings["lesson"])
    language = asked.written
    rows = manifest.read(job.input("speech"))
    carriers, controls = _paired(rows)
    heard = decoder.decode(carriers, asked)
    forms = tuple(settings["word"][language])
    counts = word_counts(job.id, forms, language, [row[language] for row in carriers], heard)
    control_hits = None
    if controls:
        texts = decoder.decode(controls, asked)
        common = [
            replaced_part(control[language], carrier[language], language)
            for control, carrier in zip(controls, carriers, strict=True)
        ]
        control_hits = sum(contains(text, (part,), language) for part, text in zip(common, texts, strict=True)) / len(
            controls
        )
    recall = counts.recall().value() / 100
    content = {
        "word_id": job.id,
        "carriers": len(carriers),
        "recall": recall,
        "control": control_hits,
        "known": recall > settings["threshold"],
        "heard": heard[:3],
    }
    path = job.path(f"{job.id}.json")
    write_text(path, json.dumps(content, ensure_ascii=False, indent=1) + "\n")
    print(f"{job.id}: recall {recall:.2f}, control {control_hits}")
    job.finish(path)


if __name__ == "__main__":
    run(main)
