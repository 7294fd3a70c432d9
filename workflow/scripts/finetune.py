"""A fine-tune of the base on the speech of one set, or of several jointly: models/<run>/."""

import json
import os

from tauspeech.files import write_folder, write_text
from tauspeech.job import Task, run


def main(task: Task) -> None:
    import math

    import torch

    from tauspeech.models.judging import mean_score
    from tauspeech.models.lesson import lessons_by_set
    from tauspeech.models.listener import Listener
    from tauspeech.models.whisper import load, save_like
    from tauspeech.speech import manifest
    from tauspeech.training.examples import Examples
    from tauspeech.training.trainer import forget_checkpoints, train

    torch.set_num_threads(task.threads)
    settings, base = task.settings, task.input("base", ".")
    model, processor = load(base)
    sets = {id: manifest.read(path) for id, path in task.inputs("sets").items()}
    lessons = lessons_by_set(settings["lessons"])
    longest = model.config.max_target_positions

    def examples(split: str) -> Examples:
        rows = ((row, lessons[id]) for id, held in sets.items() for row in held if row["split"] == split)
        return Examples(rows, processor, longest)

    taught, validation = examples("train"), examples("validation")
    judge = None
    if settings["best_by"] == "score":
        listener = Listener(model, processor, settings["listening"])
        judged = {id: [row for row in held if row["split"] == "validation"] for id, held in sets.items()}

        def judge(_: object) -> float:
            return mean_score(listener, judged, lessons)

    most_steps = None
    if settings["joint_steps"]:
        one = settings["epochs"] * len(taught) / len(sets) / (settings["batch"] * settings["accumulate"])
        most_steps = math.ceil(settings["joint_steps"] * one)
    result = train(
        model,
        taught,
        validation,
        settings,
        checkpoints=task.checkpoints,
        seed=task.seed,
        judge=judge,
        most_steps=most_steps,
    )
    if os.environ.get("RANK", "0") != "0":
        return  # of several processes the first one writes
    write_folder(task.path(), lambda folder: save_like(base, model, folder))
    history = task.path("training.json")
    write_text(history, json.dumps(result, indent=1) + "\n")
    task.finish(*sorted(file for file in task.path().iterdir() if file.is_file()))
    forget_checkpoints(task.checkpoints)


if __name__ == "__main__":
    run(main)
