"""What is left of a fine-tuned model when its vector is pruned ever more: retained/<vector>.json, on the test sets."""

import json

from tauspeech.runtime.files import write_text
from tauspeech.runtime.job import Task, run


def main(task: Task) -> None:
    import torch

    from tauspeech.models.tasks import lessons_by_set
    from tauspeech.models.decoding import Listener
    from tauspeech.models.whisper.family import load, put
    from tauspeech.runtime.pace import logged
    from tauspeech.search.planned_merge import recipe_of
    from tauspeech.scoring.metrics import headline
    from tauspeech.data import manifest
    from tauspeech.vectors.prunings import Prunings
    from tauspeech.vectors.execution import Work

    torch.set_num_threads(task.threads)
    ratios = task.settings["ratios"]
    prunings = Prunings(recipe_of(task, scale=1.0), ratios, ratios, Work(task.threads, logged))
    model, processor = load(task.input("base", "."))
    listener = Listener(model, processor, task.settings)
    ((set_id, path),) = task.inputs("sets").items()
    (asked,) = lessons_by_set(task.settings["lessons"])[set_id]
    rows = manifest.read(path, "test")
    truth = [row[asked.written] for row in rows]
    found = []
    for method in ("svd", "magnitude"):
        for ratio in ratios:
            # All singular values, or all entries, are the whole vector.
            rank, keep = (ratio, 0.0) if method == "svd" else (0.0, ratio)
            put(model, prunings.at(rank, keep))
            value = headline(asked.task, asked.written, truth, listener.listen(rows, asked)).value()
            found.append({"method": method, "ratio": ratio, "value": value})
            print(f"{method} {ratio:g}: {value:.2f}", flush=True)
    path = task.path(f"{task.id}.json")
    write_text(path, json.dumps({"points": found}, indent=1) + "\n")
    task.finish(path)


if __name__ == "__main__":
    run(main)
