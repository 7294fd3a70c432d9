"""Whether the base knows a word: rarity/<word>.json.

The base hears the word in carrier sentences, in several voices, and the same sentences with a common word as a
control: where that is missed too, it is the speech that cannot be understood.
"""

import json

from tauspeech.files import write_text
from tauspeech.job import Task, run


def main(task: Task) -> None:
    import torch

    from tauspeech.models.lesson import lesson
    from tauspeech.models.listener import Listener
    from tauspeech.models.whisper import load
    from tauspeech.scoring.rare_words import word_counts
    from tauspeech.speech import manifest
    from tauspeech.text.checks import contains, replaced_part

    torch.set_num_threads(task.threads)
    settings = task.settings
    listener = Listener(*load(task.input("base", ".")), settings)
    asked = lesson(**settings["lesson"])
    language = asked.written
    rows = manifest.read(task.input("speech"))
    # The user's own carriers come without a control.
    carriers, controls = ([row for row in rows if row["split"] == split] for split in ("carrier", "control"))
    heard = listener.listen(carriers, asked)
    forms = tuple(settings["word"][language])
    counts = word_counts(task.id, forms, language, [row[language] for row in carriers], heard)
    control_hits = None
    if controls:
        texts = listener.listen(controls, asked)
        common = [
            replaced_part(control[language], carrier[language], language)
            for control, carrier in zip(controls, carriers, strict=True)
        ]
        control_hits = sum(contains(text, (part,), language) for part, text in zip(common, texts, strict=True)) / len(
            controls
        )
    recall = counts.recall().value() / 100
    content = {
        "word_id": task.id,
        "carriers": len(carriers),
        "recall": recall,
        "control": control_hits,
        "known": recall > settings["threshold"],
        "heard": heard[:3],
    }
    path = task.path(f"{task.id}.json")
    write_text(path, json.dumps(content, ensure_ascii=False, indent=1) + "\n")
    print(f"{task.id}: recall {recall:.2f}, control {control_hits}")
    task.finish(path)


if __name__ == "__main__":
    run(main)
