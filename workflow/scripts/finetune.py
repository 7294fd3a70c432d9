"""A fine-tune of the base on one word's speech, or on several words' jointly: models/<run>/."""

import json
import os

from tauspeech.files import write_folder, write_text
from tauspeech.job import Task, run


def main(task: Task) -> None:
    import math

    import torch

    from tauspeech.models.judging import validation_score
    from tauspeech.models.lesson import lesson
    from tauspeech.models.listener import Listener
    from tauspeech.models.whisper import load, save_like
    from tauspeech.speech import manifest
    from tauspeech.training.examples import Examples
    from tauspeech.training.trainer import forget_checkpoints, train

    torch.set_num_threads(task.threads)
    settings, base = task.settings, task.input("base", ".")
    model, processor = load(base)
    taught = lesson(settings["task"], settings["source"], settings["target"])
    sets = [manifest.read(path) for path in task.inputs("sets").values()]
    rows = {split: [row for each in sets for row in each if row["split"] == split] for split in ("train", "validation")}
    longest = model.config.max_target_positions
    lessons = {split: Examples(rows[split], [taught], processor, longest) for split in rows}

    listening = settings["listening"] | {"source": settings["source"], "target": settings["target"]}
    listener = Listener(model, processor, listening)

    def judge(_: object) -> float:
        heard = listener.listen(rows["validation"], taught.task)
        return validation_score(taught.task, taught.written, [row[taught.written] for row in rows["validation"]], heard)

    most_steps = None
    if settings["joint_steps"]:
        one = settings["epochs"] * len(lessons["train"]) / len(sets) / (settings["batch"] * settings["accumulate"])
        most_steps = math.ceil(settings["joint_steps"] * one)
    result = train(
        model,
        lessons["train"],
        lessons["validation"],
        settings,
        checkpoints=task.checkpoints,
        seed=task.seed,
        judge=judge if settings["best_by"] == "score" else None,
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
